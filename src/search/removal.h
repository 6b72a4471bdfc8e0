/*
 * Removal: does what a removal_record says. Doing it twice is no error.
 */
#ifndef SEARCH_REMOVAL_H
#define SEARCH_REMOVAL_H

#include "search/search.h"
#include "store/blob.h"
#include "store/removal_record.h"

/* Returns as search_remove_file: 1 means that it is to be called again for the rest. */
int removal_do(struct search *search, struct blob_store *blobs, const struct removal *removal,
               struct treadle_error *error);

#endif
