/*
 * Index: which stores are open, and how a store's file is laid out.
 *
 * WAL with synchronous=FULL: a commit that returned is on disk, and after a kill at any moment the
 * file has the last commit. FTS5 keeps the terms of a passage beside its inverted index: so
 * deleting is exact, and ranking reads them instead of splitting the text again.
 */
#include "search/index.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/path.h"
#include "search/vectorise.h"
#include "search/vectors.h"

enum { OPEN_INDEXES = 16, BUSY_MILLISECONDS = 10000, LAYOUT = 2 };

/* Terms are as this room made them, between spaces: every sign that a term may have belongs to it,
 * and ASCII letters are lower case already. */
static const char layout[] =
    "BEGIN IMMEDIATE;"
    "CREATE TABLE file(id INTEGER PRIMARY KEY, file_id TEXT NOT NULL UNIQUE,"
    " filename TEXT NOT NULL, language TEXT NOT NULL, chunks INTEGER NOT NULL,"
    " passages INTEGER NOT NULL);"
    "CREATE TABLE chunk(id INTEGER PRIMARY KEY, file INTEGER NOT NULL REFERENCES file,"
    " number INTEGER NOT NULL, overlap INTEGER NOT NULL, pages TEXT NOT NULL, heading TEXT,"
    " text TEXT NOT NULL, UNIQUE(file, number));"
    "CREATE TABLE passage(id INTEGER PRIMARY KEY, chunk INTEGER NOT NULL REFERENCES chunk,"
    " start INTEGER NOT NULL, end INTEGER NOT NULL, weight REAL NOT NULL, heading TEXT);"
    "CREATE INDEX passage_by_chunk ON passage(chunk);"
    "CREATE VIRTUAL TABLE term USING fts5(body, above, filename,"
    " tokenize=\"ascii tokenchars '!#$%&*+,-./:;<=>?@^_`|~''()[]{}\\'\");"
    "INSERT INTO term(term, rank) VALUES('hashsize', 16777216);"
    "INSERT INTO term(term, rank) VALUES('rank', 'bm25(1.0, 2.0, 0.5)');"
    "CREATE VIRTUAL TABLE vocabulary USING fts5vocab(term, row);"
    "PRAGMA user_version = 2;"
    "COMMIT";

int search_open(struct search **out, const char *directory, struct treadle_error *error)
{
    if (mkdir(directory, 0700) != 0 && errno != EEXIST)
        return error_set_errno(error, TREADLE_EIO, errno, "Making the directory %s", directory);
    struct search *search = calloc(1, sizeof *search);
    if (!search || !(search->directory = strdup(directory))) {
        free(search);
        return error_set_memory(error);
    }
    pthread_mutex_init(&search->lock, NULL);
    *out = search;
    return 0;
}

static void index_close(struct search_index *index)
{
    vectors_close(&index->map);
    sqlite3_close(index->reader);
    sqlite3_close(index->writer);
    pthread_mutex_destroy(&index->reading);
    pthread_mutex_destroy(&index->writing);
    free(index);
}

void search_close(struct search *search)
{
    if (!search)
        return;
    vectorise_stop(search->vectorise);
    while (search->indexes) {
        struct search_index *index = search->indexes;
        search->indexes = index->next;
        index_close(index);
    }
    pthread_mutex_destroy(&search->lock);
    free(search->directory);
    free(search);
}

/* A caller that gets this error notes the index with search_note. */
static int fail_damaged(struct treadle_error *error)
{
    return error_set_wire(error, 503, "server_error", SEARCH_DAMAGED, NULL,
                          "The search index is damaged. It is being built again from the files.");
}

int search_use(struct search *search, const struct search_embedder *embedder,
               struct treadle_error *error)
{
    return vectorise_start(&search->vectorise, search, embedder, error);
}

void search_progress(struct search *search, struct search_progress *out)
{
    vectorise_progress(search->vectorise, out);
}

struct vectorise *search_index_vectorise(const struct search *search)
{
    return search->vectorise;
}

int search_index_error(sqlite3 *db, const char *what, struct treadle_error *error)
{
    int code = sqlite3_errcode(db);
    if (code == SQLITE_NOMEM)
        return error_set_memory(error);
    if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB)
        return fail_damaged(error);
    return error_set(error, code == SQLITE_BUSY ? TREADLE_EBUSY : TREADLE_EIO,
                     "%s the search index failed: %s.", what, sqlite3_errmsg(db));
}

int search_index_prepare(sqlite3 *db, sqlite3_stmt **out, const char *sql,
                         struct treadle_error *error)
{
    if (sqlite3_prepare_v2(db, sql, -1, out, NULL) == SQLITE_OK)
        return 0;
    return search_index_error(db, "Asking", error);
}

