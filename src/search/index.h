/*
 * Index: the SQLite file of one vector store, opened when it is first asked for.
 *
 * A store that is at work has two connections, one that reads and one that writes, each behind its
 * own mutex: taking in a large file holds up no question. Few stores stay open at a time; the one
 * that was longest idle is closed first.
 */
#ifndef SEARCH_INDEX_H
#define SEARCH_INDEX_H

#include <pthread.h>
#include <sqlite3.h>

#include "search/search.h"

enum { SEARCH_ID_BYTES = 128 };

struct search_index {
    pthread_mutex_t reading, writing; /* one for each connection */
    sqlite3 *reader, *writer;
    char store_id[SEARCH_ID_BYTES + 1];
    size_t users;
    uint64_t used_at;
    bool removed; /* its file is gone: the last user closes it */
    struct search_index *next;
};

/* The index of a store. NULL in `out` when there is none and none is to be made. Every index that
 * was handed out must be released. */
int search_index_acquire(struct search *search, const char *store_id, bool make,
                         struct search_index **out, struct treadle_error *error);
void search_index_release(struct search *search, struct search_index *index);

/* Lets go of a store's index and unlinks its file. */
int search_index_remove(struct search *search, const char *store_id, struct treadle_error *error);

/* Where the indexes are. */
const char *search_index_directory(const struct search *search);

/* The error for a connection's last failure. */
int search_index_error(sqlite3 *db, const char *what, struct treadle_error *error);

/* Prepares, runs a statement without rows. */
int search_index_prepare(sqlite3 *db, sqlite3_stmt **out, const char *sql,
                         struct treadle_error *error);
int search_index_execute(sqlite3 *db, const char *sql, struct treadle_error *error);

#endif
