/*
 * Store: adds a file's chunks to an index, removes them, and returns a file's text.
 */
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/error.h"
#include "search/chunk.h"
#include "search/index.h"
#include "search/vectorise.h"
#include "search/vectors.h"

enum {
    MOST_REWRITTEN = 5000 /* chunks */,
    SAMPLE_BYTES = 20000,
    TEXT_BYTES = 256 << 20,
    PAGES_BYTES = 1 << 20,
    NAME_BYTES = 1 << 12
};

/* What the visitor of chunks needs. */
struct writing {
    sqlite3 *db;
    sqlite3_stmt *chunk, *passage, *term;
    const char *filename_terms;
    const atomic_bool *stop;
    int64_t file, chunks, passages, usage;
};

static int step_done(sqlite3 *db, sqlite3_stmt *statement, struct treadle_error *error)
{
    int code = sqlite3_step(statement);
    sqlite3_reset(statement);
    return code == SQLITE_DONE ? 0 : search_index_error(db, "Writing", error);
}

static int with_file_id(sqlite3 *db, const char *sql, const char *file_id,
                        struct treadle_error *error)
{
    sqlite3_stmt *statement;
    int rc = search_index_prepare(db, &statement, sql, error);
    if (rc)
        return rc;
    sqlite3_bind_text(statement, 1, file_id, -1, SQLITE_STATIC);
    rc = step_done(db, statement, error);
    sqlite3_finalize(statement);
    return rc;
}

/* Within a transaction. */
static int delete_file(sqlite3 *db, const char *file_id, struct treadle_error *error)
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

/* "offset page offset page …" */
static int print_pages(struct buffer *out, const struct search_chunk *chunk,
                       struct treadle_error *error)
{
    for (size_t i = 0; i < chunk->page_count; i++)
        buffer_append_format(out, "%zu %d ", chunk->pages[i].offset, chunk->pages[i].page);
    return out->failed ? error_set_memory(error) : 0;
}

static int write_passage(struct writing *writing, int64_t chunk,
                         const struct search_passage *passage, struct treadle_error *error)
{
    sqlite3_bind_int64(writing->passage, 1, chunk);
    sqlite3_bind_int64(writing->passage, 2, (int64_t)passage->start);
    sqlite3_bind_int64(writing->passage, 3, (int64_t)passage->end);
    sqlite3_bind_double(writing->passage, 4, passage->weight);
    sqlite3_bind_text(writing->passage, 5, passage->heading, -1, SQLITE_STATIC);
    int rc = step_done(writing->db, writing->passage, error);
    if (rc)
        return rc;
    sqlite3_bind_int64(writing->term, 1, sqlite3_last_insert_rowid(writing->db));
    sqlite3_bind_text(writing->term, 2, passage->body, -1, SQLITE_STATIC);
    sqlite3_bind_text(writing->term, 3, passage->above, -1, SQLITE_STATIC);
    sqlite3_bind_text(writing->term, 4, writing->filename_terms, -1, SQLITE_STATIC);
    writing->usage += (int64_t)(strlen(passage->body) + strlen(passage->above));
    return step_done(writing->db, writing->term, error);
}

static int write_chunk(void *context, const struct search_chunk *chunk, struct treadle_error *error)
{
    struct writing *writing = context;
    struct buffer pages;
    if (writing->stop && atomic_load(writing->stop))
        return error_set(error, TREADLE_ESTATE, "indexing the document was stopped");
    buffer_init(&pages, PAGES_BYTES);
    int rc = print_pages(&pages, chunk, error);
    if (rc)
        goto done;
    sqlite3_stmt *row = writing->chunk;
    sqlite3_bind_int64(row, 1, writing->file);
    sqlite3_bind_int64(row, 2, chunk->number);
    sqlite3_bind_int64(row, 3, (int64_t)chunk->overlap);
    sqlite3_bind_text(row, 4, pages.data, (int)pages.length, SQLITE_STATIC);
    sqlite3_bind_text(row, 5, chunk->heading, -1, SQLITE_STATIC);
    sqlite3_bind_text(row, 6, chunk->text, (int)chunk->length, SQLITE_STATIC);
    rc = step_done(writing->db, row, error);
    int64_t id = sqlite3_last_insert_rowid(writing->db);
    for (size_t i = 0; !rc && i < chunk->passage_count; i++)
        rc = write_passage(writing, id, &chunk->passages[i], error);
    writing->chunks++;
    writing->passages += (int64_t)chunk->passage_count;
    writing->usage += (int64_t)chunk->length;
done:
    buffer_clear(&pages);
    return rc;
}

