/*
 * Words: what stands on the pages of a PDF, word by word, in the order in which it is drawn.
 */
#ifndef READER_WORDS_H
#define READER_WORDS_H

#include "document/frame.h"
#include "reader/output.h"

#ifdef __cplusplus
extern "C" {
#endif

struct words;

/* Opens the document behind the descriptor, which it owns from then on. Returns 0, or why it cannot
 * be read as an enum frame_reason. */
int words_open(struct words **out, int descriptor);

int words_pages(const struct words *words);

/* Sends the frames of page `number`, counted from 1. A damaged page is sent without words. */
void words_send_page(struct words *words, struct output *output, int number);

#ifdef __cplusplus
}
#endif

#endif
