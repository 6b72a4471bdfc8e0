/*
 * Audit: compares the database, the contents of files and the search indexes with each other, both
 * ways. A server audits its store after each start, beside its other work, and repairs what it
 * finds; `treadle check` does so more deeply, on a store that is not being served.
 *
 * A repair removes nothing that cannot be made again: contents and indexes that no row knows are
 * moved aside, and text that is missing in an index is read again from the contents. Removals that
 * a transaction has begun are not findings.
 */
#ifndef SERVER_AUDIT_H
#define SERVER_AUDIT_H

#include <stdatomic.h>
#include <stdbool.h>

#include "search/ingest.h"
#include "search/search.h"
#include "store/blob.h"
#include "store/db.h"
#include "store/record_page.h"

enum audit_outcome { AUDIT_FOUND, AUDIT_REPAIRED, AUDIT_NOT_REPAIRED };

struct audit_finding {
    const char *kind; /* "contents", "index", "row" */
    const char *id;
    const char *problem;
    enum audit_outcome outcome;
    const char *why; /* it could not be repaired; else NULL */
};

struct audit {
    struct db *db;
    struct blob_store *blobs;
    struct search *search;
    struct ingest *ingest; /* woken when files are to be read again; may be NULL */
    bool deep; /* reads contents and indexes completely, and searches for rows without owners */
    bool repair;
    const atomic_bool *stop;                                            /* may be NULL */
    void (*report)(void *context, const struct audit_finding *finding); /* may be NULL */
    void *context;

    /* How much was checked and found, for the caller to set to 0. */
    size_t contents, indexes;
    size_t found, repaired;
};

int audit_run(struct audit *audit, struct treadle_error *error);

/* The parts of it: contents without rows, rows without contents, indexes without stores, stores
 * without their indexes, one store, rows without owners. */
int audit_strays(struct audit *audit, struct treadle_error *error);
int audit_contents(struct audit *audit, struct treadle_error *error);
int audit_stray_indexes(struct audit *audit, struct treadle_error *error);
int audit_indexes(struct audit *audit, struct treadle_error *error);
int audit_store(struct audit *audit, const char *store_id, struct treadle_error *error);
int audit_rows(struct audit *audit, struct treadle_error *error);

/* For the parts: counts and reports; `rc` is what the repair returned. */
void audit_note(struct audit *audit, const char *kind, const char *id, const char *problem, int rc,
                const struct treadle_error *error);
bool audit_stopped(const struct audit *audit);

/* The next portion of a walk over what is to be looked at, in the arena. */
struct audit_page {
    int (*walk)(struct db_session *session, struct record_walk *walk, struct arena *arena,
                struct treadle_error *error);
    struct arena *arena;
    struct record_walk at;
};

int audit_next_page(struct audit *audit, struct audit_page *page, struct treadle_error *error);

#endif
