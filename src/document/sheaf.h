/*
 * Sheaf: a document as its reader saw it, pages of rows that know where they stand.
 *
 * Everything lives in one arena that dies when the document has been assembled.
 */
#ifndef DOCUMENT_SHEAF_H
#define DOCUMENT_SHEAF_H

#include <stddef.h>

#include "base/arena.h"
#include "document/rows.h"

enum { SHEAF_PAGES = 20000 };

struct sheaf {
    struct arena *arena;
    struct sheet *sheets;
    size_t count;
    const char *title; /* NULL when there is none */
};

#endif
