/*
 * TeX and LaTeX sources: headings, text, lists, tables and code, as blocks.
 */
#ifndef READER_TEX_H
#define READER_TEX_H

#include "reader/sink.h"

void tex_read(struct sink *sink, const char *bytes, size_t length);

#endif
