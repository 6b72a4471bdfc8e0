/*
 * The index of a vector store in SQLite: how it is laid out, opened, checked and copied.
 *
 * WAL with synchronous=FULL: a commit that returned is on disk, and after a kill at any moment the
 * file has the last commit. FTS5 keeps the terms of a passage beside its inverted index: so
 * deleting is exact, and ranking reads them instead of splitting the text again.
 */
#include "search/index_db.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "search/index_db_sqlite.h"
#include "store/sqlite_copy.h"

enum { BUSY_MILLISECONDS = 10000, LAYOUT = 2 };

/* What SQLite keeps beside the index goes before it. */
const char *const index_db_tails[] = {".sqlite-wal", ".sqlite-shm", INDEX_DB_TAIL, NULL};

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

/* What came after the first version of this layout. A row of `unforgotten` says that there are
 * traces of deleted text. */
static const char later_layout[] =
    "CREATE TABLE IF NOT EXISTS vectors(file INTEGER PRIMARY KEY, version TEXT NOT NULL,"
    " dimensions INTEGER NOT NULL, windows INTEGER NOT NULL, place INTEGER NOT NULL,"
    " bytes INTEGER NOT NULL);"
    "CREATE TABLE IF NOT EXISTS unforgotten(one INTEGER PRIMARY KEY)";

/* ---- Statements ----------------------------------------------------------------------------- */

static int fail_damaged(struct treadle_error *error)
{
    return error_set_wire(error, 503, "server_error", SEARCH_DAMAGED, NULL,
                          "The search index is damaged. It is being built again from the files.");
}

int index_db_error(struct index_db *db, const char *doing, struct treadle_error *error)
{
    int code = sqlite3_errcode(db->connection);
    if (code == SQLITE_NOMEM)
        return error_set_memory(error);
    if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB)
        return fail_damaged(error);
    return error_set(error, code == SQLITE_BUSY ? TREADLE_EBUSY : TREADLE_EIO,
                     "%s the search index failed: %s.", doing, sqlite3_errmsg(db->connection));
}

int index_db_prepare(struct index_db *db, sqlite3_stmt **out, const char *sql,
                     struct treadle_error *error)
{
    if (sqlite3_prepare_v2(db->connection, sql, -1, out, NULL) == SQLITE_OK)
        return 0;
    return index_db_error(db, "Asking", error);
}

int index_db_keep(struct index_db *db, sqlite3_stmt **statement, const char *sql,
                  struct treadle_error *error)
{
    return *statement ? 0 : index_db_prepare(db, statement, sql, error);
}

int index_db_execute(struct index_db *db, const char *sql, struct treadle_error *error)
{
    if (sqlite3_exec(db->connection, sql, NULL, NULL, NULL) == SQLITE_OK)
        return 0;
    return index_db_error(db, "Writing", error);
}

int index_db_number(struct index_db *db, const char *sql, int64_t *out, struct treadle_error *error)
{
    sqlite3_stmt *row;
    int rc = index_db_prepare(db, &row, sql, error);
    if (rc)
        return rc;
    if (sqlite3_step(row) == SQLITE_ROW)
        *out = sqlite3_column_int64(row, 0);
    else
        rc = index_db_error(db, "Reading", error);
    sqlite3_finalize(row);
    return rc;
}

/* ---- Opening -------------------------------------------------------------------------------- */

/* Whether an index can shrink is chosen before anything is written to it. */
static int let_shrink(struct index_db *db, struct treadle_error *error)
{
    int64_t pages = 0;
    int rc = index_db_number(db, "PRAGMA page_count", &pages, error);
    return rc || pages ? rc : index_db_execute(db, "PRAGMA auto_vacuum = INCREMENTAL", error);
}

static int connect(struct index_db *db, const char *path, int flags, struct treadle_error *error)
{
    int code = sqlite3_open_v2(path, &db->connection, flags | SQLITE_OPEN_NOMUTEX, NULL);
    if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB)
        return fail_damaged(error);
    if (code != SQLITE_OK)
        return error_set(error, code == SQLITE_NOMEM ? TREADLE_EMEMORY : TREADLE_EIO,
                         "Opening the search index failed: %s.", sqlite3_errstr(code));
    sqlite3_busy_timeout(db->connection, BUSY_MILLISECONDS);
    int rc = let_shrink(db, error);
    if (rc)
        return rc;
    return index_db_execute(db,
                            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                            "PRAGMA cache_size = -2000; PRAGMA secure_delete = ON",
                            error);
}

static int lay_out(struct index_db *db, struct treadle_error *error)
{
    int64_t version = 0;
    int rc = index_db_number(db, "PRAGMA user_version", &version, error);
    if (!rc && version == 0)
        rc = index_db_execute(db, layout, error);
    else if (!rc && version != LAYOUT)
        rc = fail_damaged(error); /* made by another version: treated as damaged */
    return rc ? rc : index_db_execute(db, later_layout, error);
}

int index_db_open(struct index_db **out, const char *path, bool writes, struct treadle_error *error)
{
    struct index_db *db = calloc(1, sizeof *db);
    if (!db)
        return error_set_memory(error);
    int rc = connect(db, path, SQLITE_OPEN_READWRITE | (writes ? SQLITE_OPEN_CREATE : 0), error);
    if (!rc && writes)
        rc = lay_out(db, error);
    if (rc)
        index_db_close(db);
    else
        *out = db;
    return rc;
}

void index_db_close(struct index_db *db)
{
    if (!db)
        return;
    sqlite3_finalize(db->chunk);
    sqlite3_finalize(db->passage);
    sqlite3_finalize(db->term);
    sqlite3_finalize(db->locate);
    sqlite3_close(db->connection);
    free(db);
}

int index_db_copy(const char *from, const char *to, struct treadle_error *error)
{
    return sqlite_copy(from, to, error);
}

/* ---- Checking ------------------------------------------------------------------------------- */

static int check_pages(struct index_db *db, bool deep, struct treadle_error *error)
{
    sqlite3_stmt *row;
    int rc = index_db_prepare(db, &row, deep ? "PRAGMA integrity_check(1)" : "PRAGMA user_version",
                              error);
    if (rc)
        return rc;
    int step = sqlite3_step(row);
    const char *text = step == SQLITE_ROW ? (const char *)sqlite3_column_text(row, 0) : NULL;
    if (!text)
        rc = index_db_error(db, "Checking", error);
    else if (deep && strcmp(text, "ok") != 0)
        rc = error_set_wire(error, 503, "server_error", SEARCH_DAMAGED, NULL, "%.200s", text);
    sqlite3_finalize(row);
    return rc;
}

int index_db_check(struct index_db *db, bool deep, struct treadle_error *error)
{
    int rc = check_pages(db, deep, error);
    if (!rc && deep)
        rc = index_db_execute(db, "INSERT INTO term(term) VALUES('integrity-check')", error);
    return rc;
}
