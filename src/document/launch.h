/*
 * Launching: one reader process and its output.
 */
#ifndef DOCUMENT_LAUNCH_H
#define DOCUMENT_LAUNCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "treadle/error.h"

struct launch_options {
    const char *reader;    /* path of treadle-reader */
    bool contained;        /* within bubblewrap */
    const char *recognize; /* languages in which pictures are read; NULL: text is */
    const char *format;    /* the kind of the document, as format.h names it; NULL with `check` */
    bool check;            /* only confines itself and ends; no document is needed */
    int document;          /* a descriptor that can only be read; -1 with `check` */
    uint64_t memory;
    unsigned seconds;
    unsigned page_seconds; /* of processor time */
    size_t part, parts;
    size_t first; /* page, from 0 */
};

struct launch {
    pid_t pid;
    int handle; /* a descriptor of the process, so that a process id that is used again does no harm
                 */
    int output; /* reads what the process writes */
    int info;   /* under bubblewrap: reports which process is the reader; else -1 */
};

/* Whether bubblewrap is installed. It may still be forbidden to work. */
bool launch_can_contain(void);

/* The path of the reader that options name, or beside the running program, in `out`. */
int launch_find(char *out, size_t size, const char *reader, struct treadle_error *error);

int launch_start(struct launch *out, const struct launch_options *options,
                 struct treadle_error *error);

/* Waits at most `patience` milliseconds for the process to end by itself, kills it then, and frees
 * process and descriptors. Returns its exit status, 128 plus the signal that killed it, or -1 when
 * it had to be killed or nothing is known. */
int launch_end(struct launch *launch, int patience);

#endif
