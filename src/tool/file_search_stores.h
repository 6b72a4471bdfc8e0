/*
 * The vector stores of a run: which ones it may search, and waiting until they are ready.
 */
#ifndef TOOL_FILE_SEARCH_STORES_H
#define TOOL_FILE_SEARCH_STORES_H

#include "tool/tool.h"

/* The assistant's store and the thread's. */
enum { FILE_SEARCH_STORES = 2 };

struct file_search_stores {
    const char *ids[FILE_SEARCH_STORES];
    size_t count;
    const char *thread_store; /* NULL: none */
};

/* Finds the stores that are named in the tool_resources of the run and of its thread; ids of
 * deleted stores are dropped. TREADLE_EINVALID when one has expired, TREADLE_ENOTFOUND when the
 * thread is gone. */
int file_search_stores_find(const struct tool_context *context, struct file_search_stores *out,
                            struct treadle_error *error);

/* Whether all files of the thread's store were read. */
int file_search_stores_ready(struct db *db, const struct file_search_stores *stores, bool *out,
                             struct treadle_error *error);

/* Notes on each that it was used. */
int file_search_stores_touch(struct db_session *session, const struct file_search_stores *stores,
                             struct arena *arena, struct treadle_error *error);

#endif
