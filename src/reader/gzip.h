/*
 * Gzip: a compressed file, whose bytes go to the document room, which finds out their kind.
 */
#ifndef READER_GZIP_H
#define READER_GZIP_H

#include "reader/sink.h"

void gzip_read(struct sink *sink, const char *bytes, size_t length);

#endif
