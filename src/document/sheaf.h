/*
 * Sheaf: a document as its reader saw it, pages of lines that know where they stand.
 *
 * Everything lives in one arena that dies when the document has been assembled.
 */
#ifndef DOCUMENT_SHEAF_H
#define DOCUMENT_SHEAF_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

enum { SHEAF_PAGES = 20000 };

/* Lengths are hundredths of a point from the page's top left corner. */
struct line {
    int32_t left, top, right, bottom;
    int32_t size;
    uint32_t style; /* enum frame_style */
    const char *text;
    size_t length;
};

struct page {
    int32_t width, height;
    struct line *lines;
    size_t count;
    uint32_t notices; /* a bit 1 << enum notice_code for each */
};

struct sheaf {
    struct arena *arena;
    struct page *pages;
    size_t count;
    const char *title; /* NULL when there is none */
};

#endif
