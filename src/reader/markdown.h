/*
 * Markdown: headings, lists, code and tables, as blocks.
 */
#ifndef READER_MARKDOWN_H
#define READER_MARKDOWN_H

#include "reader/sink.h"

void markdown_read(struct sink *sink, const char *bytes, size_t length);

/* The same for a text within another document, in UTF-8. */
void markdown_put(struct sink *sink, const char *text, size_t length);

#endif
