/*
 * Plain text: text files as blocks.
 */
#ifndef DOCUMENT_PLAIN_H
#define DOCUMENT_PLAIN_H

#include "document/blocks.h"

enum plain_kind { PLAIN_PROSE, PLAIN_LINES, PLAIN_MARKDOWN, PLAIN_DELIMITED, PLAIN_JSON };

/* Appends the blocks of a file's bytes, in any encoding (decode.h). Prose is joined into paragraphs
 * at empty lines; of source code every line is a block, of a table every row, of JSON every record.
 * A file that is named JSON and is not JSON is read line by line. */
int plain_read(struct blocks *blocks, enum plain_kind kind, const char *bytes, size_t length,
               struct treadle_error *error);

#endif
