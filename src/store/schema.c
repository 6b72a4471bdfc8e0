/*
 * Schema: one table a kind of object.
 *
 * Each row keeps the printed object in `body`, so that a GET is a read and a send, beside the
 * columns that are queried. `seq` is the order of insertion, by which lists are ordered: there is
 * one writer, so it agrees with created_at and breaks its ties. `project` is the owner, which is a
 * condition of the handlers' queries; tables without it belong to rows that have it, or to the
 * store as a whole. threads.active_run is the thread's lock; its sums are those over its ended
 * runs. run_steps.detail is the object with the content of its search results, which is sent only
 * on demand; run_steps.held_usage is the usage so far of a step that waits for outputs, and
 * run_steps.recall what is needed to recall its searches. run_events is the log of each run, a row
 * for each transaction (run/run_log.h). Times of runs are in microseconds; queued_at is when a run
 * was last queued, by the wall clock. A batch of files has no printed object: its counts and its
 * status are those of the files that name it. thread_metadata has a row for each pair of a thread's
 * metadata, under the thread's seq. code_files has a row for each file that an assistant or a
 * thread (kind) gives to the code interpreter: an index over the lists in their objects. removals
 * has a row for each thing outside of the database whose row a transaction has deleted, until it is
 * gone (removal_record.h). files.sha256 is the sum of the contents; vector_stores.thread is the
 * thread for which the store was made, and with which it is deleted; a store that is `expired` has
 * no index. `expires_at` is when a row is to be swept, null when it is not to be, or has been.
 * places has a row for each object that was deleted a short time ago (place_record.h).
 */
#include "store/schema.h"

#include <stddef.h>

