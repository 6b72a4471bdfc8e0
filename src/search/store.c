/*
 * Store: adds a file's chunks to an index, removes them, and returns a file's text.
 */
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/error.h"
#include "search/chunk.h"
#include "search/index.h"
#include "search/vectorise.h"
#include "search/vectors.h"

enum {
    SAMPLE_BYTES = 20000,
    TEXT_BYTES = 256 << 20,
    NAME_BYTES = 1 << 12,
    LONGEST_REMOVAL_US = 1000000
};

/* What the visitor of chunks needs. */
struct writing {
    struct index_db *db;
    const char *filename_terms;
    const atomic_bool *stop;
    int64_t file, chunks, passages, usage;
};

static int write_chunk(void *context, const struct search_chunk *chunk, struct treadle_error *error)
{
    struct writing *writing = context;
    if (writing->stop && atomic_load(writing->stop))
        return error_set(error, TREADLE_ESTATE, "indexing the document was stopped");
    int rc = index_db_add_chunk(writing->db, writing->file, chunk, writing->filename_terms, error);
    writing->chunks++;
    writing->passages += (int64_t)chunk->passage_count;
    writing->usage += (int64_t)chunk->length;
    for (size_t i = 0; i < chunk->passage_count; i++)
        writing->usage +=
            (int64_t)(strlen(chunk->passages[i].body) + strlen(chunk->passages[i].above));
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

static int write_document(struct writing *writing, const struct search_file *file,
                          const struct document *document, struct language *language,
                          const char *language_code, struct treadle_error *error)
{
    int rc = index_db_delete_file(writing->db, file->file_id, error);
    if (!rc)
        rc = index_db_add_file(writing->db, file->file_id, file->filename, language_code,
                               &writing->file, error);
    if (!rc)
        rc = search_chunk_each(file, document, language, write_chunk, writing, error);
    if (!rc)
        rc = index_db_count_parts(writing->db, writing->file, writing->chunks, writing->passages,
                                  error);
    return rc;
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
    rc = index_db_begin(index->writer, error);
    if (!rc) {
        rc = write_document(&writing, file, document, language, language_code, error);
        if (!rc)
            rc = check_wanted(search, file, error);
        rc = index_db_end(index->writer, rc, error);
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

/* Deletes the file, unless it is still in the store. */
static int erase(struct search *search, struct search_index *index, const char *file_id,
                 struct treadle_error *error)
{
    pthread_mutex_lock(&index->writing);
    int wanted = search->db ? search_wanted(search, index->store_id, file_id, error) : 0;
    int rc = wanted < 0 ? wanted : 0;
    if (!wanted)
        rc = index_db_erase(index->writer, file_id, error);
    if (!rc)
        vectors_trim(search, index);
    pthread_mutex_unlock(&index->writing);
    return rc;
}

/* Removes some of the traces of deleted files; others can write between two calls. 1 when none are
 * left. */
static int forget_some(struct search_index *index, struct treadle_error *error)
{
    bool traces = false, done = false;
    pthread_mutex_lock(&index->writing);
    int rc = index_db_has_traces(index->writer, &traces, error);
    if (!rc && traces)
        rc = index_db_forget(index->writer, &done, error);
    if (!rc && done) {
        /* No reader is active: the log can be emptied only then. */
        pthread_mutex_lock(&index->reading);
        rc = index_db_empty_log(index->writer, error);
        pthread_mutex_unlock(&index->reading);
    }
    pthread_mutex_unlock(&index->writing);
    return rc ? rc : done || !traces;
}

int search_remove_file(struct search *search, const char *store_id, const char *file_id,
                       struct treadle_error *error)
{
    struct search_index *index = NULL;
    int64_t until = clock_monotonic_us() + LONGEST_REMOVAL_US;
    int rc = search_index_acquire(search, store_id, false, &index, error);
    if (rc || !index)
        return rc;
    rc = erase(search, index, file_id, error);
    if (!rc) {
        while (!(rc = forget_some(index, error)) && clock_monotonic_us() < until)
            continue;
        rc = rc < 0 ? rc : !rc;
    }
    search_note(search, store_id, rc, error);
    search_index_release(search, index);
    return rc;
}

int search_remove_store(struct search *search, const char *store_id, struct treadle_error *error)
{
    return search_index_remove(search, store_id, error);
}

/* Joins the chunks, each without what the previous one had already. */
static int join_text(void *context, const char *text, size_t length, int64_t overlap,
                     struct treadle_error *error)
{
    struct buffer *out = context;
    size_t from = overlap < 0 || (uint64_t)overlap > length ? length : (size_t)overlap;
    if (out->length && length > from)
        buffer_append_char(out, from ? text[from - 1] : '\n');
    buffer_append(out, text + from, length - from);
    return out->failed ? error_set_memory(error) : 0;
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
    int64_t file;
    rc = index_db_find_file(index->reader, file_id, &file, error);
    if (!rc)
        rc = index_db_each_text(index->reader, file, -1, join_text, &text, error);
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
