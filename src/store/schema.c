/*
 * Schema: one table a kind of object.
 *
 * Each row keeps the printed object in `body`, so that a GET is a read and a send, beside the
 * columns that are queried. `seq` is the order of insertion, by which lists are ordered: there is
 * one writer, so it agrees with created_at and breaks its ties. `project` is the owner; no query
 * leaves it out. threads.active_run is the thread's lock. run_steps.detail is the object with the
 * content of its search results, which is sent only on demand.
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
    "  active_run TEXT, body TEXT NOT NULL);"
    "CREATE INDEX threads_project ON threads (project, seq);"

    "CREATE TABLE messages ("
    "  seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, project TEXT NOT NULL,"
    "  thread TEXT NOT NULL, run TEXT, body TEXT NOT NULL);"
    "CREATE INDEX messages_thread ON messages (thread, seq);"
    "CREATE INDEX messages_run ON messages (run, seq) WHERE run IS NOT NULL;"

    "CREATE TABLE runs ("
    "  seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, project TEXT NOT NULL,"
    "  thread TEXT NOT NULL, status TEXT NOT NULL, body TEXT NOT NULL);"
    "CREATE INDEX runs_thread ON runs (thread, seq);"
    "CREATE INDEX runs_project ON runs (project, seq);"
    "CREATE INDEX runs_status ON runs (project, status, seq);"
    "CREATE INDEX runs_active ON runs (status, seq)"
    "  WHERE status IN ('queued', 'in_progress', 'requires_action', 'cancelling');"

    "CREATE TABLE run_steps ("
    "  seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, project TEXT NOT NULL,"
    "  thread TEXT NOT NULL, run TEXT NOT NULL, status TEXT NOT NULL,"
    "  body TEXT NOT NULL, detail TEXT);"
    "CREATE INDEX run_steps_run ON run_steps (run, seq);"
    "CREATE INDEX run_steps_thread ON run_steps (thread, seq);"

    "CREATE TABLE files ("
    "  seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, project TEXT NOT NULL,"
    "  purpose TEXT NOT NULL, expires_at INTEGER, body TEXT NOT NULL);"
    "CREATE INDEX files_project ON files (project, seq);"
    "CREATE INDEX files_purpose ON files (project, purpose, seq);"
    "CREATE INDEX files_expiry ON files (expires_at) WHERE expires_at IS NOT NULL;"

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
    "  status TEXT NOT NULL, body TEXT NOT NULL, UNIQUE (store, file));"
    "CREATE INDEX vector_store_files_store ON vector_store_files (store, seq);"
    "CREATE INDEX vector_store_files_status ON vector_store_files (store, status, seq);"
    "CREATE INDEX vector_store_files_file ON vector_store_files (file);"
    "CREATE INDEX vector_store_files_pending ON vector_store_files (seq)"
    "  WHERE status = 'in_progress';",
    NULL,
};
