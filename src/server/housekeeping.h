/*
 * Housekeeping: a thread that removes what has expired. Once a second it ends what is due: runs
 * that are past their time or still cancelling, vector stores, uploads and files that expire. Every
 * few seconds it fails runs that nobody executes. It keeps what is outside of the database in step
 * with it (upkeep.h).
 */
#ifndef SERVER_HOUSEKEEPING_H
#define SERVER_HOUSEKEEPING_H

#include "base/log.h"
#include "engine/engine.h"
#include "search/ingest.h"
#include "search/search.h"
#include "server/reserve.h"
#include "store/blob.h"
#include "store/db.h"
#include "store/retention.h"

struct housekeeping;

struct housekeeping_options {
    struct db *db;
    struct blob_store *blobs;
    struct search *search;
    struct ingest *ingest; /* may be NULL, as the next */
    struct engine *engine;
    struct reserve *reserve; /* may be NULL */
    struct log *log;
    int64_t keep[RETENTION_KINDS]; /* seconds, as of retain.h */
};

int housekeeping_open(struct housekeeping **out, const struct housekeeping_options *options,
                      struct treadle_error *error);

/* Ends the thread after its present work. Accepts NULL. */
void housekeeping_close(struct housekeeping *housekeeping);

#endif
