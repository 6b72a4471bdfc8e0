/*
 * Vectors: those of a store's windows, in a file beside its index. The index says which file's
 * vectors are at which place (struct index_db_vectors), and is right where the two differ; the file
 * has the vectors themselves, one file's after the other, so that a question can be compared with
 * all of them in memory.
 *
 * Vectors are on disk before the index names them, and are never changed afterwards; space that the
 * index does not name any more is freed. All of it can be made again from the chunks: a file of
 * vectors that is missing or too short counts as not computed yet.
 *
 * May be used by the files of search alone. Callers hold the index's lock that is named.
 */
#ifndef SEARCH_VECTORS_H
#define SEARCH_VECTORS_H

#include "search/index.h"

/* The ending of the file. */
#define VECTORS_TAIL ".vectors"

/* The place of a window: it belongs to the chunks `first` to `last` of its file, and begins at
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

/* Appends a file's vectors and names them in the index. The lock for writing. */
int vectors_add(struct search *search, struct search_index *index,
                const struct vectors_of_file *vectors, struct treadle_error *error);

/* Removes from the index what it names and the file does not have. The lock for writing. */
int vectors_check(struct search *search, struct search_index *index, struct treadle_error *error);

/* Frees the space that the index does not name any more. The lock for writing. */
void vectors_trim(struct search *search, struct search_index *index);

/* Calls `visit` with the vectors of each file, or of one (0: all), that have the version. The lock
 * for reading. */
typedef int (*vectors_visit)(void *context, const struct vectors_of_file *vectors,
                             struct treadle_error *error);
int vectors_each(struct search *search, struct search_index *index, const char *version,
                 int64_t file, vectors_visit visit, void *context, struct treadle_error *error);

/* Deletes the file. */
void vectors_remove(struct search *search, const struct search_index *index);

/* Unmaps the file. */
void vectors_close(struct vectors_map *map);

#endif
