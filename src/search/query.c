/*
 * Queries: the best chunks of one or more stores.
 *
 * FTS5 finds each store's best passages for any of the query's terms by BM25; those are ranked
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
#include "search/question.h"
#include "search/vectorise.h"

enum {
    MAX_RESULTS = 20,
    CANDIDATES = 200, /* of one store */
    STORES = 64,
    MATCH_BYTES = 64 << 10,
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
};

typedef int (*store_visitor)(struct asking *asking, size_t store, sqlite3 *db,
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

/* The languages of a store's files, the commonest first, and how many passages there are. */
static int visit_languages(struct asking *asking, size_t store, sqlite3 *db,
                           struct treadle_error *error)
{
    (void)store;
    sqlite3_stmt *rows;
    int rc = search_index_prepare(db, &rows,
                                  "SELECT language, sum(passages) FROM file GROUP BY language"
                                  " ORDER BY 2 DESC, 1",
                                  error);
    if (rc)
        return rc;
    int step;
    while (!rc && (step = sqlite3_step(rows)) == SQLITE_ROW) {
        const char *language = (const char *)sqlite3_column_text(rows, 0);
        asking->ranked.passages += sqlite3_column_int64(rows, 1);
        if (!language || !add_language(asking, language))
            rc = error_set_memory(error);
    }
    if (!rc && step != SQLITE_DONE)
        rc = search_index_error(db, "Asking", error);
    sqlite3_finalize(rows);
    return rc;
}

static int visit_counts(struct asking *asking, size_t store, sqlite3 *db,
                        struct treadle_error *error)
{
    (void)store;
    sqlite3_stmt *row;
    int rc = search_index_prepare(db, &row, "SELECT doc FROM vocabulary WHERE term = ?", error);
    if (rc)
        return rc;
    for (size_t i = 0; !rc && i < asking->ranked.term_count; i++) {
        struct rank_term *term = &asking->ranked.terms[i];
        sqlite3_bind_text(row, 1, term->text, (int)term->length, SQLITE_STATIC);
        int step = sqlite3_step(row);
        if (step == SQLITE_ROW)
            term->passages += sqlite3_column_int64(row, 0);
        else if (step != SQLITE_DONE)
            rc = search_index_error(db, "Asking", error);
        sqlite3_reset(row);
    }
    sqlite3_finalize(row);
    return rc;
}

static bool is_common(const struct asking *asking, const struct rank_term *term)
{
    return asking->ranked.passages > COMMON_PASSAGES &&
           term->passages * COMMON_SHARE > asking->ranked.passages;
}

/* "a" OR "b" …: the query for FTS5. False when no term is in any store. */
static bool put_match(const struct asking *asking, struct buffer *out)
{
    const struct rank_query *ranked = &asking->ranked;
    bool rare = false;
    for (size_t i = 0; i < ranked->term_count; i++)
        rare |= ranked->terms[i].passages > 0 && !is_common(asking, &ranked->terms[i]);
    for (size_t i = 0; i < ranked->term_count; i++) {
        if (ranked->terms[i].passages == 0 || (rare && is_common(asking, &ranked->terms[i])))
            continue;
        buffer_append_format(out, "%s\"%s\"", out->length ? " OR " : "", ranked->terms[i].text);
    }
    return out->length > 0;
}

static const char *column_string(sqlite3_stmt *row, int column)
{
    const char *text = (const char *)sqlite3_column_text(row, column);
    return text ? text : "";
}

static int read_candidates(struct asking *asking, size_t store, sqlite3 *db, sqlite3_stmt *rows,
                           struct treadle_error *error)
{
    int step;
    while ((step = sqlite3_step(rows)) == SQLITE_ROW) {
        struct rank_candidate *candidate = &asking->candidates[asking->candidate_count++];
        *candidate = (struct rank_candidate){.store = store,
                                             .passage = sqlite3_column_int64(rows, 0),
                                             .bm25 = -sqlite3_column_double(rows, 1),
                                             .chunk = sqlite3_column_int64(rows, 5),
                                             .file = sqlite3_column_int64(rows, 6),
                                             .number = sqlite3_column_int64(rows, 7),
                                             .weight = sqlite3_column_double(rows, 8)};
        rank_score(&asking->ranked, candidate, column_string(rows, 2), column_string(rows, 3),
                   column_string(rows, 4));
    }
    return step == SQLITE_DONE ? 0 : search_index_error(db, "Asking", error);
}

static int visit_candidates(struct asking *asking, size_t store, sqlite3 *db,
                            struct treadle_error *error)
{
    static const char sql[] =
        "SELECT term.rowid, term.rank, body, above, filename, chunk, file, number, weight"
        " FROM (SELECT rowid, rank, body, above, filename FROM term WHERE term MATCH ?1"
        " AND (?3 IS NULL OR rowid IN (SELECT passage.id FROM file JOIN chunk ON"
        " chunk.file = file.id JOIN passage ON passage.chunk = chunk.id"
        " WHERE file_id IN (SELECT value FROM json_each(?3))))"
        " ORDER BY rank LIMIT ?2) AS term JOIN passage ON passage.id = term.rowid"
        " JOIN chunk ON chunk.id = passage.chunk";
    struct buffer match;
    sqlite3_stmt *rows = NULL;
    buffer_init(&match, MATCH_BYTES);
    int rc = 0;
    if (put_match(asking, &match) && !match.failed)
        rc = search_index_prepare(db, &rows, sql, error);
    if (rows) {
        sqlite3_bind_text(rows, 1, match.data, (int)match.length, SQLITE_STATIC);
        sqlite3_bind_int(rows, 2, CANDIDATES);
        sqlite3_bind_text(rows, 3, asking->query->files, -1, SQLITE_STATIC);
        rc = read_candidates(asking, store, db, rows, error);
    }
    sqlite3_finalize(rows);
    buffer_clear(&match);
    return rc;
}

/* "offset page offset page …", as the store wrote it; at least one pair comes out. */
static bool parse_pages(const char *text, size_t length, struct arena *arena,
                        struct search_result *result)
{
    size_t spaces = 0;
    for (const char *at = text; *at; at++)
        spaces += *at == ' ';
    struct search_page *pages = arena_array(arena, spaces / 2 + 1, sizeof *pages);
    if (!pages)
        return false;
    size_t count = 0;
    while (*text && count < spaces / 2) {
        char *end;
        unsigned long long offset = strtoull(text, &end, 10);
        long page = strtol(end, &end, 10);
        pages[count++] =
            (struct search_page){.offset = offset < length ? offset : length, .page = (int)page};
        text = end + (*end == ' ');
    }
    result->pages = pages;
    result->page_count = count ? count : 1;
    return true;
}

static size_t within(int64_t offset, size_t length)
{
    return offset < 0 ? 0 : (uint64_t)offset < length ? (size_t)offset : length;
}

static bool fill_result(struct asking *asking, const struct rank_candidate *candidate,
                        sqlite3_stmt *row, struct search_result *result)
{
    struct arena *arena = asking->arena;
    const char *heading = (const char *)sqlite3_column_text(row, 2);
    *result = (struct search_result){
        .store_id = arena_string(arena, asking->query->store_ids[candidate->store]),
        .file_id = arena_string(arena, column_string(row, 0)),
        .filename = arena_string(arena, column_string(row, 1)),
        .score = candidate->score < 1 ? candidate->score : 1,
        .chunk = sqlite3_column_int64(row, 5),
        .heading = arena_string(arena, heading),
        .text = arena_string(arena, column_string(row, 3)),
        .focus = candidate->focus,
        .focus_length = candidate->focus_length};
    size_t length = result->text ? strlen(result->text) : 0;
    bool known = sqlite3_column_type(row, 6) != SQLITE_NULL;
    result->start = known ? within(sqlite3_column_int64(row, 6), length) : 0;
    result->end = known ? within(sqlite3_column_int64(row, 7), length) : length;
    return result->store_id && result->file_id && result->filename && result->text &&
           (result->heading || !heading) &&
           parse_pages(column_string(row, 4), length, arena, result);
}

/* One result; a chunk that was deleted in between is left out. */
static int fetch(struct asking *asking, const struct rank_candidate *candidate,
                 struct search_result *results, size_t *count, struct treadle_error *error)
{
    struct search_index *index = asking->indexes[candidate->store];
    sqlite3_stmt *row = NULL;
    pthread_mutex_lock(&index->reading);
    int rc = search_index_prepare(index->reader, &row,
                                  "SELECT file_id, filename, coalesce(passage.heading,"
                                  " chunk.heading), text, pages, number, start, end FROM chunk"
                                  " JOIN file ON file.id = chunk.file"
                                  " LEFT JOIN passage ON passage.id = ?2 WHERE chunk.id = ?1",
                                  error);
    if (!rc) {
        sqlite3_bind_int64(row, 1, candidate->chunk);
        sqlite3_bind_int64(row, 2, candidate->passage);
        int step = sqlite3_step(row);
        if (step == SQLITE_ROW && !fill_result(asking, candidate, row, &results[*count]))
            rc = error_set_memory(error);
        else if (step == SQLITE_ROW)
            (*count)++;
        else if (step != SQLITE_DONE)
            rc = search_index_error(index->reader, "Reading", error);
    }
    sqlite3_finalize(row);
    pthread_mutex_unlock(&index->reading);
    return rc;
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
        int rc = fetch(asking, &asking->candidates[i], results, &found, error);
        if (rc)
            return rc;
    }
    *out = results;
    *count = found;
    return 0;
}

