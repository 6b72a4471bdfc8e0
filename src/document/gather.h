/*
 * Gathering: a PDF's pages from several readers at once, into one sheaf.
 */
#ifndef DOCUMENT_GATHER_H
#define DOCUMENT_GATHER_H

#include <stdint.h>

#include "document/document.h"
#include "document/sheaf.h"

/* Reads the file of `descriptor`, which can only be read, of `size` bytes. The sheaf has only its
 * arena before the call, and may be incomplete after a failure. */
int gather_pages(struct sheaf *sheaf, int descriptor, uint64_t size,
                 const struct document_options *options, struct treadle_error *error);

#endif
