/*
 * The index of one vector store, as a contract: its files, chunks, passages and their terms, and
 * which vectors were made of them.
 *
 * Above this header nothing knows how an index is stored. index_db.c, index_db_read.c and
 * index_db_write.c do it with SQLite and FTS5; another implementation is other files with these
 * functions. A connection serves one thread at a time, whose lock is its owner's (index.h). What
 * says that an index is damaged has the wire code SEARCH_DAMAGED. Whatever changes something but
 * index_db_erase, index_db_forget, index_db_empty_log and index_db_forget_vectors is called between
 * index_db_begin and index_db_end.
 */
#ifndef SEARCH_INDEX_DB_H
#define SEARCH_INDEX_DB_H

#include <stdbool.h>
#include <stdint.h>

#include "search/chunk.h"
#include "search/rank.h"

/* The wire code of errors that say that an index is damaged. */
#define SEARCH_DAMAGED "index_damaged"

struct index_db;

/* The ending of an index's file, and of all its files, the first last; ends with NULL. */
#define INDEX_DB_TAIL ".sqlite"
extern const char *const index_db_tails[];

/* A connection to the index at a path: the one that writes makes it where it is missing, and is
 * opened before those that read. */
int index_db_open(struct index_db **out, const char *path, bool writes,
                  struct treadle_error *error);
void index_db_close(struct index_db *db); /* accepts NULL */

/* Copies an index that may be in use. TREADLE_ENOTFOUND when there is none. */
int index_db_copy(const char *from, const char *to, struct treadle_error *error);

/* Whether it can be used; `deep` looks at every page. On a connection that writes. */
int index_db_check(struct index_db *db, bool deep, struct treadle_error *error);

/* ---- Writing -------------------------------------------------------------------------------- */

int index_db_begin(struct index_db *db, struct treadle_error *error);

/* Commits where `rc` is 0, else takes everything back. Returns `rc`, or how committing went. */
int index_db_end(struct index_db *db, int rc, struct treadle_error *error);

/* A file with all of its chunks; one that is not there is no error. */
int index_db_delete_file(struct index_db *db, const char *file_id, struct treadle_error *error);

/* Deletes a file. Traces of its text stay in the index's own lists and in its log, until
 * index_db_forget says that it is done, in several calls of some milliseconds each, and the log was
 * emptied after that, while nobody reads. */
int index_db_erase(struct index_db *db, const char *file_id, struct treadle_error *error);
int index_db_has_traces(struct index_db *db, bool *out, struct treadle_error *error);
int index_db_forget(struct index_db *db, bool *done, struct treadle_error *error);
int index_db_empty_log(struct index_db *db, struct treadle_error *error);

/* A new file, its chunks with their passages, and how many it has of both. */
int index_db_add_file(struct index_db *db, const char *file_id, const char *filename,
                      const char *language, int64_t *file, struct treadle_error *error);
int index_db_add_chunk(struct index_db *db, int64_t file, const struct search_chunk *chunk,
                       const char *filename_terms, struct treadle_error *error);
int index_db_count_parts(struct index_db *db, int64_t file, int64_t chunks, int64_t passages,
                         struct treadle_error *error);

/* ---- Files and chunks ----------------------------------------------------------------------- */

/* The ids of all files, in the arena. */
int index_db_list_files(struct index_db *db, struct arena *arena, const char ***out, size_t *count,
                        struct treadle_error *error);

/* The file of that id. TREADLE_ENOTFOUND. */
int index_db_find_file(struct index_db *db, const char *file_id, int64_t *file,
                       struct treadle_error *error);

/* The chunks of a file in order, at most so many (-1: all); `overlap` is as of struct
 * search_chunk, or beyond the text where the index is odd. */
typedef int (*index_db_text_visitor)(void *context, const char *text, size_t length,
                                     int64_t overlap, struct treadle_error *error);
int index_db_each_text(struct index_db *db, int64_t file, int64_t most, index_db_text_visitor visit,
                       void *context, struct treadle_error *error);

/* A chunk, with the place of one of its passages, in the arena. */
struct index_db_chunk {
    const char *file_id, *filename, *text;
    const char *heading; /* of the passage, else of the chunk; may be NULL */
    int64_t number;
    size_t length, start, end;       /* of the text; the passage in it, or all of it */
    const struct search_page *pages; /* at least one */
    size_t page_count;
};

/* False in `found` when the chunk is not there any more. */
int index_db_read_chunk(struct index_db *db, int64_t chunk, int64_t passage, struct arena *arena,
                        struct index_db_chunk *out, bool *found, struct treadle_error *error);

/* ---- Searching ------------------------------------------------------------------------------ */

/* The languages of the files, the commonest first, and how many passages each has. */
typedef int (*index_db_language_visitor)(void *context, const char *language, int64_t passages,
                                         struct treadle_error *error);
int index_db_each_language(struct index_db *db, index_db_language_visitor visit, void *context,
                           struct treadle_error *error);

/* Adds to each term how many passages have it. */
int index_db_count_terms(struct index_db *db, struct rank_term *terms, size_t count,
                         struct treadle_error *error);

/* A passage that has one of the terms. */
struct index_db_passage {
    int64_t passage, chunk, file, number;
    double bm25, weight;
    const char *body, *above, *filename; /* terms between spaces */
};

/* The best of them by BM25, best first. `files` is a JSON array of ids, or NULL for all. */
typedef void (*index_db_passage_visitor)(void *context, const struct index_db_passage *passage);
int index_db_find_passages(struct index_db *db, const struct rank_term *const *terms, size_t count,
                           const char *files, int most, index_db_passage_visitor visit,
                           void *context, struct treadle_error *error);

/* What a candidate that is known by its file and number lacks: its chunk, and the passage nearest
 * to its focus. One that was deleted keeps no chunk. */
int index_db_locate(struct index_db *db, struct rank_candidate *candidate,
                    struct treadle_error *error);

/* The rows of `files`, a JSON array of ids, in order, in the arena. */
int index_db_find_files(struct index_db *db, const char *files, struct arena *arena, int64_t **out,
                        size_t *count, struct treadle_error *error);

/* The bytes from the start of a file's chunk `first` to that of a later one. */
int index_db_measure(struct index_db *db, int64_t file, int64_t first, int64_t later, size_t *out,
                     struct treadle_error *error);

/* ---- Vectors -------------------------------------------------------------------------------- */

/* The vectors of a file: at which place of the file of vectors, and how many bytes with what stands
 * before them. */
struct index_db_vectors {
    int64_t file, dimensions, windows, place, bytes;
    const char *version;
};

/* A file without vectors of a version, in the arena. TREADLE_ENOTFOUND when there is none. */
struct index_db_file {
    int64_t file, chunks;
    const char *file_id, *language;
};
int index_db_next_file(struct index_db *db, const char *version, struct arena *arena,
                       struct index_db_file *out, struct treadle_error *error);

/* In the order of their places; of all versions where it is NULL, of all files where that is 0. */
typedef int (*index_db_vectors_visitor)(void *context, const struct index_db_vectors *vectors,
                                        struct treadle_error *error);
int index_db_each_vectors(struct index_db *db, const char *version, int64_t file,
                          index_db_vectors_visitor visit, void *context,
                          struct treadle_error *error);

/* Where the last ones end. */
int index_db_vectors_end(struct index_db *db, int64_t *end, struct treadle_error *error);

int index_db_put_vectors(struct index_db *db, const struct index_db_vectors *vectors,
                         struct treadle_error *error);

/* As if none were made. */
int index_db_forget_vectors(struct index_db *db, struct treadle_error *error);

#endif
