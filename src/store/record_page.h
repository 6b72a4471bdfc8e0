/*
 * Pages of lists: which rows are requested, and which are found. And walks over all objects of a
 * kind, of all projects. Lists are in order of insertion. With `before` alone a page has the rows
 * nearest to it, still in the requested order. A cursor that is not in the list is
 * TREADLE_ENOTFOUND, with an error of the protocol that names it.
 */
#ifndef STORE_RECORD_PAGE_H
#define STORE_RECORD_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct record_page_request {
    size_t limit;
    bool ascending;
    const char *after; /* ids of objects of the list, or NULL */
    const char *before;
};

struct record_page {
    const char **ids;
    const char **bodies; /* the objects, printed */
    size_t count;
    bool has_more;
};

/* A walk over all objects of a kind, a portion after the other, in order of insertion. */
enum { RECORD_WALK_MOST = 500 };

struct record_walk {
    int64_t after; /* its present position; 0 at its start */
    const char *ids[RECORD_WALK_MOST];
    size_t count; /* of the portion; less than the most at the end */
};

#endif
