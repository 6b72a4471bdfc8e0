/*
 * Launching: one reader process and its output.
 */
#ifndef DOCUMENT_LAUNCH_H
#define DOCUMENT_LAUNCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "treadle/error.h"

struct fork_server;

struct launch_options {
    struct fork_server *server;
    const char *recognize; /* languages in which pictures are read; NULL: text is */
    const char *format;    /* what the document is, as format.h names it; NULL with `check` */
    bool check;            /* only confine and end; no document is needed */
    int document;          /* a descriptor that can only be read; -1 with `check` */
    uint64_t memory;
    unsigned seconds;
    unsigned page_seconds; /* of processor time */
    size_t part, parts;
    size_t first; /* page, from 0 */
};

struct launch {
    int output;  /* reads what the process writes */
    int answers; /* what the fork server reports of the process; -1 for none */
    int handle;  /* a descriptor of the process, so that a process id used again does no harm; -1 as
                    long as the fork server has not sent it */
};

int launch_start(struct launch *out, const struct launch_options *options,
                 struct treadle_error *error);

/* Waits at most `patience` milliseconds for the process to end by itself, kills it then, and
 * leaves neither process nor descriptor. Returns its exit status, 128 plus the signal that killed
 * it or the fork server, or -1 when it had to be killed or nothing is known. */
int launch_end(struct launch *launch, int patience);

#endif
