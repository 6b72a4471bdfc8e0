/*
 * Turning: text that runs in another direction, as if its page had been turned to read it.
 */
#ifndef DOCUMENT_TURN_H
#define DOCUMENT_TURN_H

#include "document/document.h"
#include "document/page.h"
#include "treadle/error.h"

enum { TURNS = 4 };

/* Words that run in one direction, in the order of drawing, turned so that they run to the right.
 */
struct turned {
    uint16_t rotation;
    struct page page;
    size_t characters;
};

/* Makes the directions of a page, that with most characters first; turn_clear frees their words. */
int turn_page(struct turned out[TURNS], const struct page *page, struct treadle_error *error);
/* The place of a row of a turned page, from `top` to `bottom`, on the page itself. */
struct document_place turn_back(uint16_t rotation, const struct page *page, int32_t left,
                                int32_t top, int32_t right, int32_t bottom);

void turn_clear(struct turned turned[TURNS]);

#endif