/* Reads what a chunk that was found by meaning alone lacks: its row, and its nearest passage. One
 * that was deleted, or belongs to a file that is not searched, keeps no row. */
static int read_found(sqlite3_stmt *row, const char *files, struct rank_candidate *candidate)
{
    sqlite3_bind_int64(row, 1, candidate->file);
    sqlite3_bind_int64(row, 2, candidate->number);
    sqlite3_bind_text(row, 3, files, -1, SQLITE_STATIC);
    sqlite3_bind_int64(row, 4, (int64_t)candidate->focus);
    int step = sqlite3_step(row);
    if (step == SQLITE_ROW) {
        candidate->chunk = sqlite3_column_int64(row, 0);
        candidate->passage = sqlite3_column_int64(row, 1);
        candidate->weight = sqlite3_column_double(row, 2);
    }
    sqlite3_reset(row);
    return step == SQLITE_ROW || step == SQLITE_DONE ? 0 : TREADLE_EIO;
}

static int visit_found(struct asking *asking, size_t store, sqlite3 *db,
                       struct treadle_error *error)
{
    sqlite3_stmt *row;
    int rc = search_index_prepare(
        db, &row,
        "SELECT chunk.id, coalesce(passage.id, 0), coalesce(weight, 1) FROM chunk"
        " JOIN file ON file.id = chunk.file LEFT JOIN passage ON passage.chunk = chunk.id"
        " WHERE file = ?1 AND number = ?2"
        " AND (?3 IS NULL OR file_id IN (SELECT value FROM json_each(?3)))"
        " ORDER BY abs(start - ?4) LIMIT 1",
        error);
    if (rc)
        return rc;
    for (size_t i = 0; !rc && i < asking->candidate_count; i++) {
        struct rank_candidate *candidate = &asking->candidates[i];
        if (candidate->store == store && !candidate->chunk)
            rc = read_found(row, asking->query->files, candidate);
    }
    if (rc)
        rc = search_index_error(db, "Reading", error);
    sqlite3_finalize(row);
    return rc;
}

static int add_meaning(struct asking *asking, const struct search_embedder *embedder,
                       struct treadle_error *error)
{
    struct meaning_hits *hits = malloc(sizeof *hits);
    if (!hits)
        return error_set_memory(error);
    struct treadle_error ignored;
    int rc = 0;
    /* Where the embedding fails, the search by words still works. */
    if (meaning_find(asking->search, embedder, asking->indexes, asking->query->store_count,
                     asking->query->text, hits, &ignored) == 0 &&
        hits->count) {
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
    free(asking->candidates);
    free(asking);
    return rc;
}
