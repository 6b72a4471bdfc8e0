/*
 * Index: what is stored of one vector store (index_db.h), opened at its first use. An open store
 * has two connections, one that reads and one that writes, each with its own mutex: indexing a
 * large file does not delay questions. Few stores stay open at a time; the one that was idle
 * longest is closed first.
 */
#ifndef SEARCH_INDEX_H
#define SEARCH_INDEX_H

#include <pthread.h>

#include "search/index_db.h"
#include "search/search.h"

enum { SEARCH_ID_BYTES = 128 };

/* The file of vectors, mapped into memory. */
struct vectors_map {
    void *bytes; /* NULL: not mapped */
    size_t length;
};

struct search_index {
    pthread_mutex_t reading, writing; /* one for each connection */
    struct index_db *reader, *writer;
    struct vectors_map map; /* as `reader` */
    char store_id[SEARCH_ID_BYTES + 1];
    size_t users;
    int64_t used_at; /* when it was last taken or released, of the monotonic clock */
    bool removed;    /* its file is gone: the last user closes it */
    struct search_index *next;
};

/* The directory of indexes that were set aside, in that of all. */
#define SEARCH_ASIDE "aside"

enum { SEARCH_SUSPECTS = 32 };

struct search {
    struct db *db;        /* NULL: none, and every store exists */
    pthread_mutex_t lock; /* what follows */
    struct search_index *indexes;
    size_t open;
    char suspects[SEARCH_SUSPECTS][SEARCH_ID_BYTES + 1];
    size_t suspect_count;
    char *directory;
    _Atomic(struct vectorise *) vectorise; /* NULL: no vectors are made yet */
};

/* Notes a store as suspect: the first where the error says that its index is damaged, the second in
 * any case. */
void search_note(struct search *search, const char *store_id, int rc,
                 const struct treadle_error *error);
void search_suspect(struct search *search, const char *store_id);

/* The index of a store. TREADLE_ENOTFOUND where it would be created for a store that does not
 * exist. NULL in `out` when there is none and it is not to be created. Every index that was
 * returned must be released. */
int search_index_acquire(struct search *search, const char *store_id, bool make,
                         struct search_index **out, struct treadle_error *error);
void search_index_release(struct search *search, struct search_index *index);

/* Whether its store was deleted since the index was returned. */
bool search_index_is_removed(struct search *search, const struct search_index *index);

/* Closes the indexes of all stores. */
void search_index_close_all(struct search *search);

/* Closes a store's index and unlinks its file, unless the store exists. */
int search_index_remove(struct search *search, const char *store_id, struct treadle_error *error);

/* The paths of the file of a store's index and of its vectors, to be freed. */
int search_index_path(const struct search *search, const char *store_id, char **out,
                      struct treadle_error *error);
int search_index_vectors_path(const struct search *search, const char *store_id, char **out,
                              struct treadle_error *error);

/* What makes the vectors of all stores; NULL: none are made. */
struct vectorise *search_index_vectorise(const struct search *search);

/* Where the indexes are. */
const char *search_index_directory(const struct search *search);

#endif
