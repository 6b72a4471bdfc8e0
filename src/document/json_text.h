/*
 * JSON as text: the records of a file as blocks.
 */
#ifndef DOCUMENT_JSON_TEXT_H
#define DOCUMENT_JSON_TEXT_H

#include "document/blocks.h"

/* Appends a block for each record: an element of a list, or what else an object holds, as "title:
 * …; author: …". Members of objects within it have a path as their name ("address.street: …").
 * TREADLE_EPARSE, and nothing appended, where the text is no JSON or nests too deep; several values
 * one after the other are accepted. */
int json_text_read(struct blocks *blocks, const char *text, size_t length,
                   struct treadle_error *error);

#endif
