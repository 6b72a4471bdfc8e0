/*
 * Search: chunks of documents, one index for each vector store, ranked by BM25.
 *
 * Every vector store has an SQLite file of its own in the search directory, so the cost of a query
 * depends on its store alone, stores ingest in parallel, and deleting is unlinking. A file's chunks
 * are replaced in one transaction: either all of it is searchable or nothing. Safe from any thread.
 */
#ifndef SEARCH_SEARCH_H
#define SEARCH_SEARCH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "document/document.h"
#include "store/db.h"
#include "treadle/error.h"

struct search;

/* Opens the indexes below `directory`, which is made when it is missing. */
int search_open(struct search **out, const char *directory, struct treadle_error *error);
void search_close(struct search *search);

/* From now on the database decides which stores and files exist. So a deletion wins over indexing
 * that is in progress: its row is deleted first, indexing looks for the row before it commits, and
 * both happen under the index's lock. To be called before anything else. */
void search_attach(struct search *search, struct db *db);

/* 1 when the store exists and has not expired, and the file (NULL: none) is in it and being read or
 * searchable; 0 otherwise. */
int search_wanted(struct search *search, const char *store_id, const char *file_id,
                  struct treadle_error *error);

/* The first moves a store's index to the directory "aside", even where the store exists; the second
 * deletes what was moved there before that time. */
int search_set_aside(struct search *search, const char *store_id, struct treadle_error *error);
int search_forget_aside(struct search *search, int64_t before, size_t *count,
                        struct treadle_error *error);

/* A store whose index was found missing or damaged by a search; false when there is none. */
bool search_next_suspect(struct search *search, struct arena *arena, const char **out);

/* Whether a store's index can be used: TREADLE_ENOTFOUND when there is none; TREADLE_EPARSE, with
 * the fault in the message, when it is damaged. `deep` reads all of it. */
int search_check(struct search *search, const char *store_id, bool deep,
                 struct treadle_error *error);

struct search_file {
    const char *store_id;
    const char *file_id;
    const char *filename;
    size_t chunk_tokens;     /* 0: 800 */
    size_t overlap_tokens;   /* with chunk_tokens 0: 400 */
    const atomic_bool *stop; /* when true, indexing stops with TREADLE_ESTATE; may be NULL */
};

struct search_embedder;

/* Starts to make vectors of everything that is indexed, from now on and before, and to compare
 * questions with them. Once; until then the search goes by words alone. */
int search_use(struct search *search, const struct search_embedder *embedder,
               struct treadle_error *error);

/* How far the vectors are. */
struct search_progress {
    const char *version;          /* of the embedder; NULL: there is none */
    size_t stores;                /* that have files without vectors */
    size_t windows_done, windows; /* of the file in work */
    char problem[sizeof((struct treadle_error *)NULL)->message]; /* why it pauses; empty where it
                                                                    does not */
};
void search_progress(struct search *search, struct search_progress *out);

/* Cuts the document into chunks, which replace those that the file had in the store's index.
 * `usage` becomes the bytes that its chunks take. TREADLE_ELIMIT above 5,000,000 tokens,
 * TREADLE_ENOTFOUND when the file is no longer in the store. */
int search_add(struct search *search, const struct search_file *file,
               const struct document *document, int64_t *usage, struct treadle_error *error);

/* Removing what is not there is no error; a file that is still in the store stays. No search finds
 * removed text after 0 or 1. After 0 it is gone from the disk as well; 1 means that this takes
 * longer than a second: call again to continue. */
int search_remove_file(struct search *search, const char *store_id, const char *file_id,
                       struct treadle_error *error);
int search_remove_store(struct search *search, const char *store_id, struct treadle_error *error);

/* Closes the indexes that were not used for that many seconds: each has descriptors and memory of
 * its own. They are opened again when they are used. Returns how many it closed. */
size_t search_close_idle(struct search *search, unsigned seconds);