int search_index_execute(sqlite3 *db, const char *sql, struct treadle_error *error)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK)
        return 0;
    return search_index_error(db, "Writing", error);
}

const char *search_index_directory(const struct search *search)
{
    return search->directory;
}

/* A store's id becomes a file name, so it may hold nothing that a path could. */
static int make_path(const struct search *search, const char *store_id, const char *tail,
                     char **out, struct treadle_error *error)
{
    size_t length = store_id ? strlen(store_id) : 0;
    bool valid = length > 0 && length <= SEARCH_ID_BYTES;
    for (size_t i = 0; valid && i < length; i++) {
        char c = store_id[i];
        valid = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                c == '-' || c == '_';
    }
    if (!valid)
        return error_set(error, TREADLE_EINVALID, "This is not an id of a vector store.");
    if (asprintf(out, "%s/%s%s", search->directory, store_id, tail) < 0)
        return error_set_memory(error);
    return 0;
}

static int index_path(const struct search *search, const char *store_id, char **out,
                      struct treadle_error *error)
{
    return make_path(search, store_id, ".sqlite", out, error);
}

int search_index_vectors_path(const struct search *search, const char *store_id, char **out,
                              struct treadle_error *error)
{
    return make_path(search, store_id, ".vectors", out, error);
}

static int open_connection(sqlite3 **out, const char *path, int flags, struct treadle_error *error)
{
    int code = sqlite3_open_v2(path, out, flags | SQLITE_OPEN_NOMUTEX, NULL);
    if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB)
        return fail_damaged(error);
    if (code != SQLITE_OK)
        return error_set(error, code == SQLITE_NOMEM ? TREADLE_EMEMORY : TREADLE_EIO,
                         "Opening the search index failed: %s.", sqlite3_errstr(code));
    sqlite3_busy_timeout(*out, BUSY_MILLISECONDS);
    return search_index_execute(
        *out, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -2000",
        error);
}

static int index_version(sqlite3 *db, int *version, struct treadle_error *error)
{
    sqlite3_stmt *statement;
    int rc = search_index_prepare(db, &statement, "PRAGMA user_version", error);
    if (rc)
        return rc;
    if (sqlite3_step(statement) == SQLITE_ROW)
        *version = sqlite3_column_int(statement, 0);
    else
        rc = search_index_error(db, "Opening", error);
    sqlite3_finalize(statement);
    return rc;
}

static int index_open(struct search_index *index, const char *path, struct treadle_error *error)
{
    int version = 0;
    int rc =
        open_connection(&index->writer, path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, error);
    if (!rc)
        rc = index_version(index->writer, &version, error);
    if (!rc && version == 0)
        rc = search_index_execute(index->writer, layout, error);
    else if (!rc && version != LAYOUT)
        rc = fail_damaged(error); /* made by another version: treated as damaged */
    if (!rc)
        rc = vectors_prepare(index->writer, error);
    if (!rc)
        rc = open_connection(&index->reader, path, SQLITE_OPEN_READWRITE, error);
    return rc;
}

/* Closes the index that was idle longest when too many are open. */
static void evict(struct search *search)
{
    struct search_index **oldest = NULL;
    for (struct search_index **at = &search->indexes; *at; at = &(*at)->next)
        if ((*at)->users == 0 && (!oldest || (*at)->used_at < (*oldest)->used_at))
            oldest = at;
    if (search->open < OPEN_INDEXES || !oldest)
        return;
    struct search_index *index = *oldest;
    *oldest = index->next;
    search->open--;
    index_close(index);
}

size_t search_close_idle(struct search *search, unsigned seconds)
{
    int64_t before = clock_monotonic_us() - seconds * INT64_C(1000000);
    size_t closed = 0;
    pthread_mutex_lock(&search->lock);
    for (struct search_index **at = &search->indexes; *at;) {
        struct search_index *index = *at;
        if (index->users || index->used_at > before) {
            at = &index->next;
            continue;
        }
        *at = index->next;
        search->open--;
        closed++;
        index_close(index);
    }
    pthread_mutex_unlock(&search->lock);
    return closed;
}

static int index_add(struct search *search, const char *store_id, const char *path,
                     struct search_index **out, struct treadle_error *error)
{
    struct search_index *index = calloc(1, sizeof *index);
    if (!index)
        return error_set_memory(error);
    evict(search);
    pthread_mutex_init(&index->reading, NULL);
    pthread_mutex_init(&index->writing, NULL);
    memcpy(index->store_id, store_id, strlen(store_id));
    int rc = index_open(index, path, error);
    if (rc) {
        index_close(index);
        return rc;
    }
    index->next = search->indexes;
    search->indexes = index;
    search->open++;
    *out = index;
    return 0;
}

