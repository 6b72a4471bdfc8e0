/*
 * Removal: does what a removal_record says. Doing it twice is no error.
 */
#ifndef SEARCH_REMOVAL_H
#define SEARCH_REMOVAL_H

#include "search/search.h"
#include "store/blob.h"
#include "store/removal_record.h"

int removal_do(struct search *search, struct blob_store *blobs, const struct removal *removal,
               struct treadle_error *error);

#endif
