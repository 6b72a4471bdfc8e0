/*
 * The index of a vector store in SQLite: what changes it.
 */
#include <string.h>

#include "base/buffer.h"
#include "base/error.h"
#include "search/index_db_sqlite.h"

enum { PAGES_BYTES = 1 << 20 };

static int step_done(struct index_db *db, sqlite3_stmt *statement, struct treadle_error *error)
{
    int code = sqlite3_step(statement);
    sqlite3_reset(statement);
    return code == SQLITE_DONE ? 0 : index_db_error(db, "Writing", error);
}

int index_db_begin(struct index_db *db, struct treadle_error *error)
{
    return index_db_execute(db, "BEGIN IMMEDIATE", error);
}

int index_db_end(struct index_db *db, int rc, struct treadle_error *error)
{
    if (!rc)
        rc = index_db_execute(db, "COMMIT", error);
    if (rc && !sqlite3_get_autocommit(db->connection))
        sqlite3_exec(db->connection, "ROLLBACK", NULL, NULL, NULL);
    return rc;
}

/* ---- Deleting ------------------------------------------------------------------------------- */

static int with_file_id(struct index_db *db, const char *sql, const char *file_id,
                        struct treadle_error *error)
{
    sqlite3_stmt *statement;
    int rc = index_db_prepare(db, &statement, sql, error);
    if (rc)
        return rc;
    sqlite3_bind_text(statement, 1, file_id, -1, SQLITE_STATIC);
    rc = step_done(db, statement, error);
    sqlite3_finalize(statement);
    return rc;
}

int index_db_delete_file(struct index_db *db, const char *file_id, struct treadle_error *error)
{
    static const char terms[] = "DELETE FROM term WHERE rowid IN (SELECT passage.id FROM passage"
                                " JOIN chunk ON chunk.id = passage.chunk"
                                " JOIN file ON file.id = chunk.file WHERE file_id = ?)";
    static const char passages[] = "DELETE FROM passage WHERE chunk IN (SELECT chunk.id FROM chunk"
                                   " JOIN file ON file.id = chunk.file WHERE file_id = ?)";
    static const char *const steps[] = {
        terms, passages,
        "DELETE FROM vectors WHERE file IN (SELECT id FROM file WHERE file_id = ?)",
        "DELETE FROM chunk WHERE file IN (SELECT id FROM file WHERE file_id = ?)",
        "DELETE FROM file WHERE file_id = ?"};
    int rc = 0;
    for (size_t i = 0; !rc && i < sizeof steps / sizeof *steps; i++)
        rc = with_file_id(db, steps[i], file_id, error);
    return rc;
}

/* ---- Adding --------------------------------------------------------------------------------- */

int index_db_add_file(struct index_db *db, const char *file_id, const char *filename,
                      const char *language, int64_t *file, struct treadle_error *error)
{
    sqlite3_stmt *row;
    int rc = index_db_prepare(db, &row,
                              "INSERT INTO file(file_id, filename, language, chunks, passages)"
                              " VALUES(?, ?, ?, 0, 0)",
                              error);
    if (rc)
        return rc;
    sqlite3_bind_text(row, 1, file_id, -1, SQLITE_STATIC);
    sqlite3_bind_text(row, 2, filename, -1, SQLITE_STATIC);
    sqlite3_bind_text(row, 3, language, -1, SQLITE_STATIC);
    rc = step_done(db, row, error);
    sqlite3_finalize(row);
    if (!rc)
        *file = sqlite3_last_insert_rowid(db->connection);
    return rc;
}

int index_db_count_parts(struct index_db *db, int64_t file, int64_t chunks, int64_t passages,
                         struct treadle_error *error)
{
    sqlite3_stmt *row;
    int rc =
        index_db_prepare(db, &row, "UPDATE file SET chunks = ?, passages = ? WHERE id = ?", error);
    if (rc)
        return rc;
    sqlite3_bind_int64(row, 1, chunks);
    sqlite3_bind_int64(row, 2, passages);
    sqlite3_bind_int64(row, 3, file);
    rc = step_done(db, row, error);
    sqlite3_finalize(row);
    return rc;
}

/* "offset page offset page …" and, where a page has a label, a line for that of each, as
 * index_db_read_chunk reads it. */
static int print_pages(struct buffer *out, const struct search_chunk *chunk,
                       struct treadle_error *error)
{
    for (size_t i = 0; i < chunk->page_count; i++)
        buffer_append_format(out, "%zu %d ", chunk->pages[i].offset, chunk->pages[i].page);
    bool labelled = false;
    for (size_t i = 0; i < chunk->page_count; i++)
        labelled = labelled || chunk->pages[i].label;
    for (size_t i = 0; i < chunk->page_count && labelled; i++) {
        const char *label = chunk->pages[i].label;
        buffer_append_char(out, '\n');
        buffer_append_string(out, label && !strchr(label, '\n') ? label : "");
    }
    return out->failed ? error_set_memory(error) : 0;
}

