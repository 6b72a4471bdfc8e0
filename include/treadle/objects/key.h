/*
 * Keys: Treadle's own.
 *
 * Part of treadle/objects.h, which says what holds for all objects.
 */
#ifndef TREADLE_OBJECTS_KEY_H
#define TREADLE_OBJECTS_KEY_H

#include "treadle/objects/value.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Keys (Treadle's own) ------------------------------------------------------------------- */

struct treadle_key {
    const char *id;
    const char *object;
    int64_t created_at;
    const char *project;
    const char *name;
    bool admin;
    struct treadle_integer expires_at;
    struct treadle_integer revoked_at;
    struct treadle_integer last_used_at;
    const char *key; /* its text, in the reply to its creation alone */
    const char *others;
};

struct treadle_key_create_request {
    const char *project;
    const char *name;
    struct treadle_boolean admin;
    struct treadle_integer expires_at;
};

struct treadle_backup {
    const char *id;
    const char *object;
    int64_t created_at;
    const char *path; /* on the server's machine */
    const char *others;
};

/* Which objects to export: those of the projects (none: of all), or the threads alone. */
struct treadle_export_create_request {
    const char **projects;
    size_t project_count;
    const char **threads; /* of the first project */
    size_t thread_count;
    struct treadle_boolean contents; /* of files */
    struct treadle_boolean steps;    /* of runs */
};

struct treadle_kind_count {
    const char *kind; /* "assistants" */
    int64_t count;
};

struct treadle_export {
    const char *id;
    const char *object;
    int64_t created_at;
    const char *path; /* on the server's machine */
    struct treadle_kind_count *counts;
    size_t count_count;
};

enum treadle_import_conflict {
    TREADLE_IMPORT_SKIP = 1, /* the store's version is kept */
    TREADLE_IMPORT_REPLACE,
    TREADLE_IMPORT_FAIL /* nothing is changed at all */
};

struct treadle_import_create_request {
    const char *source; /* the name of a directory below STORE/backups */
    const char *project;
    enum treadle_import_conflict on_conflict;
    struct treadle_boolean dry_run;
};

struct treadle_import_kind {
    const char *kind;
    int64_t found;
    int64_t created;
    int64_t unchanged;
    int64_t skipped;
    int64_t replaced;
    int64_t failed;
};

struct treadle_import_note {
    const char *code;
    const char *message;
    int64_t count;
    const char **ids; /* the first five */
    size_t id_count;
};

struct treadle_import {
    const char *object;
    int64_t created_at;
    const char *project;
    bool dry_run;
    struct treadle_import_kind *kinds;
    size_t kind_count;
    struct treadle_import_note *notes;
    size_t note_count;
};

#ifdef __cplusplus
}
#endif

#endif
