/*
 * Idempotency records: what requests with an Idempotency-Key have done, kept for a day.
 *
 * The row is written in the transaction of the request's work, so a request that is sent again
 * finds it exactly where the work was done.
 */
#ifndef STORE_IDEMPOTENCY_RECORD_H
#define STORE_IDEMPOTENCY_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "store/db.h"

enum { IDEMPOTENCY_SECONDS = 24 * 3600 };

struct idempotency_record {
    const char *fingerprint; /* of the request */
    const char *body;        /* of the reply; NULL where it was not made yet */
    bool streamed;           /* the reply is the stream of the run in `body`, after that event */
    int64_t after;
};

/* TREADLE_ENOTFOUND where the project has no such key. */
int idempotency_record_find(struct db_session *session, const char *project, const char *key,
                            struct arena *arena, struct idempotency_record *out,
                            struct treadle_error *error);

int idempotency_record_insert(struct db_session *session, const char *project, const char *key,
                              const struct idempotency_record *record, struct treadle_error *error);

/* Adds the reply of a record that was inserted without one. */
int idempotency_record_conclude(struct db_session *session, const char *project, const char *key,
                                const char *body, struct treadle_error *error);

/* Whether the oldest was written before that time; and the removal of some of those. */
int idempotency_record_due(struct db_session *session, int64_t before, bool *out,
                           struct treadle_error *error);
int idempotency_record_sweep(struct db_session *session, int64_t before,
                             struct treadle_error *error);

#endif
