/*
 * The index of a vector store in SQLite: what is asked of it.
 */
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/buffer.h"
#include "base/error.h"
#include "search/index_db_sqlite.h"

enum { MATCH_BYTES = 64 << 10 };

static const char *column_string(sqlite3_stmt *row, int column)
{
    const char *text = (const char *)sqlite3_column_text(row, column);
    return text ? text : "";
}

/* ---- Files and chunks ----------------------------------------------------------------------- */

int index_db_list_files(struct index_db *db, struct arena *arena, const char ***out, size_t *count,
                        struct treadle_error *error)
{
    sqlite3_stmt *rows;
    int rc = index_db_prepare(db, &rows, "SELECT file_id, COUNT(*) OVER () FROM file", error);
    if (rc)
        return rc;
    const char **ids = NULL;
    size_t found = 0;
    int step;
    while (!rc && (step = sqlite3_step(rows)) == SQLITE_ROW) {
        if (!ids)
            ids = arena_array(arena, (size_t)sqlite3_column_int64(rows, 1), sizeof *ids);
        if (!ids || !(ids[found++] = arena_string(arena, column_string(rows, 0))))
            rc = error_set_memory(error);
    }
    if (!rc && step != SQLITE_DONE)
        rc = index_db_error(db, "Reading", error);
    sqlite3_finalize(rows);
    if (rc)
        return rc;
    *out = ids;
    *count = found;
    return 0;
}

int index_db_find_file(struct index_db *db, const char *file_id, int64_t *file,
                       struct treadle_error *error)
{
    sqlite3_stmt *row;
    int rc = index_db_prepare(db, &row, "SELECT id FROM file WHERE file_id = ?", error);
    if (rc)
        return rc;
    sqlite3_bind_text(row, 1, file_id, -1, SQLITE_STATIC);
    int step = sqlite3_step(row);
    if (step == SQLITE_ROW)
        *file = sqlite3_column_int64(row, 0);
    else if (step == SQLITE_DONE)
        rc = error_set(error, TREADLE_ENOTFOUND, "The file is not in this vector store.");
    else
        rc = index_db_error(db, "Reading", error);
    sqlite3_finalize(row);
    return rc;
}

int index_db_each_text(struct index_db *db, int64_t file, int64_t most, index_db_text_visitor visit,
                       void *context, struct treadle_error *error)
{
    sqlite3_stmt *rows;
    int rc = index_db_prepare(
        db, &rows, "SELECT text, overlap FROM chunk WHERE file = ? ORDER BY number LIMIT ?", error);
    if (rc)
        return rc;
    sqlite3_bind_int64(rows, 1, file);
    sqlite3_bind_int64(rows, 2, most);
    int step = SQLITE_DONE;
    while (!rc && (step = sqlite3_step(rows)) == SQLITE_ROW) {
        const char *text = column_string(rows, 0);
        rc = visit(context, text, (size_t)sqlite3_column_bytes(rows, 0),
                   sqlite3_column_int64(rows, 1), error);
    }
    if (!rc && step != SQLITE_DONE)
        rc = index_db_error(db, "Reading", error);
    sqlite3_finalize(rows);
    return rc;
}

/* Takes the next line of labels; false where memory ran out. */
static bool take_label(const char **text, struct arena *arena, const char **out)
{
    if (**text != '\n')
        return true;
    size_t length = strcspn(*text + 1, "\n");
    *out = length ? arena_copy(arena, *text + 1, length) : NULL;
    *text += 1 + length;
    return !length || *out;
}

/* "offset page offset page …" and lines of labels, as index_db_add_chunk wrote them; at least one
 * pair comes out. */
static bool parse_pages(const char *text, struct arena *arena, struct index_db_chunk *out)
{
    size_t spaces = 0;
    for (const char *at = text; *at && *at != '\n'; at++)
        spaces += *at == ' ';
    struct search_page *pages = arena_array(arena, spaces / 2 + 1, sizeof *pages);
    if (!pages)
        return false;
    size_t count = 0;
    while (*text && count < spaces / 2) {
        char *end;
        unsigned long long offset = strtoull(text, &end, 10);
        long page = strtol(end, &end, 10);
        pages[count++] = (struct search_page){.offset = offset < out->length ? offset : out->length,
                                              .page = (int)page};
        text = end + (*end == ' ');
    }
    for (size_t i = 0; i < count; i++)
        if (!take_label(&text, arena, &pages[i].label))
            return false;
    out->pages = pages;
    out->page_count = count ? count : 1;
    return true;
}

