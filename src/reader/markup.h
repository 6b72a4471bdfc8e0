/*
 * XML of any kind: records, headings and running text, as blocks.
 */
#ifndef READER_MARKUP_H
#define READER_MARKUP_H

#include "reader/sink.h"

void markup_read(struct sink *sink, const char *bytes, size_t length);

#endif
