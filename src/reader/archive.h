/*
 * Archives: documents that are packages, of every kind that is read.
 */
#ifndef READER_ARCHIVE_H
#define READER_ARCHIVE_H

#include <stddef.h>

#include "reader/sink.h"

void archive_read(struct sink *sink, const char *bytes, size_t length);

#endif