const char *const schema_migrations[] = {
    "CREATE TABLE assistants ("
    "  seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, project TEXT NOT NULL,"
    "  body TEXT NOT NULL);"
    "CREATE INDEX assistants_project ON assistants (project, seq);"

    "CREATE TABLE threads ("
    "  seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, project TEXT NOT NULL,"
    "  active_run TEXT, run_count INTEGER NOT NULL DEFAULT 0,"
    "  prompt_tokens INTEGER NOT NULL DEFAULT 0, completion_tokens INTEGER NOT NULL DEFAULT 0,"
    "  total_tokens INTEGER NOT NULL DEFAULT 0, body TEXT NOT NULL);"
    "CREATE INDEX threads_project ON threads (project, seq);"

    "CREATE TABLE thread_metadata ("
    "  project TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, seq INTEGER NOT NULL,"
    "  PRIMARY KEY (project, name, value, seq)) WITHOUT ROWID;"
    "CREATE INDEX thread_metadata_seq ON thread_metadata (seq);"

    "CREATE TABLE messages ("
    "  seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, project TEXT NOT NULL,"
    "  thread TEXT NOT NULL, run TEXT, body TEXT NOT NULL);"
    "CREATE INDEX messages_thread ON messages (thread, seq);"
    "CREATE INDEX messages_run ON messages (run, seq) WHERE run IS NOT NULL;"

    "CREATE TABLE runs ("
    "  seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, project TEXT NOT NULL,"
    "  thread TEXT NOT NULL, status TEXT NOT NULL, expires_at INTEGER,"
    "  queued_at INTEGER NOT NULL DEFAULT 0, queue_us INTEGER NOT NULL DEFAULT 0,"
    "  model_us INTEGER NOT NULL DEFAULT 0, tool_us INTEGER NOT NULL DEFAULT 0,"
    "  first_us INTEGER, body TEXT NOT NULL);"
    "CREATE INDEX runs_thread ON runs (thread, seq);"
    "CREATE INDEX runs_project ON runs (project, seq);"
    "CREATE INDEX runs_status ON runs (project, status, seq);"
    /* Active runs have a time of expiry, others have none. */
    "CREATE INDEX runs_active ON runs (status, seq) WHERE expires_at IS NOT NULL;"
    "CREATE INDEX runs_queued ON runs (project, seq) WHERE status = 'queued';"
    "CREATE INDEX runs_expiry ON runs (expires_at) WHERE expires_at IS NOT NULL;"

    "CREATE TABLE run_steps ("
    "  seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, project TEXT NOT NULL,"
    "  thread TEXT NOT NULL, run TEXT NOT NULL, status TEXT NOT NULL,"
    "  body TEXT NOT NULL, detail TEXT, held_usage TEXT, recall TEXT,"
    "  prompt_tokens INTEGER, completion_tokens INTEGER, cached_tokens INTEGER,"
    "  reasoning_tokens INTEGER);"
    "CREATE INDEX run_steps_run ON run_steps (run, seq);"
    "CREATE INDEX run_steps_thread ON run_steps (thread, seq);"

    "CREATE TABLE run_events ("
    "  seq INTEGER PRIMARY KEY, run TEXT NOT NULL, first INTEGER NOT NULL,"
    "  last INTEGER NOT NULL, body TEXT NOT NULL, UNIQUE (run, first));"

    "CREATE TABLE files ("
    "  seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, project TEXT NOT NULL,"
    "  purpose TEXT NOT NULL, expires_at INTEGER, body TEXT NOT NULL);"
    "CREATE INDEX files_project ON files (project, seq);"
    "CREATE INDEX files_purpose ON files (project, purpose, seq);"
    "CREATE INDEX files_expiry ON files (expires_at) WHERE expires_at IS NOT NULL;"

    "CREATE TABLE uploads ("
    "  seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, project TEXT NOT NULL,"
    "  expires_at INTEGER, file_life INTEGER NOT NULL, body TEXT NOT NULL);"
    "CREATE INDEX uploads_expiry ON uploads (expires_at) WHERE expires_at IS NOT NULL;"

    "CREATE TABLE upload_parts ("
    "  seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, upload TEXT NOT NULL,"
    "  bytes INTEGER NOT NULL);"
    "CREATE INDEX upload_parts_upload ON upload_parts (upload, seq);"

    "CREATE TABLE vector_stores ("
    "  seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, project TEXT NOT NULL,"
    "  expires_at INTEGER, body TEXT NOT NULL);"
    "CREATE INDEX vector_stores_project ON vector_stores (project, seq);"
    "CREATE INDEX vector_stores_expiry ON vector_stores (expires_at)"
    "  WHERE expires_at IS NOT NULL;"

    /* AUTOINCREMENT: ingest takes rows by ascending seq, so one must never be used again. */
    "CREATE TABLE vector_store_files ("
    "  seq INTEGER PRIMARY KEY AUTOINCREMENT, store TEXT NOT NULL, file TEXT NOT NULL, project "
    "TEXT NOT NULL,"
    "  status TEXT NOT NULL, batch TEXT, body TEXT NOT NULL, UNIQUE (store, file));"
    "CREATE INDEX vector_store_files_store ON vector_store_files (store, seq);"
    "CREATE INDEX vector_store_files_status ON vector_store_files (store, status, seq);"
    "CREATE INDEX vector_store_files_file ON vector_store_files (file);"
    "CREATE INDEX vector_store_files_pending ON vector_store_files (seq)"
    "  WHERE status = 'in_progress';"
    "CREATE INDEX vector_store_files_batch ON vector_store_files (batch, seq)"
    "  WHERE batch IS NOT NULL;"
    "CREATE INDEX vector_store_files_batch_status ON vector_store_files (batch, status, seq)"
    "  WHERE batch IS NOT NULL;"

    "CREATE TABLE vector_store_batches ("
    "  seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, project TEXT NOT NULL,"
    "  store TEXT NOT NULL, created_at INTEGER NOT NULL, cancelled INTEGER NOT NULL);"
    "CREATE INDEX vector_store_batches_store ON vector_store_batches (store);"

    /* One row, written to find out whether the store accepts writes. */
    "CREATE TABLE heartbeats (id INTEGER PRIMARY KEY CHECK (id = 1), at INTEGER NOT NULL);"

    "CREATE TABLE keys ("
    "  seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, project TEXT NOT NULL,"
    "  hash TEXT NOT NULL, body TEXT NOT NULL);"

    "CREATE TABLE code_files ("
    "  file TEXT NOT NULL, holder TEXT NOT NULL, kind INTEGER NOT NULL,"
    "  PRIMARY KEY (file, holder)) WITHOUT ROWID;"
    "CREATE INDEX code_files_holder ON code_files (holder);",

    /* The name and the epoch of the database (store/pairing.h). */
    "CREATE TABLE identity ("
    "  id INTEGER PRIMARY KEY CHECK (id = 1), name TEXT NOT NULL, epoch INTEGER NOT NULL);"
    "INSERT INTO identity VALUES (1, lower(hex(randomblob(16))), 0);"
    "CREATE TABLE removals ("
    "  seq INTEGER PRIMARY KEY AUTOINCREMENT, kind INTEGER NOT NULL, id TEXT NOT NULL, file TEXT);"
    "CREATE INDEX removals_id ON removals (id);"
    "ALTER TABLE files ADD COLUMN sha256 TEXT;"
    "ALTER TABLE vector_stores ADD COLUMN thread TEXT;"
    "ALTER TABLE vector_stores ADD COLUMN expired INTEGER NOT NULL DEFAULT 0;"
    "UPDATE vector_stores SET expired = 1 WHERE json_extract(body, '$.status') = 'expired';"
    "CREATE INDEX vector_stores_thread ON vector_stores (thread) WHERE thread IS NOT NULL;",

    "CREATE TABLE remains (id TEXT PRIMARY KEY, kind INTEGER NOT NULL) WITHOUT ROWID;",

    /* Files wait by project, by how long their reading is expected to take, and by age. */
    "ALTER TABLE vector_store_files ADD COLUMN level INTEGER NOT NULL DEFAULT 0;"
    "CREATE INDEX vector_store_files_level ON vector_store_files (project, level, seq)"
    "  WHERE status = 'in_progress';"
    "CREATE INDEX vector_store_files_age ON vector_store_files (project, seq)"
    "  WHERE status = 'in_progress';",

    "CREATE TABLE places ("
    "  place INTEGER PRIMARY KEY, source TEXT NOT NULL, id TEXT NOT NULL, scope TEXT NOT NULL,"
    "  seq INTEGER NOT NULL, at INTEGER NOT NULL, UNIQUE (source, id, scope));",

    "CREATE TABLE idempotency ("
    "  seq INTEGER PRIMARY KEY, project TEXT NOT NULL, name TEXT NOT NULL,"
    "  fingerprint TEXT NOT NULL, body TEXT, streamed INTEGER NOT NULL, after INTEGER NOT NULL,"
    "  at INTEGER NOT NULL, UNIQUE (project, name));",
    NULL,
};
