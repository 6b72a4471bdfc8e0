/*
 * Vectors: those of a store's windows, in a file beside its index.
 *
 * The index says whose vectors stand where (its table `vectors`, which is the truth); the file has
 * the vectors themselves, one file's after the other, so that a question can be compared with all
 * of them as they lie in memory. What is written is on disk before the index names it, and is never
 * changed afterwards; what the index does not name any more is given back to the file system. All
 * of it can be made again from the chunks: a file of vectors that is missing or too short is as if
 * nothing had been computed yet.
 *
 * May be used by the files of search alone. Whoever calls holds the index's lock that is named.
 */
#ifndef SEARCH_VECTORS_H
#define SEARCH_VECTORS_H

#include "search/index.h"

/* Where a window stands: it belongs to the chunks `first` to `last` of its file, and begins at
 * `start` in the text of the first. */
struct vectors_place {
    uint32_t first, last, start, length;
    float scale;
};

struct vectors_of_file {
    int64_t file; /* its row in the index */
    const char *version;
    size_t dimensions, count;
    const struct vectors_place *places;
    const int8_t *vectors;
};

/* Sees to the table; when an index is opened. */
int vectors_prepare(sqlite3 *writer, struct treadle_error *error);

/* Appends a file's vectors and names them in the index. The lock for writing. */
int vectors_add(struct search *search, struct search_index *index,
                const struct vectors_of_file *vectors, struct treadle_error *error);

/* Forgets what the index names and the file does not have. The lock for writing. */
int vectors_check(struct search *search, struct search_index *index, struct treadle_error *error);

/* Gives back the room of what the index does not name any more. The lock for writing. */
void vectors_trim(struct search *search, struct search_index *index);

/* Calls `visit` with the vectors of each file that have the version. The lock for reading. */
typedef int (*vectors_visit)(void *context, const struct vectors_of_file *vectors,
                             struct treadle_error *error);
int vectors_each(struct search *search, struct search_index *index, const char *version,
                 vectors_visit visit, void *context, struct treadle_error *error);

/* Deletes the file. */
void vectors_remove(struct search *search, const struct search_index *index);

/* Lets go of what was mapped. */
void vectors_close(struct vectors_map *map);

#endif
