/*
 * Objects in the log of a run: runs, steps and messages are not written out there, since their rows
 * have most of it. The log keeps the id, and those members that changed later or may change; an
 * event is made from both. An object in its last state is its row.
 *
 * So the log of an ended run is small without being rewritten, an event shows today's metadata, and
 * deleted objects are left out. May be used by run_log.c alone.
 */
#ifndef RUN_LOG_OBJECT_H
#define RUN_LOG_OBJECT_H

#include "base/buffer.h"
#include "base/ident.h"
#include "store/db.h"
#include "treadle/objects.h"

/* Appends "ID MEMBERS" for the object of an event of that type. False, and nothing appended, where
 * the object must be written out. */
bool run_log_shorten(enum treadle_event_type type, const char *object, struct buffer *out);

/* The rows that were read last, one of each kind. */
enum { RUN_LOG_KINDS = 3 };
struct run_log_rows {
    struct db_session *session;
    bool content; /* steps come with the content of their results */
    struct {
        char id[IDENT_SIZE];
        char *body; /* NULL: the row is gone */
    } rows[RUN_LOG_KINDS];
};

void run_log_rows_clear(struct run_log_rows *rows);

/* Appends the object from "ID" and "MEMBERS". `found` becomes false where its row is gone. */
int run_log_restore(struct run_log_rows *rows, enum treadle_event_type type, const char *id,
                    const char *members, struct buffer *out, bool *found,
                    struct treadle_error *error);

/* Whether the message with that id is still there, for an event that brings a part of it. Steps are
 * deleted with their run alone. */
int run_log_has(struct run_log_rows *rows, enum treadle_event_type type, const char *id,
                bool *found, struct treadle_error *error);

#endif
