/*
 * Queries: the best chunks of one or more stores.
 *
 * Each index finds its best passages for any of the query's terms by BM25; those are ranked
 * again with what BM25 does not see (rank.h). A chunk is as good as its best passage. The text is
 * read for the results alone.
 */
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/text.h"
#include "search/fusion.h"
#include "search/index.h"
#include "search/near.h"
#include "search/question.h"
#include "search/vectorise.h"

enum {
    MAX_RESULTS = 20,
    CANDIDATES = 200, /* of one store */
    STORES = 64,
    COMMON_SHARE = 2, /* a term in more than this part of all passages finds nothing by itself */
    COMMON_PASSAGES = 200 /* and it is left out only where that saves work */
};

struct asking {
    struct search *search;
    const struct search_query *query;
    struct arena *arena;
    struct search_index *indexes[STORES]; /* NULL where a store has none */
    const char *languages[QUESTION_LANGUAGES];
    size_t language_count;
    struct rank_query ranked;
    struct rank_candidate *candidates;
    size_t candidate_count;
    struct meaning_files files[STORES];
    struct meaning meaning; /* a vector of NULL: there is none */
};

typedef int (*store_visitor)(struct asking *asking, size_t store, struct index_db *db,
                             struct treadle_error *error);

static int each_store(struct asking *asking, store_visitor visit, struct treadle_error *error)
{
    int rc = 0;
    for (size_t i = 0; !rc && i < asking->query->store_count; i++) {
        struct search_index *index = asking->indexes[i];
        if (!index)
            continue;
        pthread_mutex_lock(&index->reading);
        rc = visit(asking, i, index->reader, error);
        pthread_mutex_unlock(&index->reading);
    }
    return rc;
}

static bool add_language(struct asking *asking, const char *code)
{
    for (size_t i = 0; i < asking->language_count; i++)
        if (strcmp(asking->languages[i], code) == 0)
            return true;
    if (asking->language_count == QUESTION_LANGUAGES)
        return true;
    char *copy = arena_string(asking->arena, code);
    asking->languages[asking->language_count] = copy;
    asking->language_count += copy != NULL;
    return copy;
}

static int note_language(void *context, const char *language, int64_t passages,
                         struct treadle_error *error)
{
    struct asking *asking = context;
    asking->ranked.passages += passages;
    return add_language(asking, language) ? 0 : error_set_memory(error);
}

static int visit_languages(struct asking *asking, size_t store, struct index_db *db,
                           struct treadle_error *error)
{
    (void)store;
    return index_db_each_language(db, note_language, asking, error);
}

static int visit_counts(struct asking *asking, size_t store, struct index_db *db,
                        struct treadle_error *error)
{
    (void)store;
    return index_db_count_terms(db, asking->ranked.terms, asking->ranked.term_count, error);
}

static bool is_common(const struct asking *asking, const struct rank_term *term)
{
    return asking->ranked.passages > COMMON_PASSAGES &&
           term->passages * COMMON_SHARE > asking->ranked.passages;
}

/* The terms that passages are looked for by. None when no term is in any store. */
static size_t choose_terms(const struct asking *asking, const struct rank_term *out[RANK_TERMS])
{
    const struct rank_query *ranked = &asking->ranked;
    bool rare = false;
    size_t count = 0;
    for (size_t i = 0; i < ranked->term_count; i++)
        rare |= ranked->terms[i].passages > 0 && !is_common(asking, &ranked->terms[i]);
    for (size_t i = 0; i < ranked->term_count; i++)
        if (ranked->terms[i].passages && !(rare && is_common(asking, &ranked->terms[i])))
            out[count++] = &ranked->terms[i];
    return count;
}

struct gathering {
    struct asking *asking;
    size_t store;
};

static void add_candidate(void *context, const struct index_db_passage *passage)
{
    const struct gathering *gathering = context;
    struct asking *asking = gathering->asking;
    struct rank_candidate *candidate = &asking->candidates[asking->candidate_count++];
    *candidate = (struct rank_candidate){.store = gathering->store,
                                         .passage = passage->passage,
                                         .bm25 = passage->bm25,
                                         .chunk = passage->chunk,
                                         .file = passage->file,
                                         .number = passage->number,
                                         .weight = passage->weight};
    rank_score(&asking->ranked, candidate, passage->body, passage->above, passage->filename);
}

static int visit_candidates(struct asking *asking, size_t store, struct index_db *db,
                            struct treadle_error *error)
{
    const struct rank_term *terms[RANK_TERMS];
    struct gathering gathering = {asking, store};
    return index_db_find_passages(db, terms, choose_terms(asking, terms), asking->query->files,
                                  CANDIDATES, add_candidate, &gathering, error);
}

/* One result; a chunk that was deleted in between is left out. */
static int fetch(struct asking *asking, const struct rank_candidate *candidate,
                 struct search_result *results, size_t *count, struct treadle_error *error)
{
    struct search_index *index = asking->indexes[candidate->store];
    struct index_db_chunk chunk;
    bool found = false;
    const char *store_id = arena_string(asking->arena, asking->query->store_ids[candidate->store]);
    if (!store_id)
        return error_set_memory(error);
    pthread_mutex_lock(&index->reading);
    int rc = index_db_read_chunk(index->reader, candidate->chunk, candidate->passage, asking->arena,
                                 &chunk, &found, error);
    pthread_mutex_unlock(&index->reading);
    if (rc || !found)
        return rc;
    results[(*count)++] =
        (struct search_result){.store_id = store_id,
                               .file_id = chunk.file_id,
                               .filename = chunk.filename,
                               .score = candidate->score < 1 ? candidate->score : 1,
                               .chunk = chunk.number,
                               .heading = chunk.heading,
                               .text = chunk.text,
                               .start = chunk.start,
                               .end = chunk.end,
                               .pages = chunk.pages,
                               .page_count = chunk.page_count};
    return 0;
}

