/*
 * reStructuredText: headings, lists, literal blocks and tables, as blocks.
 */
#ifndef READER_RST_H
#define READER_RST_H

#include "reader/sink.h"

void rst_read(struct sink *sink, const char *bytes, size_t length);

#endif
