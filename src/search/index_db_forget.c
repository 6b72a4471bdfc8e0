/*
 * The index of a vector store in SQLite: what makes the text of deleted files disappear from its
 * files.
 *
 * SQLite writes zeros over what it deletes (secure_delete), but FTS5 only marks words as deleted:
 * they stay in its lists until those are merged. So a deletion also leaves a mark in the index, and
 * as long as it is there the lists are merged into one, a slice a transaction. Then unused pages
 * are returned and the log is emptied. Since the mark is in the index, this continues after a kill.
 */
#include "base/error.h"
#include "search/index_db_sqlite.h"

enum { MANY_UNUSED = 8 /* one page in so many */ };

int index_db_erase(struct index_db *db, const char *file_id, struct treadle_error *error)
{
    int64_t before = sqlite3_total_changes64(db->connection);
    int rc = index_db_begin(db, error);
    if (rc)
        return rc;
    rc = index_db_delete_file(db, file_id, error);
    if (!rc && sqlite3_total_changes64(db->connection) != before)
        rc = index_db_execute(db, "INSERT OR IGNORE INTO unforgotten VALUES(1)", error);
    return index_db_end(db, rc, error);
}

int index_db_has_traces(struct index_db *db, bool *out, struct treadle_error *error)
{
    int64_t marks = 0;
    int rc = index_db_number(db, "SELECT count(*) FROM unforgotten", &marks, error);
    if (!rc)
        *out = marks > 0;
    return rc;
}

/* An index that was made without incremental vacuum keeps its size. */
static int return_pages(struct index_db *db, bool *done, struct treadle_error *error)
{
    int64_t unused = 0, left = 0, pages = 0;
    int rc = index_db_number(db, "PRAGMA freelist_count", &unused, error);
    if (!rc)
        rc = index_db_number(db, "PRAGMA page_count", &pages, error);
    *done = unused <= pages / MANY_UNUSED;
    if (rc || *done)
        return rc;
    rc = index_db_execute(db, "PRAGMA incremental_vacuum(500)", error);
    if (!rc)
        rc = index_db_number(db, "PRAGMA freelist_count", &left, error);
    *done = left == unused;
    return rc;
}

int index_db_forget(struct index_db *db, bool *done, struct treadle_error *error)
{
    int rc = index_db_begin(db, error);
    if (rc)
        return rc;
    *done = false;
    /* FTS5 shows that it merged by changing two rows or more. */
    int64_t before = sqlite3_total_changes64(db->connection);
    rc = index_db_execute(db, "INSERT INTO term(term, rank) VALUES('merge', -200)", error);
    if (!rc && sqlite3_total_changes64(db->connection) - before < 2)
        rc = return_pages(db, done, error);
    return index_db_end(db, rc, error);
}

int index_db_empty_log(struct index_db *db, struct treadle_error *error)
{
    if (sqlite3_wal_checkpoint_v2(db->connection, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL) !=
        SQLITE_OK)
        return index_db_error(db, "Emptying the log of", error);
    return index_db_execute(db, "DELETE FROM unforgotten", error);
}