static size_t within(int64_t offset, size_t length)
{
    return offset < 0 ? 0 : (uint64_t)offset < length ? (size_t)offset : length;
}

static bool fill_chunk(sqlite3_stmt *row, struct arena *arena, struct index_db_chunk *out)
{
    const char *heading = (const char *)sqlite3_column_text(row, 2);
    *out = (struct index_db_chunk){.file_id = arena_string(arena, column_string(row, 0)),
                                   .filename = arena_string(arena, column_string(row, 1)),
                                   .heading = arena_string(arena, heading),
                                   .text = arena_string(arena, column_string(row, 3)),
                                   .number = sqlite3_column_int64(row, 5)};
    out->length = out->text ? strlen(out->text) : 0;
    bool known = sqlite3_column_type(row, 6) != SQLITE_NULL;
    out->start = known ? within(sqlite3_column_int64(row, 6), out->length) : 0;
    out->end = known ? within(sqlite3_column_int64(row, 7), out->length) : out->length;
    return out->file_id && out->filename && out->text && (out->heading || !heading) &&
           parse_pages(column_string(row, 4), arena, out);
}

int index_db_read_chunk(struct index_db *db, int64_t chunk, int64_t passage, struct arena *arena,
                        struct index_db_chunk *out, bool *found, struct treadle_error *error)
{
    sqlite3_stmt *row;
    int rc = index_db_prepare(db, &row,
                              "SELECT file_id, filename, coalesce(passage.heading,"
                              " chunk.heading), text, pages, number, start, end FROM chunk"
                              " JOIN file ON file.id = chunk.file"
                              " LEFT JOIN passage ON passage.id = ?2 WHERE chunk.id = ?1",
                              error);
    if (rc)
        return rc;
    sqlite3_bind_int64(row, 1, chunk);
    sqlite3_bind_int64(row, 2, passage);
    int step = sqlite3_step(row);
    *found = step == SQLITE_ROW;
    if (*found && !fill_chunk(row, arena, out))
        rc = error_set_memory(error);
    else if (!*found && step != SQLITE_DONE)
        rc = index_db_error(db, "Reading", error);
    sqlite3_finalize(row);
    return rc;
}

/* ---- Searching ------------------------------------------------------------------------------ */

int index_db_each_language(struct index_db *db, index_db_language_visitor visit, void *context,
                           struct treadle_error *error)
{
    sqlite3_stmt *rows;
    int rc = index_db_prepare(db, &rows,
                              "SELECT language, sum(passages) FROM file GROUP BY language"
                              " ORDER BY 2 DESC, 1",
                              error);
    if (rc)
        return rc;
    int step = SQLITE_DONE;
    while (!rc && (step = sqlite3_step(rows)) == SQLITE_ROW) {
        const char *language = (const char *)sqlite3_column_text(rows, 0);
        rc = language ? visit(context, language, sqlite3_column_int64(rows, 1), error)
                      : error_set_memory(error);
    }
    if (!rc && step != SQLITE_DONE)
        rc = index_db_error(db, "Asking", error);
    sqlite3_finalize(rows);
    return rc;
}

int index_db_count_terms(struct index_db *db, struct rank_term *terms, size_t count,
                         struct treadle_error *error)
{
    sqlite3_stmt *row;
    int rc = index_db_prepare(db, &row, "SELECT doc FROM vocabulary WHERE term = ?", error);
    if (rc)
        return rc;
    for (size_t i = 0; !rc && i < count; i++) {
        sqlite3_bind_text(row, 1, terms[i].text, (int)terms[i].length, SQLITE_STATIC);
        int step = sqlite3_step(row);
        if (step == SQLITE_ROW)
            terms[i].passages += sqlite3_column_int64(row, 0);
        else if (step != SQLITE_DONE)
            rc = index_db_error(db, "Asking", error);
        sqlite3_reset(row);
    }
    sqlite3_finalize(row);
    return rc;
}

static int read_passages(struct index_db *db, sqlite3_stmt *rows, index_db_passage_visitor visit,
                         void *context, struct treadle_error *error)
{
    int step;
    while ((step = sqlite3_step(rows)) == SQLITE_ROW) {
        const struct index_db_passage passage = {.passage = sqlite3_column_int64(rows, 0),
                                                 .bm25 = -sqlite3_column_double(rows, 1),
                                                 .body = column_string(rows, 2),
                                                 .above = column_string(rows, 3),
                                                 .filename = column_string(rows, 4),
                                                 .chunk = sqlite3_column_int64(rows, 5),
                                                 .file = sqlite3_column_int64(rows, 6),
                                                 .number = sqlite3_column_int64(rows, 7),
                                                 .weight = sqlite3_column_double(rows, 8)};
        visit(context, &passage);
    }
    return step == SQLITE_DONE ? 0 : index_db_error(db, "Asking", error);
}

