/*
 * Ingest: reads the files that were added to vector stores and makes them searchable. The work
 * waits in the database (vector_store_files in status in_progress); a few threads take those rows,
 * in the order that queue.h describes. So there is no queue in memory that could grow or be lost:
 * after a restart the same rows are found and read again.
 */
#ifndef SEARCH_INGEST_H
#define SEARCH_INGEST_H

#include "base/log.h"
#include "document/document.h"
#include "search/search.h"
#include "store/blob.h"
#include "store/db.h"

struct ingest;

struct ingest_options {
    struct db *db;
    struct blob_store *blobs;
    struct search *search;
    struct document_options document; /* its `server` and `stop` are set by ingest */
    size_t threads;                   /* 0: 2; at most 8 */
    struct log *log;
};

/* Starts the threads; they begin with the rows that an earlier process left. */
int ingest_open(struct ingest **out, const struct ingest_options *options,
                struct treadle_error *error);

/* How readers are confined, in the words of document_sandbox; NULL while that is not known. */
const char *ingest_sandbox(const struct ingest *ingest);

/* Notifies ingest that rows were added. Never blocks. */
void ingest_wake(struct ingest *ingest);

/* Stops reading (files in work stay in_progress), ends the threads, frees. Accepts NULL. */
void ingest_close(struct ingest *ingest);

#endif
