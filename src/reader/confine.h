/*
 * Confinement: the rights that the reader gives up for ever before it looks at a document.
 */
#ifndef READER_CONFINE_H
#define READER_CONFINE_H

#include <stdbool.h>
#include <stdint.h>

struct confine_options {
    uint64_t memory;  /* address space, bytes */
    uint64_t seconds; /* processor time */
    bool contained;   /* the file system is an empty one already */
};

/* Returns false when a required part could not be put in place; the caller then must not continue.
 * `landlock` becomes whether the kernel has Landlock. */
bool confine(const struct confine_options *options, bool *landlock);

#endif