static int add_passage(struct index_db *db, int64_t chunk, const struct search_passage *passage,
                       const char *filename_terms, struct treadle_error *error)
{
    sqlite3_bind_int64(db->passage, 1, chunk);
    sqlite3_bind_int64(db->passage, 2, (int64_t)passage->start);
    sqlite3_bind_int64(db->passage, 3, (int64_t)passage->end);
    sqlite3_bind_double(db->passage, 4, passage->weight);
    sqlite3_bind_text(db->passage, 5, passage->heading, -1, SQLITE_STATIC);
    int rc = step_done(db, db->passage, error);
    if (rc)
        return rc;
    sqlite3_bind_int64(db->term, 1, sqlite3_last_insert_rowid(db->connection));
    sqlite3_bind_text(db->term, 2, passage->body, -1, SQLITE_STATIC);
    sqlite3_bind_text(db->term, 3, passage->above, -1, SQLITE_STATIC);
    sqlite3_bind_text(db->term, 4, filename_terms, -1, SQLITE_STATIC);
    return step_done(db, db->term, error);
}

static int prepare_parts(struct index_db *db, struct treadle_error *error)
{
    int rc = index_db_keep(db, &db->chunk,
                           "INSERT INTO chunk(file, number, overlap, pages, heading, text)"
                           " VALUES(?, ?, ?, ?, ?, ?)",
                           error);
    if (!rc)
        rc = index_db_keep(db, &db->passage,
                           "INSERT INTO passage(chunk, start, end, weight, heading)"
                           " VALUES(?, ?, ?, ?, ?)",
                           error);
    if (!rc)
        rc = index_db_keep(db, &db->term,
                           "INSERT INTO term(rowid, body, above, filename) VALUES(?, ?, ?, ?)",
                           error);
    return rc;
}

int index_db_add_chunk(struct index_db *db, int64_t file, const struct search_chunk *chunk,
                       const char *filename_terms, struct treadle_error *error)
{
    struct buffer pages;
    buffer_init(&pages, PAGES_BYTES);
    int rc = prepare_parts(db, error);
    if (!rc)
        rc = print_pages(&pages, chunk, error);
    if (rc)
        goto done;
    sqlite3_bind_int64(db->chunk, 1, file);
    sqlite3_bind_int64(db->chunk, 2, chunk->number);
    sqlite3_bind_int64(db->chunk, 3, (int64_t)chunk->overlap);
    sqlite3_bind_text(db->chunk, 4, pages.data, (int)pages.length, SQLITE_STATIC);
    sqlite3_bind_text(db->chunk, 5, chunk->heading, -1, SQLITE_STATIC);
    sqlite3_bind_text(db->chunk, 6, chunk->text, (int)chunk->length, SQLITE_STATIC);
    rc = step_done(db, db->chunk, error);
    int64_t id = sqlite3_last_insert_rowid(db->connection);
    for (size_t i = 0; !rc && i < chunk->passage_count; i++)
        rc = add_passage(db, id, &chunk->passages[i], filename_terms, error);
done:
    buffer_clear(&pages);
    return rc;
}

/* ---- Vectors -------------------------------------------------------------------------------- */

int index_db_put_vectors(struct index_db *db, const struct index_db_vectors *vectors,
                         struct treadle_error *error)
{
    sqlite3_stmt *row;
    int rc = index_db_prepare(db, &row,
                              "INSERT OR REPLACE INTO vectors(file, version, dimensions,"
                              " windows, place, bytes) VALUES(?, ?, ?, ?, ?, ?)",
                              error);
    if (rc)
        return rc;
    sqlite3_bind_int64(row, 1, vectors->file);
    sqlite3_bind_text(row, 2, vectors->version, -1, SQLITE_STATIC);
    sqlite3_bind_int64(row, 3, vectors->dimensions);
    sqlite3_bind_int64(row, 4, vectors->windows);
    sqlite3_bind_int64(row, 5, vectors->place);
    sqlite3_bind_int64(row, 6, vectors->bytes);
    rc = step_done(db, row, error);
    sqlite3_finalize(row);
    return rc;
}

int index_db_forget_vectors(struct index_db *db, struct treadle_error *error)
{
    return index_db_execute(db, "DELETE FROM vectors", error);
}
