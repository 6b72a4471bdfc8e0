/*
 * Words: the text of the pages of a PDF, word by word, in the order of drawing. Attached files
 * follow as more pages.
 */
#ifndef READER_WORDS_H
#define READER_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "document/frame.h"
#include "reader/output.h"
#include "reader/recognize.h"

#ifdef __cplusplus
extern "C" {
#endif

struct words;

/* Opens the document of the descriptor, which it owns from then on. Returns 0, or why it cannot be
 * read as an enum frame_reason. */
int words_open(struct words **out, int descriptor);

bool words_carries_files(const struct words *words);

/* Appends the pages of an attached file: a PDF, or text in UTF-8. False when it cannot be read. */
bool words_attach(struct words *words, const char *name, const char *bytes, size_t length);

/* Notes that the document has an attached file that is not read. */
void words_leave_out(struct words *words);

/* Of the document and its attachments. */
int words_pages(const struct words *words);

/* Sends the labels of the attached pages: the file's name and the number within it. */
void words_send_labels(const struct words *words, struct output *output);

/* Sends the frames of page `number`, counted from 1. A damaged page is sent without words. */
void words_send_page(struct words *words, struct output *output, int number);

/* Sends the frames of the page, with the words of its picture where it has no text that can be
 * read, else without words. Without a recognizer such a page gets a notice. */
void words_recognize_page(struct words *words, struct output *output, int number,
                          struct recognizer *recognizer);

#ifdef __cplusplus
}
#endif

#endif
