/*
 * Filters: which files of a vector store a search is about, by their attributes.
 */
#ifndef RESOURCE_VECTOR_STORE_FILTER_H
#define RESOURCE_VECTOR_STORE_FILTER_H

#include <stdbool.h>

#include "base/arena.h"
#include "treadle/error.h"
#include "treadle/objects.h"

struct store_filter;

/* Reads a filter from its JSON text, into the arena. An error of the protocol that names the part
 * which is wrong. */
int store_filter_read(struct store_filter **out, const char *text, struct arena *arena,
                      struct treadle_error *error);

/* Whether a file with these attributes (NULL: none) passes. A missing key and a value of another
 * type fail, except for `ne` and `nin`, which they pass. */
bool store_filter_passes(const struct store_filter *filter,
                         const struct treadle_attributes *attributes);

#endif