/* Indexes are made and removed under the same lock, so a removed index is not made again. */
static int check_wanted(struct search *search, const char *store_id, struct treadle_error *error)
{
    int wanted = search_wanted(search, store_id, NULL, error);
    if (wanted)
        return wanted < 0 ? wanted : 0;
    return error_set(error, TREADLE_ENOTFOUND, "The vector store was deleted or has expired.");
}

int search_index_acquire(struct search *search, const char *store_id, bool make,
                         struct search_index **out, struct treadle_error *error)
{
    char *path;
    int rc = index_path(search, store_id, &path, error);
    if (rc)
        return rc;
    pthread_mutex_lock(&search->lock);
    struct search_index *index = search->indexes;
    while (index && strcmp(index->store_id, store_id) != 0)
        index = index->next;
    bool there = index || access(path, F_OK) == 0;
    if (!there && make)
        rc = check_wanted(search, store_id, error);
    if (!index && !rc && (there || make))
        rc = index_add(search, store_id, path, &index, error);
    if (index) {
        index->users++;
        index->used_at = clock_monotonic_us();
    }
    pthread_mutex_unlock(&search->lock);
    free(path);
    if (!rc)
        *out = index;
    return rc;
}

void search_index_release(struct search *search, struct search_index *index)
{
    if (!index)
        return;
    pthread_mutex_lock(&search->lock);
    bool last = --index->users == 0 && index->removed;
    index->used_at = clock_monotonic_us();
    pthread_mutex_unlock(&search->lock);
    if (last)
        index_close(index);
}

bool search_index_is_removed(struct search *search, const struct search_index *index)
{
    pthread_mutex_lock(&search->lock);
    bool removed = index->removed;
    pthread_mutex_unlock(&search->lock);
    return removed;
}

/* Takes the index out of the list; returns it when it has no users. */
static struct search_index *detach(struct search *search, const char *store_id)
{
    struct search_index **at = &search->indexes;
    while (*at && strcmp((*at)->store_id, store_id) != 0)
        at = &(*at)->next;
    struct search_index *index = *at;
    if (!index)
        return NULL;
    *at = index->next;
    search->open--;
    index->removed = true;
    return index->users == 0 ? index : NULL;
}

/* The index of a store, what SQLite keeps beside it, and the vectors. */
static const char *const tails[] = {".sqlite-wal", ".sqlite-shm", ".vectors", ".sqlite"};

/* Unlinks the file, or moves it into the directory `aside`. A missing file is no error. */
static int take_away(const char *path, const char *name, const char *aside,
                     struct treadle_error *error)
{
    char target[PATH_MAX];
    if (!aside) {
        if (unlink(path) != 0 && errno != ENOENT)
            return error_set_errno(error, TREADLE_EIO, errno, "Deleting a search index");
        return 0;
    }
    int rc = path_join(target, aside, name, error);
    if (rc)
        return rc;
    if (rename(path, target) != 0 && errno != ENOENT)
        return error_set_errno(error, TREADLE_EIO, errno, "Moving a search index aside");
    return 0;
}

/* Called with the lock held. */
static int take_files(struct search *search, const char *store_id, const char *aside,
                      struct treadle_error *error)
{
    struct search_index *idle = detach(search, store_id);
    int rc = 0;
    if (idle)
        index_close(idle);
    for (size_t i = 0; !rc && i < sizeof tails / sizeof *tails; i++) {
        char path[PATH_MAX], name[SEARCH_ID_BYTES + 16];
        snprintf(name, sizeof name, "%s%s", store_id, tails[i]);
        rc = path_join(path, search->directory, name, error);
        if (!rc)
            rc = take_away(path, name, aside, error);
    }
    return rc;
}

int search_index_remove(struct search *search, const char *store_id, struct treadle_error *error)
{
    char *path;
    int rc = index_path(search, store_id, &path, error);
    if (rc)
        return rc;
    free(path);
    pthread_mutex_lock(&search->lock);
    int wanted = search->db ? search_wanted(search, store_id, NULL, error) : 0;
    rc = wanted < 0 ? wanted : wanted ? 0 : take_files(search, store_id, NULL, error);
    pthread_mutex_unlock(&search->lock);
    return rc;
}

int search_set_aside(struct search *search, const char *store_id, struct treadle_error *error)
{
    char *path, aside[PATH_MAX];
    int rc = index_path(search, store_id, &path, error);
    if (rc)
        return rc;
    free(path);
    rc = path_join(aside, search->directory, SEARCH_ASIDE, error);
    if (rc)
        return rc;
    if (mkdir(aside, 0700) != 0 && errno != EEXIST)
        return error_set_errno(error, TREADLE_EIO, errno, "Making the directory %s", aside);
    pthread_mutex_lock(&search->lock);
    rc = take_files(search, store_id, aside, error);
    pthread_mutex_unlock(&search->lock);
    return rc;
}
