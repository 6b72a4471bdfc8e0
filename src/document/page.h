/*
 * Page: the words of one page as its reader sent them, before their order is known. Lengths are
 * hundredths of a point from the page's top left corner.
 */
#ifndef DOCUMENT_PAGE_H
#define DOCUMENT_PAGE_H

#include <stddef.h>
#include <stdint.h>

struct word {
    int32_t left, top, right, bottom;
    int32_t base; /* the base line of its letters */
    int32_t size;
    uint16_t style; /* enum frame_style */
    uint16_t rotation;
    uint32_t part, row, role; /* as a frame_word's */
    uint32_t length;
    const char *text; /* UTF-8, from left to right as it is seen */
};

struct page {
    int32_t width, height;
    struct word *words; /* in the order of drawing */
    size_t count;
};

#endif