/* The language of most of the text: looks after the front matter when there is more. */
static const char *document_language(const struct document *document)
{
    struct buffer sample;
    buffer_init(&sample, SAMPLE_BYTES);
    size_t first = document->block_count > 400 ? document->block_count / 4 : 0;
    for (size_t i = first; i < document->block_count && !sample.failed; i++) {
        buffer_append(&sample, document->blocks[i].text, document->blocks[i].length);
        buffer_append_char(&sample, '\n');
    }
    const char *code = language_detect(sample.length ? sample.data : "", sample.length);
    buffer_clear(&sample);
    return code;
}

static int filename_terms(struct language *language, const char *filename, struct buffer *out,
                          struct treadle_error *error)
{
    struct arena *arena = arena_new(0);
    struct language_word *words;
    size_t count, length = strnlen(filename, NAME_BYTES);
    if (!arena)
        return error_set_memory(error);
    int rc = language_words(language, filename, length, arena, &words, &count, error);
    buffer_append(out, "", 0);
    for (size_t i = 0; !rc && i < count; i++)
        buffer_append_format(out, "%s ", words[i].term);
    if (!rc && out->failed)
        rc = error_set_memory(error);
    arena_free(arena);
    return rc;
}

static int insert_file(struct writing *writing, const struct search_file *file,
                       const char *language, struct treadle_error *error)
{
    sqlite3_stmt *row;
    int rc = search_index_prepare(writing->db, &row,
                                  "INSERT INTO file(file_id, filename, language, chunks, passages)"
                                  " VALUES(?, ?, ?, 0, 0)",
                                  error);
    if (rc)
        return rc;
    sqlite3_bind_text(row, 1, file->file_id, -1, SQLITE_STATIC);
    sqlite3_bind_text(row, 2, file->filename, -1, SQLITE_STATIC);
    sqlite3_bind_text(row, 3, language, -1, SQLITE_STATIC);
    rc = step_done(writing->db, row, error);
    sqlite3_finalize(row);
    writing->file = sqlite3_last_insert_rowid(writing->db);
    return rc;
}

static int count_parts(const struct writing *writing, struct treadle_error *error)
{
    sqlite3_stmt *row;
    int rc = search_index_prepare(writing->db, &row,
                                  "UPDATE file SET chunks = ?, passages = ? WHERE id = ?", error);
    if (rc)
        return rc;
    sqlite3_bind_int64(row, 1, writing->chunks);
    sqlite3_bind_int64(row, 2, writing->passages);
    sqlite3_bind_int64(row, 3, writing->file);
    rc = step_done(writing->db, row, error);
    sqlite3_finalize(row);
    return rc;
}

static int write_document(struct writing *writing, const struct search_file *file,
                          const struct document *document, struct language *language,
                          const char *language_code, struct treadle_error *error)
{
    int rc = delete_file(writing->db, file->file_id, error);
    if (!rc)
        rc = insert_file(writing, file, language_code, error);
    if (!rc)
        rc = search_index_prepare(writing->db, &writing->chunk,
                                  "INSERT INTO chunk(file, number, overlap, pages, heading, text)"
                                  " VALUES(?, ?, ?, ?, ?, ?)",
                                  error);
    if (!rc)
        rc = search_index_prepare(writing->db, &writing->passage,
                                  "INSERT INTO passage(chunk, start, end, weight, heading)"
                                  " VALUES(?, ?, ?, ?, ?)",
                                  error);
    if (!rc)
        rc = search_index_prepare(
            writing->db, &writing->term,
            "INSERT INTO term(rowid, body, above, filename) VALUES(?, ?, ?, ?)", error);
    if (!rc)
        rc = search_chunk_each(file, document, language, write_chunk, writing, error);
    if (!rc)
        rc = count_parts(writing, error);
    sqlite3_finalize(writing->chunk);
    sqlite3_finalize(writing->passage);
    sqlite3_finalize(writing->term);
    return rc;
}

