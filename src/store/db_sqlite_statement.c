/*
 * Statements, and the cache of them that each session keeps.
 *
 * The cache finds a statement by its text. A full cache drops the statement whose last use is
 * longest ago, but never one of the present work, which may still use it. When a work ends, its
 * statements are reset and unbound, so that no cursor and no value outlives it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/hash.h"
#include "store/db_sqlite.h"

enum { CACHE_SIZE = 96 };

struct statement {
    struct db_statement base;
    struct db_sqlite_cache *cache;
    sqlite3_stmt *handle;
    uint64_t hash;
    uint64_t work;    /* the number of the last work that used it */
    int bind_failure; /* the first result code of a failed bind */
    bool finished;    /* stepped to its end or to an error */
    char sql[];
};

struct db_sqlite_cache {
    struct db_sqlite_session *session;
    const struct db_backend *backend;
    uint64_t work; /* counts the works of the session */
    size_t count;
    struct statement *entries[CACHE_SIZE];
};

struct db_sqlite_cache *db_sqlite_cache_new(struct db_sqlite_session *session,
                                            const struct db_backend *backend)
{
    struct db_sqlite_cache *cache = calloc(1, sizeof *cache);
    if (cache) {
        cache->session = session;
        cache->backend = backend;
        cache->work = 1;
    }
    return cache;
}

static void statement_free(struct statement *statement)
{
    sqlite3_finalize(statement->handle);
    free(statement);
}

void db_sqlite_cache_free(struct db_sqlite_cache *cache)
{
    if (!cache)
        return;
    for (size_t i = 0; i < cache->count; i++)
        statement_free(cache->entries[i]);
    free(cache);
}

static void statement_reset(struct statement *statement)
{
    sqlite3_reset(statement->handle);
    sqlite3_clear_bindings(statement->handle);
    statement->bind_failure = SQLITE_OK;
    statement->finished = false;
}

void db_sqlite_cache_end_work(struct db_sqlite_cache *cache)
{
    for (size_t i = 0; i < cache->count; i++)
        if (cache->entries[i]->work == cache->work)
            statement_reset(cache->entries[i]);
    cache->work++;
}

static uint64_t hash_text(const char *text)
{
    uint64_t hash = HASH_START_64;
    for (; *text; text++)
        hash = hash_step_64(hash, (unsigned char)*text);
    return hash;
}

static struct statement *cache_find(struct db_sqlite_cache *cache, const char *sql, uint64_t hash)
{
    for (size_t i = 0; i < cache->count; i++) {
        struct statement *entry = cache->entries[i];
        if (entry->hash == hash && strcmp(entry->sql, sql) == 0)
            return entry;
    }
    return NULL;
}

/* A place for a new statement; CACHE_SIZE when the present work uses all. */
static size_t cache_free_slot(struct db_sqlite_cache *cache)
{
    if (cache->count < CACHE_SIZE)
        return cache->count;
    size_t oldest = 0;
    for (size_t i = 1; i < CACHE_SIZE; i++)
        if (cache->entries[i]->work < cache->entries[oldest]->work)
            oldest = i;
    return cache->entries[oldest]->work == cache->work ? CACHE_SIZE : oldest;
}

static int statement_new(struct statement **out, struct db_sqlite_cache *cache, const char *sql,
                         struct treadle_error *error)
{
    size_t size = strlen(sql) + 1;
    struct statement *statement = calloc(1, sizeof *statement + size);
    if (!statement)
        return error_set_memory(error);
    memcpy(statement->sql, sql, size);
    statement->base.backend = cache->backend;
    statement->cache = cache;
    statement->hash = hash_text(sql);
    sqlite3 *connection = db_sqlite_session_connection(cache->session);
    const char *rest = "";
    int code = sqlite3_prepare_v3(connection, sql, -1, SQLITE_PREPARE_PERSISTENT,
                                  &statement->handle, &rest);
    int rc = 0;
    if (code != SQLITE_OK)
        rc = db_sqlite_error(connection, code, error);
    else if (!statement->handle || rest[strspn(rest, "; \t\r\n")] != '\0')
        rc = error_set(error, TREADLE_EINVALID, "not exactly one statement");
    if (rc < 0)
        statement_free(statement);
    else
        *out = statement;
    return rc;
}

