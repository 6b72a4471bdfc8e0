/*
 * Fetching: images that messages name by their address, from the hosts that the operator allows.
 *
 * A host is allowed by its name, or by a suffix such as *.example.com, which means all names below
 * it. Connections are made to public addresses alone, whatever a name resolves to, unless that very
 * host was allowed by its name. A redirect is followed where it leads to an allowed host. No proxy
 * is used, since the address could not be checked through one.
 */
#ifndef OPENAI_FETCHER_H
#define OPENAI_FETCHER_H

#include "outbound/loop.h"

struct fetcher;

/* `hosts` ends with NULL. TREADLE_EINVALID for what is no host. */
int fetcher_new(struct fetcher **out, struct loop *loop, const char *const *hosts,
                struct treadle_error *error);

/* When nothing is being fetched any more. Accepts NULL. */
void fetcher_free(struct fetcher *fetcher);

/* Whether an address is one of http or https at an allowed host. */
bool fetcher_may(const struct fetcher *fetcher, const char *url);

struct fetch_outcome {
    const char *type; /* by the bytes, as "image/png" */
    const char *bytes;
    size_t length;
    const struct treadle_error *error; /* NULL when it worked; the rest is unset otherwise */
};

/* `done` is called exactly once, on the loop's thread, or within fetcher_fetch when it fails there;
 * the outcome is good until it returns. */
struct fetch_sink {
    void *context;
    void (*done)(void *context, const struct fetch_outcome *outcome);
};

/* Fetches an image of at most IMAGE_BYTES. `cancelled` may be NULL. */
void fetcher_fetch(struct fetcher *fetcher, const char *url, const atomic_bool *cancelled,
                   const struct fetch_sink *sink);

#endif
