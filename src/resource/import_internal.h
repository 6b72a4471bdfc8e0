/*
 * Imports: what the files of the import share.
 */
#ifndef RESOURCE_IMPORT_INTERNAL_H
#define RESOURCE_IMPORT_INTERNAL_H

#include <limits.h>
#include <stdio.h>

#include "resource/call.h"
#include "store/import_record.h"

enum { IMPORT_LONGEST_ID = 128, IMPORT_MOST_NOTES = 24, IMPORT_NAMED = 5 };

union import_object {
    struct treadle_file file;
    struct treadle_vector_store store;
    struct treadle_vector_store_file store_file;
    struct treadle_assistant assistant;
    struct treadle_thread thread;
    struct treadle_message message;
    struct treadle_run run;
    struct treadle_run_step step;
};

struct import {
    const struct resource_services *services;
    const char *project, *directory; /* the second: of what is imported */
    enum treadle_import_conflict on_conflict;
    bool dry;
    FILE *in;
    struct buffer line;
    bool held; /* the line is to be read again */
    int64_t now;

    struct db_session *session;
    struct arena *arena;  /* of the object in work */
    struct arena *report; /* of the notes */
    struct treadle_import_kind kinds[EXPORT_KINDS];
    struct treadle_import_note notes[IMPORT_MOST_NOTES];
    size_t note_count;
    int64_t conflicts;

    /* Of each kind: where the next new row goes, where that is known. */
    bool placed[EXPORT_KINDS];
    int64_t place[EXPORT_KINDS];

    /* Of the thread whose objects are read now: */
    char thread[IMPORT_LONGEST_ID + 1];
    bool skip_thread, thread_new, thread_changed;
    struct blob_sum sum; /* of the content of the file in work; the checksum is empty without one */
};

extern const char *const export_names[EXPORT_KINDS];

/* What there is to know and to do of each kind. */
struct import_kind {
    const struct treadle_type *type;
    /* Repairs what must not be stored as it is. */
    int (*prepare)(struct import *import, union import_object *object, struct treadle_error *error);
    int (*insert)(struct import *import, union import_object *object, struct treadle_error *error);
    /* NULL: objects of the kind are never replaced. */
    int (*replace)(struct import *import, union import_object *object, struct treadle_error *error);
    /* Clears what Treadle sets by itself, for a comparison. NULL: there is nothing. */
    void (*mask)(union import_object *object);
};

extern const struct import_kind import_kinds[EXPORT_KINDS];

/* Reports something about an object, under a word. */
int import_note(struct import *import, const char *code, const char *message, const char *id,
                struct treadle_error *error);

/* Imports the object in `text`; what is wrong with it alone becomes a note. */
int import_object(struct import *import, enum export_kind kind, const char *text, size_t length,
                  struct treadle_error *error);

#endif