int db_sqlite_cache_get(struct db_sqlite_cache *cache, struct db_statement **out, const char *sql,
                        struct treadle_error *error)
{
    struct statement *statement = cache_find(cache, sql, hash_text(sql));
    if (statement) {
        /* Statements of earlier works were reset at their end. */
        if (statement->work == cache->work)
            statement_reset(statement);
    } else {
        size_t slot = cache_free_slot(cache);
        if (slot == CACHE_SIZE)
            return error_set(error, TREADLE_ELIMIT, "more than %d statements in one piece of work",
                             CACHE_SIZE);
        int rc = statement_new(&statement, cache, sql, error);
        if (rc < 0)
            return rc;
        if (slot < cache->count)
            statement_free(cache->entries[slot]);
        else
            cache->count++;
        cache->entries[slot] = statement;
    }
    statement->work = cache->work;
    *out = &statement->base;
    return 0;
}

int db_sqlite_parameters(struct db_statement *base)
{
    return sqlite3_bind_parameter_count(((struct statement *)base)->handle);
}

static void note_bind(struct statement *statement, int code)
{
    if (statement->bind_failure == SQLITE_OK)
        statement->bind_failure = code;
}

void db_sqlite_bind_text(struct db_statement *base, int index, const char *text)
{
    struct statement *statement = (struct statement *)base;
    note_bind(statement, sqlite3_bind_text64(statement->handle, index, text, strlen(text),
                                             SQLITE_TRANSIENT, SQLITE_UTF8));
}

void db_sqlite_bind_blob(struct db_statement *base, int index, const void *bytes, size_t length)
{
    struct statement *statement = (struct statement *)base;
    if (length == 0)
        bytes = "";
    note_bind(statement,
              bytes ? sqlite3_bind_blob64(statement->handle, index, bytes, length, SQLITE_TRANSIENT)
                    : SQLITE_MISUSE);
}

void db_sqlite_bind_integer(struct db_statement *base, int index, int64_t value)
{
    struct statement *statement = (struct statement *)base;
    note_bind(statement, sqlite3_bind_int64(statement->handle, index, value));
}

void db_sqlite_bind_null(struct db_statement *base, int index)
{
    struct statement *statement = (struct statement *)base;
    note_bind(statement, sqlite3_bind_null(statement->handle, index));
}

int db_sqlite_step(struct db_statement *base, struct treadle_error *error)
{
    struct statement *statement = (struct statement *)base;
    struct db_sqlite_session *session = statement->cache->session;
    if (!db_sqlite_session_in_transaction(session))
        return db_sqlite_session_report_loss(session, error);
    if (statement->finished)
        return error_set(error, TREADLE_ESTATE, "the statement is finished; prepare it again");
    int rc = db_sqlite_session_check(session, error);
    if (rc < 0)
        return rc;
    int code = statement->bind_failure;
    errno = 0; /* for db_sqlite_error */
    if (code == SQLITE_OK)
        code = sqlite3_step(statement->handle);
    if (code == SQLITE_ROW)
        return 1;
    statement->finished = true;
    rc = code == SQLITE_DONE ? 0 : db_sqlite_session_step_failed(session, code, error);
    /* Ends its hold on the database now rather than when the work ends. */
    sqlite3_reset(statement->handle);
    return rc;
}

/* For a value that is not null and for which SQLite returns no pointer: an empty value, unless
 * there was no memory to convert it. */
static const char *without_pointer(struct statement *statement)
{
    struct db_sqlite_session *session = statement->cache->session;
    if (sqlite3_errcode(db_sqlite_session_connection(session)) != SQLITE_NOMEM)
        return "";
    db_sqlite_session_value_failed(session);
    return NULL;
}

const char *db_sqlite_column_text(struct db_statement *base, int column, size_t *length)
{
    struct statement *statement = (struct statement *)base;
    bool is_null = sqlite3_column_type(statement->handle, column) == SQLITE_NULL;
    const char *text = (const char *)sqlite3_column_text(statement->handle, column);
    if (!is_null && !text)
        text = without_pointer(statement);
    size_t size = text ? (size_t)sqlite3_column_bytes(statement->handle, column) : 0;
    db_sqlite_session_handed(statement->cache->session, size);
    if (length)
        *length = size;
    return text;
}

const void *db_sqlite_column_blob(struct db_statement *base, int column, size_t *length)
{
    struct statement *statement = (struct statement *)base;
    bool is_null = sqlite3_column_type(statement->handle, column) == SQLITE_NULL;
    const void *bytes = sqlite3_column_blob(statement->handle, column);
    if (!is_null && !bytes)
        bytes = without_pointer(statement);
    if (length)
        *length = bytes ? (size_t)sqlite3_column_bytes(statement->handle, column) : 0;
    return bytes;
}

int64_t db_sqlite_column_integer(struct db_statement *base, int column)
{
    return sqlite3_column_int64(((struct statement *)base)->handle, column);
}

bool db_sqlite_column_is_null(struct db_statement *base, int column)
{
    return sqlite3_column_type(((struct statement *)base)->handle, column) == SQLITE_NULL;
}