int index_db_find_passages(struct index_db *db, const struct rank_term *const *terms, size_t count,
                           const char *files, int most, index_db_passage_visitor visit,
                           void *context, struct treadle_error *error)
{
    static const char sql[] =
        "SELECT term.rowid, term.rank, body, above, filename, chunk, file, number, weight"
        " FROM (SELECT rowid, rank, body, above, filename FROM term WHERE term MATCH ?1"
        " AND (?3 IS NULL OR rowid IN (SELECT passage.id FROM file JOIN chunk ON"
        " chunk.file = file.id JOIN passage ON passage.chunk = chunk.id"
        " WHERE file_id IN (SELECT value FROM json_each(?3))))"
        " ORDER BY rank LIMIT ?2) AS term JOIN passage ON passage.id = term.rowid"
        " JOIN chunk ON chunk.id = passage.chunk";
    struct buffer match; /* "a" OR "b" … */
    sqlite3_stmt *rows = NULL;
    buffer_init(&match, MATCH_BYTES);
    for (size_t i = 0; i < count; i++)
        buffer_append_format(&match, "%s\"%s\"", i ? " OR " : "", terms[i]->text);
    int rc = match.length && !match.failed ? index_db_prepare(db, &rows, sql, error) : 0;
    if (rows) {
        sqlite3_bind_text(rows, 1, match.data, (int)match.length, SQLITE_STATIC);
        sqlite3_bind_int(rows, 2, most);
        sqlite3_bind_text(rows, 3, files, -1, SQLITE_STATIC);
        rc = read_passages(db, rows, visit, context, error);
    }
    sqlite3_finalize(rows);
    buffer_clear(&match);
    return rc;
}

int index_db_locate(struct index_db *db, struct rank_candidate *candidate,
                    struct treadle_error *error)
{
    int rc = index_db_keep(db, &db->locate,
                           "SELECT chunk.id, coalesce(passage.id, 0), coalesce(weight, 1)"
                           " FROM chunk LEFT JOIN passage ON passage.chunk = chunk.id"
                           " WHERE file = ? AND number = ? ORDER BY abs(start - ?) LIMIT 1",
                           error);
    if (rc)
        return rc;
    sqlite3_bind_int64(db->locate, 1, candidate->file);
    sqlite3_bind_int64(db->locate, 2, candidate->number);
    sqlite3_bind_int64(db->locate, 3, (int64_t)candidate->focus);
    int step = sqlite3_step(db->locate);
    if (step == SQLITE_ROW) {
        candidate->chunk = sqlite3_column_int64(db->locate, 0);
        candidate->passage = sqlite3_column_int64(db->locate, 1);
        candidate->weight = sqlite3_column_double(db->locate, 2);
    } else if (step != SQLITE_DONE) {
        rc = index_db_error(db, "Reading", error);
    }
    sqlite3_reset(db->locate);
    return rc;
}

int index_db_find_files(struct index_db *db, const char *files, struct arena *arena, int64_t **out,
                        size_t *count, struct treadle_error *error)
{
    sqlite3_stmt *rows;
    int64_t *found = NULL;
    size_t number = 0, room = 0;
    int rc = index_db_prepare(db, &rows,
                              "SELECT id FROM file WHERE file_id IN (SELECT value FROM"
                              " json_each(?)) ORDER BY id",
                              error);
    if (rc)
        return rc;
    sqlite3_bind_text(rows, 1, files, -1, SQLITE_STATIC);
    int step = SQLITE_DONE;
    while (!rc && (step = sqlite3_step(rows)) == SQLITE_ROW) {
        int64_t *grown = array_grow_in(arena, found, number, &room, sizeof *grown);
        if (grown) {
            found = grown;
            found[number++] = sqlite3_column_int64(rows, 0);
        } else {
            rc = error_set_memory(error);
        }
    }
    if (!rc && step != SQLITE_DONE)
        rc = index_db_error(db, "Asking", error);
    sqlite3_finalize(rows);
    if (rc)
        return rc;
    *out = found;
    *count = number;
    return 0;
}