/* Calls `visit` with every store that has an index, until it returns a code other than 0, which is
 * then the result. It may remove the one that it is called with. */
typedef int (*search_visit)(void *context, const char *store_id);
int search_each_store(struct search *search, search_visit visit, void *context,
                      struct treadle_error *error);

/* The ids of all files in a store's index, in `arena`; a count of 0 where there is no index. */
int search_list_files(struct search *search, const char *store_id, struct arena *arena,
                      const char ***out, size_t *count, struct treadle_error *error);

/* Copies every index to `directory`, which must be there and empty, each as it is at one moment,
 * while they are used. */
int search_snapshot(struct search *search, const char *directory, struct treadle_error *error);

struct search_query {
    const char *const *store_ids;
    size_t store_count;
    const char *text;       /* as the user or the model wrote it; any length */
    const char *files;      /* a JSON array of the ids of files to search; NULL: all */
    size_t max_results;     /* 0: 20 */
    double score_threshold; /* results below it are left out */
};

/* Where a page starts within a chunk's text. */
struct search_page {
    size_t offset;
    int page;          /* 0: the file has no pages */
    const char *label; /* what the page calls itself, as "iv"; NULL: its number */
};

/* How near a part of a result's text is to the question in meaning. */
struct search_near {
    size_t start, length;
    float nearness; /* a cosine */
};

struct search_result {
    const char *store_id;
    const char *file_id;
    const char *filename;
    double score;  /* in 0..1, higher is better: how much of the query its passage answers */
    int64_t chunk; /* the number of the chunk within its file, from 0 */
    const char *text;
    size_t start, end;               /* the passage of the text that fits best */
    const char *heading;             /* the headings above it, " > " between them; may be NULL */
    const struct search_page *pages; /* at least one, in order of offset, the first at 0 */
    size_t page_count;
    const struct search_near *near; /* windows over the text, in order; none where unknown */
    size_t near_count;
};

/* The best chunks, best first, in `arena`. No match is no error: a count of 0. A store that has
 * no index yet is empty. */
int search_run(struct search *search, const struct search_query *query, struct arena *arena,
               struct search_result **out, size_t *count, struct treadle_error *error);

/* The same for several queries in place of the query's text: a chunk counts with its best score. */
int search_run_all(struct search *search, const struct search_query *query,
                   const char *const *texts, size_t text_count, struct arena *arena,
                   struct search_result **out, size_t *count, struct treadle_error *error);

/* The stretch of a result's text, some sentences of about 110 tokens, that answers the queries
 * best.
 */
int search_excerpt(const struct search_result *result, const char *const *queries,
                   size_t query_count, struct arena *arena, size_t *start, size_t *end,
                   struct treadle_error *error);

/* The words of a query that are not stopwords, in `arena`; the query itself where all are. NULL
 * when memory runs out. */
const char *search_rewrite(const char *text, struct arena *arena);

/* The text of a file as it was indexed, chunks without their overlap, in `arena`.
 * TREADLE_ENOTFOUND when the file is not in that store's index. */
int search_text(struct search *search, const char *store_id, const char *file_id,
                struct arena *arena, const char **out, struct treadle_error *error);

/* The page of a chunk that supports a statement best: the one that has it word for word, else the
 * one that shares most words with it. 0 when the chunk has no pages. */
int search_cited_page(const char *text, const struct search_page *pages, size_t page_count,
                      const char *statement, size_t length);

/* The label of a page of the result, NULL for one that has none. */
const char *search_page_label(const struct search_result *result, int page);

/* The part of a chunk that supports a statement best: where it is word for word, else the line that
 * shares most words with it. False where none does. */
bool search_cited_stretch(const char *text, const char *statement, size_t length, size_t *start,
                          size_t *end);

/* How much of a statement a chunk says, by its words and numbers, up to 1; 0 where it does not say
 * it or has other numbers. */
double search_support(const char *text, const char *statement, size_t length);

#endif
