/*
 * Meaning: the chunks whose windows are nearest to a question, by their vectors.
 */
#ifndef SEARCH_MEANING_H
#define SEARCH_MEANING_H

#include "search/embedder.h"
#include "search/index.h"

enum { MEANING_HITS = 100 };

struct meaning_hit {
    size_t store; /* its number among those asked */
    int64_t file, number;
    float score;            /* the cosine of the nearest window */
    uint32_t start, length; /* of that window in the chunk's text; 0 where it begins in another */
};

struct meaning_hits {
    struct meaning_hit hits[MEANING_HITS]; /* best first */
    size_t count;
};

/* A question as its embedder has read it. */
struct meaning {
    const struct search_embedder *embedder;
    int8_t *vector;
    float scale;
};

/* `meaning_clear` must follow, whatever comes back. */
int meaning_read(struct meaning *out, const struct search_embedder *embedder, const char *question,
                 struct treadle_error *error);
void meaning_clear(struct meaning *meaning);

/* The rows of the files that are asked in one store, in order. */
struct meaning_files {
    bool all; /* whatever the rows are */
    int64_t *rows;
    size_t count;
};

/* Compares the question with every window of those files; an index may be NULL. `files` has an
 * entry for each index. */
int meaning_find(struct search *search, const struct meaning *meaning,
                 struct search_index *const *indexes, const struct meaning_files *files,
                 size_t store_count, struct meaning_hits *out, struct treadle_error *error);

/* A window of a chunk: it begins at `start` in the text of the file's chunk `first`. */
struct meaning_window {
    int64_t first;
    size_t start, length;
    float score;
};

/* The windows of one chunk, in order, at most `room`. Called with the lock for reading. */
int meaning_look(struct search *search, const struct meaning *meaning, struct search_index *index,
                 int64_t file, int64_t number, struct meaning_window *out, size_t room,
                 size_t *count, struct treadle_error *error);

#endif
