/*
 * Kinds: the formats that are read as blocks, each by a function.
 */
#ifndef READER_KINDS_H
#define READER_KINDS_H

#include "reader/sink.h"

/* Reads the document of the descriptor as the format of that word (document/format.c) and sends all
 * frames after FRAME_READY. Returns 0, or an enum frame_reason that the caller must send. */
int kinds_send(struct output *output, int descriptor, const char *format);

/* The same for bytes in memory, into a sink. */
void kinds_read(struct sink *sink, const char *bytes, size_t length, const char *format);

#endif
