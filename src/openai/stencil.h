/*
 * Stencil: reads the pieces of a stream that differ in their text alone.
 *
 * The events of one answer are mostly the same, except for the string that is the delta's content.
 * Once an event was parsed whole, the next that begins and ends as it did, with a plain string
 * between, is known to be JSON too and to mean the same with that string as its content. So most
 * events cost a comparison, and what is no such event is for the parser.
 */
#ifndef OPENAI_STENCIL_H
#define OPENAI_STENCIL_H

#include "base/buffer.h"

struct stencil {
    struct buffer event;
    size_t start, end; /* of the content within the event; both 0: nothing was learned */
};

void stencil_init(struct stencil *stencil);
void stencil_clear(struct stencil *stencil);

/* Uses an event as the pattern. It MUST have been parsed, and MUST mean nothing but its delta's
 * content. One in which the content cannot be found by its bytes is not used. */
void stencil_learn(struct stencil *stencil, const char *event, size_t length);

/* Whether an event follows the pattern, and its content then. */
bool stencil_match(const struct stencil *stencil, const char *event, size_t length,
                   const char **text, size_t *text_length);

#endif
