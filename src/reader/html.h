/*
 * HTML: pages, and the chapters of e-books, as blocks.
 */
#ifndef READER_HTML_H
#define READER_HTML_H

#include "reader/sink.h"

void html_read(struct sink *sink, const char *bytes, size_t length);

#endif