static int find_near(struct asking *asking, const struct rank_candidate *candidate,
                     struct search_result *result, struct treadle_error *error)
{
    return near_find(asking->search, &asking->meaning, asking->indexes[candidate->store],
                     candidate->file, candidate->number, strlen(result->text), asking->arena,
                     &result->near, &result->near_count, error);
}

static int collect(struct asking *asking, struct search_result **out, size_t *count,
                   struct treadle_error *error)
{
    size_t most = asking->query->max_results ? asking->query->max_results : MAX_RESULTS;
    if (most > asking->candidate_count)
        most = asking->candidate_count;
    struct search_result *results = arena_array(asking->arena, most, sizeof *results);
    size_t found = 0;
    if (!results)
        return error_set_memory(error);
    for (size_t i = 0; found < most && i < asking->candidate_count; i++) {
        if (asking->candidates[i].score < asking->query->score_threshold)
            break;
        const struct rank_candidate *candidate = &asking->candidates[i];
        size_t before = found;
        int rc = fetch(asking, candidate, results, &found, error);
        if (!rc && found > before && asking->meaning.vector)
            rc = find_near(asking, candidate, &results[before], error);
        if (rc)
            return rc;
    }
    *out = results;
    *count = found;
    return 0;
}

/* Reads what chunks that were found by meaning alone lack. */
static int visit_found(struct asking *asking, size_t store, struct index_db *db,
                       struct treadle_error *error)
{
    int rc = 0;
    for (size_t i = 0; !rc && i < asking->candidate_count; i++) {
        struct rank_candidate *candidate = &asking->candidates[i];
        if (candidate->store == store && !candidate->chunk)
            rc = index_db_locate(db, candidate, error);
    }
    return rc;
}

static int visit_files(struct asking *asking, size_t store, struct index_db *db,
                       struct treadle_error *error)
{
    struct meaning_files *files = &asking->files[store];
    return index_db_find_files(db, asking->query->files, asking->arena, &files->rows, &files->count,
                               error);
}

static int find_files(struct asking *asking, struct treadle_error *error)
{
    for (size_t i = 0; i < asking->query->store_count; i++)
        asking->files[i].all = !asking->query->files;
    return asking->query->files ? each_store(asking, visit_files, error) : 0;
}

/* Where the embedding fails nothing is found by meaning: the search by words still works. */
static void find_meaning(struct asking *asking, const struct search_embedder *embedder,
                         struct meaning_hits *hits)
{
    struct treadle_error ignored;
    hits->count = 0;
    if (meaning_read(&asking->meaning, embedder, asking->query->text, &ignored) ||
        meaning_find(asking->search, &asking->meaning, asking->indexes, asking->files,
                     asking->query->store_count, hits, &ignored))
        meaning_clear(&asking->meaning);
}

static int add_meaning(struct asking *asking, const struct search_embedder *embedder,
                       struct treadle_error *error)
{
    struct meaning_hits *hits = malloc(sizeof *hits);
    int rc = hits ? find_files(asking, error) : error_set_memory(error);
    if (!rc)
        find_meaning(asking, embedder, hits);
    if (!rc && asking->meaning.vector && hits->count) {
        fusion_add(asking->candidates, &asking->candidate_count, hits);
        rc = each_store(asking, visit_found, error);
        if (!rc)
            fusion_order(asking->candidates, asking->candidate_count);
    }
    free(hits);
    return rc;
}

static int ask(struct asking *asking, struct treadle_error *error)
{
    const struct search_query *query = asking->query;
    const struct vectorise *vectorise = search_index_vectorise(asking->search);
    int rc = 0;
    for (size_t i = 0; !rc && i < query->store_count; i++)
        rc = search_index_acquire(asking->search, query->store_ids[i], false, &asking->indexes[i],
                                  error);
    if (!rc)
        rc = each_store(asking, visit_languages, error);
    if (!rc)
        rc = search_question(&asking->ranked, query->text, asking->languages,
                             asking->language_count, asking->arena, error);
    if (!rc)
        rc = each_store(asking, visit_counts, error);
    if (rc)
        return rc;
    rank_weigh(&asking->ranked);
    rc = each_store(asking, visit_candidates, error);
    if (rc)
        return rc;
    asking->candidate_count = rank_order(asking->candidates, asking->candidate_count);
    return vectorise ? add_meaning(asking, vectorise_embedder(vectorise), error) : 0;
}

int search_run(struct search *search, const struct search_query *query, struct arena *arena,
               struct search_result **out, size_t *count, struct treadle_error *error)
{
    if (query->store_count > STORES)
        return error_set(error, TREADLE_ELIMIT, "At most %d vector stores can be searched at once.",
                         STORES);
    struct asking *asking = calloc(1, sizeof *asking);
    if (!asking)
        return error_set_memory(error);
    *asking = (struct asking){.search = search, .query = query, .arena = arena};
    asking->candidates =
        calloc(query->store_count * CANDIDATES + MEANING_HITS, sizeof *asking->candidates);
    int rc = asking->candidates ? ask(asking, error) : error_set_memory(error);
    if (!rc)
        rc = collect(asking, out, count, error);
    for (size_t i = 0; i < query->store_count; i++) {
        search_note(search, query->store_ids[i], rc, error);
        /* Of an empty store, or lost. */
        if (!rc && !asking->indexes[i])
            search_suspect(search, query->store_ids[i]);
        search_index_release(search, asking->indexes[i]);
    }
    meaning_clear(&asking->meaning);
    free(asking->candidates);
    free(asking);
    return rc;
}
