/*
 * Idempotency: a POST with an Idempotency-Key is carried out once.
 *
 * A client that lost an answer sends the same request again, with the same key, and gets the reply
 * of the first: the same object, and for a streamed run its events. Keys belong to a project and
 * are kept for a day. What a request refused is not kept, since nothing was done.
 */
#ifndef SERVER_IDEMPOTENCY_H
#define SERVER_IDEMPOTENCY_H

#include "resource/resource.h"

struct idempotency {
    const char *key; /* NULL: the request has none, and nothing below is set */
    const char *fingerprint;
    bool inserted; /* the record was written, without the reply */
};

/* Whether the request is to be carried out once. Those of the owner are not: the reply to one has a
 * key in it, which is stored nowhere. */
bool idempotency_applies(const struct endpoint *endpoint, const struct http_request *request);

/* Reads the request's key. An error of the protocol where it is not valid. */
int idempotency_read(struct idempotency *out, const struct resource_call *call,
                     struct treadle_error *error);

/* Replies where the request was carried out before, which sets `replied`. Fails with 409 where that
 * is still in progress and with 422 where the key came with another request. May block. */
int idempotency_repeat(const struct idempotency *idempotency, struct resource_call *call,
                       bool *replied, struct treadle_error *error);

/* Within the transaction of the request's work: before it, and after it, when the reply is made
 * unless the plan has a sequel. */
int idempotency_check(const struct idempotency *idempotency, struct db_session *session,
                      struct resource_call *call, struct treadle_error *error);
int idempotency_keep(struct idempotency *idempotency, struct db_session *session,
                     struct resource_call *call, const struct resource_plan *plan,
                     struct treadle_error *error);

/* After the last sequel, which made the reply. May block. */
int idempotency_conclude(const struct idempotency *idempotency, struct resource_call *call,
                         struct treadle_error *error);

#endif
