/*
 * What a database backend provides: one table of functions, and the heads of its three kinds of
 * object. A backend's own structs start with `struct db`, `struct db_session` and `struct
 * db_statement`; db.c reaches the backend through the table that these point to. Each slot MUST be
 * filled and keeps the promises of the function of its name in db.h. May be used by db.c and the
 * files of the backends alone.
 */
#ifndef STORE_DB_BACKEND_H
#define STORE_DB_BACKEND_H

#include "store/db.h"

struct db_backend {
    const char *name;
    void (*close)(struct db *db);
    int (*write)(struct db *db, db_work work, void *argument, struct treadle_error *error);
    void (*write_start)(struct db *db, struct db_task *task);
    int (*read)(struct db *db, db_work work, void *argument, struct treadle_error *error);
    int (*read_quick)(struct db *db, db_work work, void *argument, struct treadle_error *error);
    int (*copy)(struct db *db, const char *path, struct treadle_error *error);
    int (*compact)(struct db *db, int64_t *freed, struct treadle_error *error);
    int (*shrink)(struct db *db, bool *more, struct treadle_error *error);
    void (*counts)(struct db *db, int64_t *commits, int64_t *works);

    int (*prepare)(struct db_session *session, struct db_statement **out, const char *sql,
                   struct treadle_error *error);
    int64_t (*changes)(struct db_session *session);
    int (*check)(struct db_session *session, void (*report)(void *context, const char *problem),
                 void *context, struct treadle_error *error);

    int (*parameters)(struct db_statement *statement); /* how many it has */
    void (*bind_text)(struct db_statement *statement, int index, const char *text);
    void (*bind_blob)(struct db_statement *statement, int index, const void *bytes, size_t length);
    void (*bind_integer)(struct db_statement *statement, int index, int64_t value);
    void (*bind_null)(struct db_statement *statement, int index);
    int (*step)(struct db_statement *statement, struct treadle_error *error);

    const char *(*column_text)(struct db_statement *statement, int column, size_t *length);
    const void *(*column_blob)(struct db_statement *statement, int column, size_t *length);
    int64_t (*column_integer)(struct db_statement *statement, int column);
    bool (*column_is_null)(struct db_statement *statement, int column);
};

struct db {
    const struct db_backend *backend;
};

struct db_session {
    const struct db_backend *backend;
};

struct db_statement {
    const struct db_backend *backend;
};

/* Whether every slot of the table is filled; a backend refuses to open without. */
bool db_backend_is_whole(const struct db_backend *backend);

#endif
