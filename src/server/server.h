/*
 * Server: Treadle as one object that a program starts and stops.
 *
 * `treadle serve` runs it in the foreground; `treadle ask` and the like run the same inside their
 * own process on a Unix socket. It owns the store, the indexes, the engine and the listener, and
 * keeps no global state.
 */
#ifndef SERVER_SERVER_H
#define SERVER_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/log.h"
#include "server/models.h"
#include "treadle/error.h"

struct server;

struct server_options {
    const char *listen[5]; /* as of http.h, ends with NULL */
    const char *store;     /* directory; made (mode 0700) when it is missing */
    const char *weights; /* of the sentence embedding: a path, "none", or NULL: at the usual place,
                            if they are there */
    const char *reader;  /* path of treadle-reader; NULL: beside the running program */
    /* What reading one document may take; 0: as of document.h. */
    const char *languages; /* of scans, such as "eng+deu"; "off": they are not read; NULL: "eng" */
    unsigned document_seconds, page_seconds;
    uint64_t reader_memory;
    size_t readers; /* documents that are read at once; 0: 2 */
    struct models_options models;
    struct log *log;                /* NULL: none; must outlive the server */
    size_t max_connections;         /* 0: as of http.h; the owner's socket has room of its own */
    size_t connections_per_address; /* 0: as of http.h */
    bool require_keys;              /* refuse clients without a key; the store's owner needs none */
    int64_t keep_days[4];           /* threads, runs, events of runs, ended uploads; 0: for ever */
    int64_t requests_per_minute;    /* with one key; 0: no limit */
    int64_t run_seconds;            /* that a run may take; 0: 600 */
    size_t runs_per_project;        /* executed at once; 0: no limit */
    const char *const *origins;     /* of pages that may ask, "*" for any; at most 16, then NULL */
    const char *tls_certificate;    /* PEM files; NULL: no TLS */
    const char *tls_key;
    bool owner_only; /* listen[0] is the only address, a Unix socket that the owner alone opens */
};

/* Opens the store, ends what a crash left active, and serves. TREADLE_EBUSY when another process
 * serves this store (server_find returns where) or an address is in use; TREADLE_ESTATE when there
 * are contents of files that the database does not know (opening.h); TREADLE_EINVALID for an
 * address off loopback unless keys are required and there is one. Besides the addresses given it
 * listens on the socket "socket" in the store, where requests need no key and may manage the store:
 * its owner alone can open it. */
int server_start(struct server **out, const struct server_options *options,
                 struct treadle_error *error);

/* The addresses as of http_address, NULL past the last. */
const char *server_address(const struct server *server, size_t index);

struct search_progress;

/* How far the vectors of what was indexed are: see search.h. */
void server_progress(const struct server *server, struct search_progress *out);

/* How the processes that read documents are confined when that is not the strongest way, and what
 * would make it stronger; false when it is, or is not known yet. The texts are static. */
bool server_sandbox_is_weak(const struct server *server, const char **sandbox, const char **advice);

/* Accepts no more connections and claims no more runs, waits at most that long for requests and
 * runs to end, then closes. Accepts NULL. */
void server_stop(struct server *server, unsigned grace_seconds);

/* Makes the store's directory when it is missing. A process of root changes to the user that owns
 * the store, for good; any other user is refused. server_start does it as well: this is for a
 * caller that makes files for the server before. */
int server_own(const char *store, struct treadle_error *error);

/* Where the process that serves this store listens for its owner: the address is copied to `out`.
 * TREADLE_ENOTFOUND when it is not served. */
int server_find(const char *store, char *out, size_t size, struct treadle_error *error);

#endif
