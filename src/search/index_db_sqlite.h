/*
 * What the files of the index in SQLite share.
 */
#ifndef SEARCH_INDEX_DB_SQLITE_H
#define SEARCH_INDEX_DB_SQLITE_H

#include <sqlite3.h>

#include "search/index_db.h"

struct index_db {
    sqlite3 *connection;
    /* Prepared at their first use, and kept: they run once for each chunk or passage. */
    sqlite3_stmt *chunk, *passage, *term, *locate;
};

/* The error for the connection's last failure; `doing` begins a sentence, as "Reading". */
int index_db_error(struct index_db *db, const char *doing, struct treadle_error *error);

/* Prepares a statement; the second where it is not prepared yet. */
int index_db_prepare(struct index_db *db, sqlite3_stmt **out, const char *sql,
                     struct treadle_error *error);
int index_db_keep(struct index_db *db, sqlite3_stmt **statement, const char *sql,
                  struct treadle_error *error);

/* The first column of a statement's first row. */
int index_db_number(struct index_db *db, const char *sql, int64_t *out,
                    struct treadle_error *error);

/* Runs statements without rows. */
int index_db_execute(struct index_db *db, const char *sql, struct treadle_error *error);

#endif
