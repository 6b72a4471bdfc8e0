/*
 * Rows for imports: what is there under an id, and the order of rows that come with one.
 */
#ifndef STORE_IMPORT_RECORD_H
#define STORE_IMPORT_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "store/db.h"
#include "store/export_record.h"

/* A row of any project. `body` has the content of search results. */
struct import_found {
    bool there;
    int64_t seq;
    const char *project;
    const char *thread; /* of messages, runs and steps */
    const char *body;
};

/* `store` is the vector store of a vector store file, else NULL. What is found is in the arena. */
int import_record_find(struct db_session *session, enum export_kind kind, const char *store,
                       const char *id, struct arena *arena, struct import_found *out,
                       struct treadle_error *error);

/* Where rows of a kind begin: the least sequence number of all, and when the first object of the
 * project was created. `any` is false where the project has none. */
int import_record_least(struct db_session *session, enum export_kind kind, const char *project,
                        bool *any, int64_t *seq, int64_t *created_at, struct treadle_error *error);

/* Gives a row that place in the order, where it is free; 1 when it has it now. Metadata of a thread
 * must be indexed again. */
int import_record_place(struct db_session *session, enum export_kind kind, const char *id,
                        int64_t seq, struct treadle_error *error);

/* Sets the sums of a thread to those over its ended runs. */
int import_record_sum(struct db_session *session, const char *thread, struct treadle_error *error);

#endif
