/*
 * Turning: text that runs in another direction, as if its page had been turned to read it.
 */
#ifndef DOCUMENT_TURN_H
#define DOCUMENT_TURN_H

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
void turn_clear(struct turned turned[TURNS]);

#endif