int index_db_measure(struct index_db *db, int64_t file, int64_t first, int64_t later, size_t *out,
                     struct treadle_error *error)
{
    sqlite3_stmt *rows;
    int rc = index_db_prepare(db, &rows,
                              "SELECT length(CAST(text AS BLOB)), overlap FROM chunk"
                              " WHERE file = ? AND number BETWEEN ? AND ? ORDER BY number",
                              error);
    if (rc)
        return rc;
    sqlite3_bind_int64(rows, 1, file);
    sqlite3_bind_int64(rows, 2, first);
    sqlite3_bind_int64(rows, 3, later);
    int64_t start = 0, end = -1;
    int step;
    while ((step = sqlite3_step(rows)) == SQLITE_ROW) {
        /* A line break stands between a chunk and what the next one adds. */
        if (end >= 0)
            start = end + 1 - sqlite3_column_int64(rows, 1);
        end = start + sqlite3_column_int64(rows, 0);
    }
    if (step == SQLITE_DONE)
        *out = start > 0 ? (size_t)start : 0;
    else
        rc = index_db_error(db, "Reading", error);
    sqlite3_finalize(rows);
    return rc;
}

/* ---- Vectors -------------------------------------------------------------------------------- */

int index_db_next_file(struct index_db *db, const char *version, struct arena *arena,
                       struct index_db_file *out, struct treadle_error *error)
{
    sqlite3_stmt *row;
    int rc = index_db_prepare(db, &row,
                              "SELECT id, file_id, language, chunks FROM file WHERE id NOT IN"
                              " (SELECT file FROM vectors WHERE version = ?) LIMIT 1",
                              error);
    if (rc)
        return rc;
    sqlite3_bind_text(row, 1, version, -1, SQLITE_STATIC);
    int step = sqlite3_step(row);
    if (step == SQLITE_ROW) {
        *out = (struct index_db_file){.file = sqlite3_column_int64(row, 0),
                                      .file_id = arena_string(arena, column_string(row, 1)),
                                      .language = arena_string(arena, column_string(row, 2)),
                                      .chunks = sqlite3_column_int64(row, 3)};
        rc = out->file_id && out->language && out->chunks >= 0 ? 0 : error_set_memory(error);
    } else {
        rc = step == SQLITE_DONE ? error_set(error, TREADLE_ENOTFOUND, "All files have vectors.")
                                 : index_db_error(db, "Reading", error);
    }
    sqlite3_finalize(row);
    return rc;
}

int index_db_each_vectors(struct index_db *db, const char *version, int64_t file,
                          index_db_vectors_visitor visit, void *context,
                          struct treadle_error *error)
{
    sqlite3_stmt *rows;
    int rc = index_db_prepare(db, &rows,
                              "SELECT file, dimensions, windows, place, bytes, version FROM vectors"
                              " WHERE (?1 IS NULL OR version = ?1) AND file BETWEEN ?2 AND ?3"
                              " ORDER BY place",
                              error);
    if (rc)
        return rc;
    sqlite3_bind_text(rows, 1, version, -1, SQLITE_STATIC);
    sqlite3_bind_int64(rows, 2, file);
    sqlite3_bind_int64(rows, 3, file ? file : INT64_MAX);
    int step = SQLITE_DONE;
    while (!rc && (step = sqlite3_step(rows)) == SQLITE_ROW) {
        const struct index_db_vectors vectors = {.file = sqlite3_column_int64(rows, 0),
                                                 .dimensions = sqlite3_column_int64(rows, 1),
                                                 .windows = sqlite3_column_int64(rows, 2),
                                                 .place = sqlite3_column_int64(rows, 3),
                                                 .bytes = sqlite3_column_int64(rows, 4),
                                                 .version = column_string(rows, 5)};
        rc = visit(context, &vectors, error);
    }
    if (!rc && step != SQLITE_DONE)
        rc = index_db_error(db, "Reading", error);
    sqlite3_finalize(rows);
    return rc;
}

int index_db_vectors_end(struct index_db *db, int64_t *end, struct treadle_error *error)
{
    sqlite3_stmt *row;
    int rc = index_db_prepare(db, &row, "SELECT ifnull(max(place + bytes), 0) FROM vectors", error);
    if (rc)
        return rc;
    if (sqlite3_step(row) == SQLITE_ROW)
        *end = sqlite3_column_int64(row, 0);
    else
        rc = index_db_error(db, "Reading", error);
    sqlite3_finalize(row);
    return rc;
}