/* Runs within a transaction of its own; a failure leaves the index as it was. */
static int commit_or_roll_back(sqlite3 *db, int code, struct treadle_error *error)
{
    if (!code)
        code = search_index_execute(db, "COMMIT", error);
    if (code && !sqlite3_get_autocommit(db))
        sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    return code;
}

/* Checked last and under the index's lock: a deletion deletes the row first, so either this check
 * sees it, or the deletion finds the text under the lock and removes it. */
static int check_wanted(struct search *search, const struct search_file *file,
                        struct treadle_error *error)
{
    int wanted = search_wanted(search, file->store_id, file->file_id, error);
    if (wanted)
        return wanted < 0 ? wanted : 0;
    return error_set(error, TREADLE_ENOTFOUND,
                     "The file was removed from the vector store while it was read.");
}

int search_add(struct search *search, const struct search_file *file,
               const struct document *document, int64_t *usage, struct treadle_error *error)
{
    struct search_index *index = NULL;
    struct language *language = NULL;
    struct buffer name;
    buffer_init(&name, NAME_BYTES * 16);
    const char *language_code = document_language(document);
    int rc = language_new(&language, language_code, error);
    if (!rc)
        rc = filename_terms(language, file->filename, &name, error);
    if (!rc)
        rc = search_index_acquire(search, file->store_id, true, &index, error);
    if (rc)
        goto done;
    pthread_mutex_lock(&index->writing);
    struct writing writing = {.db = index->writer, .filename_terms = name.data, .stop = file->stop};
    rc = search_index_execute(index->writer, "BEGIN IMMEDIATE", error);
    if (!rc) {
        rc = write_document(&writing, file, document, language, language_code, error);
        if (!rc)
            rc = check_wanted(search, file, error);
        rc = commit_or_roll_back(index->writer, rc, error);
    }
    pthread_mutex_unlock(&index->writing);
    if (!rc) {
        *usage = writing.usage;
        vectorise_wake(search_index_vectorise(search), file->store_id);
    }
done:
    search_note(search, file->store_id, rc, error);
    search_index_release(search, index);
    buffer_clear(&name);
    language_free(language);
    return rc;
}

static int count_rows(sqlite3 *db, const char *sql, int64_t *out, struct treadle_error *error)
{
    sqlite3_stmt *row;
    int rc = search_index_prepare(db, &row, sql, error);
    if (rc)
        return rc;
    if (sqlite3_step(row) == SQLITE_ROW)
        *out = sqlite3_column_int64(row, 0);
    else
        rc = search_index_error(db, "Reading", error);
    sqlite3_finalize(row);
    return rc;
}

/* FTS5 only marks terms as deleted until it merges: writes the lists of terms anew, without them.
 * That costs what the whole index costs, so a large one waits for the next merge. */
static int forget_terms(sqlite3 *db, struct treadle_error *error)
{
    int64_t chunks = 0;
    int rc = count_rows(db, "SELECT count(*) FROM chunk", &chunks, error);
    if (rc || chunks > MOST_REWRITTEN)
        return rc;
    return search_index_execute(db, "INSERT INTO term(term) VALUES('optimize')", error);
}

/* Deletes, writes zeros where the text was, and empties the log. Called with the writing lock. */
static int erase(struct search_index *index, const char *file_id, struct treadle_error *error)
{
    sqlite3 *db = index->writer;
    int64_t before = sqlite3_total_changes64(db);
    int rc = search_index_execute(db, "PRAGMA secure_delete = ON; BEGIN IMMEDIATE", error);
    if (rc)
        return rc;
    rc = delete_file(db, file_id, error);
    bool changed = sqlite3_total_changes64(db) != before;
    if (!rc && changed)
        rc = forget_terms(db, error);
    rc = commit_or_roll_back(db, rc, error);
    sqlite3_exec(db, "PRAGMA secure_delete = OFF", NULL, NULL, NULL);
    if (rc || !changed)
        return rc;
    /* No reader is active: the log can be emptied only then. */
    pthread_mutex_lock(&index->reading);
    if (sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL) != SQLITE_OK)
        rc = search_index_error(db, "Emptying the log of", error);
    pthread_mutex_unlock(&index->reading);
    return rc;
}

