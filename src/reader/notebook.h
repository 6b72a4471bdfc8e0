/*
 * Notebooks of Jupyter: cells of text and of code, with what the code printed.
 */
#ifndef READER_NOTEBOOK_H
#define READER_NOTEBOOK_H

#include "reader/sink.h"

void notebook_read(struct sink *sink, const char *bytes, size_t length);

#endif
