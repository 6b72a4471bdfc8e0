/*
 * Records: the few statements that every table needs, built from names of tables and columns. For
 * the store's own files: each kind of object has a record file (run_record.h), which names its
 * queries, and nothing above the store knows a table.
 *
 * Names are those of schema.c and come from the code alone; values are always bound. A key is a
 * column that must equal a text; a list of keys ends with the count given.
 */
#ifndef STORE_RECORD_H
#define STORE_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/field.h"
#include "base/arena.h"
#include "store/db.h"
#include "store/record_page.h"

struct record_key {
    const char *column;
    const char *text;
};

struct record_value {
    const char *column;
    enum {
        RECORD_TEXT,
        RECORD_INTEGER,
        RECORD_NULL,
        RECORD_PRINTED /* a text that printing made; NULL is TREADLE_EMEMORY */
    } kind;
    const char *text;
    int64_t integer;
};

int record_insert(struct db_session *session, const char *table, const struct record_value *values,
                  size_t value_count, struct treadle_error *error);

/* TREADLE_ENOTFOUND when no row has those keys. */
int record_update(struct db_session *session, const char *table, const struct record_key *keys,
                  size_t key_count, const struct record_value *values, size_t value_count,
                  struct treadle_error *error);

/* Deletes the rows; `count` (may be NULL) becomes their number. */
int record_delete(struct db_session *session, const char *table, const struct record_key *keys,
                  size_t key_count, int64_t *count, struct treadle_error *error);

/* One text column of the row with those keys, in the arena; NULL for null. TREADLE_ENOTFOUND. */
int record_text(struct db_session *session, const char *table, const char *column,
                const struct record_key *keys, size_t key_count, struct arena *arena,
                const char **out, struct treadle_error *error);

/* The object in column `body` of the row with those keys, parsed. TREADLE_ENOTFOUND. */
int record_load(struct db_session *session, const char *table, const struct treadle_type *type,
                const struct record_key *keys, size_t key_count, struct arena *arena, void *out,
                struct treadle_error *error);

/* 0 when a row has those keys, else TREADLE_ENOTFOUND. */
int record_find(struct db_session *session, const char *table, const struct record_key *keys,
                size_t key_count, struct treadle_error *error);

/* Writes an object into column `body` of the row with those keys. TREADLE_ENOTFOUND. */
int record_save(struct db_session *session, const char *table, const struct treadle_type *type,
                const struct record_key *keys, size_t key_count, const void *object,
                struct arena *arena, struct treadle_error *error);

/* The id of the row whose `expires_at` is least, and at most `at`; NULL when there is none. Tables
 * that are swept have that column, null in rows that do not expire. */
int record_next_due(struct db_session *session, const char *table, int64_t at, struct arena *arena,
                    const char **out, struct treadle_error *error);

struct record_query {
    const char *table;
    const char *index; /* an index of the keys, then seq: a page is read from it. NULL: the table
                          itself is walked, or its joins decide what is walked */
    const char *cursor_table; /* where an id's row is looked up, NULL: in the table */
    const char *id_column;    /* NULL: "id" */
    const char *seq_column;   /* NULL: "seq" */
    const char *id_within;    /* the key within which ids are unique; NULL: everywhere */
    const char *body_column;  /* NULL: "body" */
    const struct record_key *keys;
    size_t key_count;
};

/* A page of the rows with those keys (record_page.h). */
int record_list(struct db_session *session, const struct record_query *query,
                const struct record_page_request *request, struct arena *arena,
                struct record_page *out, struct treadle_error *error);

/* The next portion of a walk, by a statement that gives the sequence number and the id of the rows
 * after its one parameter, in that order. */
int record_walk_on(struct db_session *session, const char *sql, struct record_walk *walk,
                   struct arena *arena, struct treadle_error *error);

#endif
