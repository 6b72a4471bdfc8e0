/*
 * Delimited files: CSV and similar ones, as blocks.
 */
#ifndef DOCUMENT_DELIMITED_H
#define DOCUMENT_DELIMITED_H

#include "document/blocks.h"

/* Appends a block for each row. A cell comes with the name of its column, where the first row has
 * names, so a row can be understood alone. UTF-8. */
int delimited_read(struct blocks *blocks, const char *text, size_t length,
                   struct treadle_error *error);

#endif