int search_remove_file(struct search *search, const char *store_id, const char *file_id,
                       struct treadle_error *error)
{
    struct search_index *index = NULL;
    int rc = search_index_acquire(search, store_id, false, &index, error);
    if (rc || !index)
        return rc;
    pthread_mutex_lock(&index->writing);
    int wanted = search->db ? search_wanted(search, store_id, file_id, error) : 0;
    rc = wanted < 0 ? wanted : wanted ? 0 : erase(index, file_id, error);
    if (!rc)
        vectors_trim(search, index);
    pthread_mutex_unlock(&index->writing);
    search_note(search, store_id, rc, error);
    search_index_release(search, index);
    return rc;
}

int search_remove_store(struct search *search, const char *store_id, struct treadle_error *error)
{
    return search_index_remove(search, store_id, error);
}

/* Joins the chunks, each without what the previous one had already. */
static int join_text(sqlite3 *db, const char *file_id, struct buffer *out,
                     struct treadle_error *error)
{
    sqlite3_stmt *rows;
    int rc = search_index_prepare(db, &rows,
                                  "SELECT text, overlap FROM file JOIN chunk"
                                  " ON chunk.file = file.id WHERE file_id = ? ORDER BY number",
                                  error);
    if (rc)
        return rc;
    sqlite3_bind_text(rows, 1, file_id, -1, SQLITE_STATIC);
    int step;
    while ((step = sqlite3_step(rows)) == SQLITE_ROW) {
        const char *text = (const char *)sqlite3_column_text(rows, 0);
        int64_t length = sqlite3_column_bytes(rows, 0), from = sqlite3_column_int64(rows, 1);
        if (!text || from < 0 || from > length)
            from = length;
        if (out->length && length > from && from == 0)
            buffer_append_char(out, '\n');
        else if (out->length && length > from)
            buffer_append_char(out, text[from - 1]);
        buffer_append(out, text ? text + from : "", (size_t)(length - from));
    }
    if (step != SQLITE_DONE)
        rc = search_index_error(db, "Reading", error);
    sqlite3_finalize(rows);
    if (!rc && out->failed)
        rc = error_set_memory(error);
    return rc;
}

static int file_exists(sqlite3 *db, const char *file_id, struct treadle_error *error)
{
    sqlite3_stmt *row;
    int rc = search_index_prepare(db, &row, "SELECT 1 FROM file WHERE file_id = ?", error);
    if (rc)
        return rc;
    sqlite3_bind_text(row, 1, file_id, -1, SQLITE_STATIC);
    int step = sqlite3_step(row);
    if (step == SQLITE_DONE)
        rc = error_set(error, TREADLE_ENOTFOUND, "The file is not in this vector store.");
    else if (step != SQLITE_ROW)
        rc = search_index_error(db, "Reading", error);
    sqlite3_finalize(row);
    return rc;
}

int search_text(struct search *search, const char *store_id, const char *file_id,
                struct arena *arena, const char **out, struct treadle_error *error)
{
    struct search_index *index = NULL;
    int rc = search_index_acquire(search, store_id, false, &index, error);
    if (rc)
        return rc;
    if (!index) {
        search_suspect(search, store_id);
        return error_set(error, TREADLE_ENOTFOUND, "The file is not in this vector store.");
    }
    struct buffer text;
    buffer_init(&text, TEXT_BYTES);
    pthread_mutex_lock(&index->reading);
    rc = file_exists(index->reader, file_id, error);
    if (!rc)
        rc = join_text(index->reader, file_id, &text, error);
    pthread_mutex_unlock(&index->reading);
    search_note(search, store_id, rc, error);
    search_index_release(search, index);
    if (!rc) {
        char *copy = arena_copy(arena, text.length ? text.data : "", text.length);
        if (copy)
            *out = copy;
        else
            rc = error_set_memory(error);
    }
    buffer_clear(&text);
    return rc;
}
