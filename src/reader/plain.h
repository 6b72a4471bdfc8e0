/*
 * Plain text: files that are their own text, as blocks.
 */
#ifndef READER_PLAIN_H
#define READER_PLAIN_H

#include "reader/sink.h"
#include "reader/text.h"

/* Prose is put together to paragraphs at empty lines. */
void plain_read_prose(struct sink *sink, const char *bytes, size_t length);
/* Each line is a block, as of a log. */
void plain_read_lines(struct sink *sink, const char *bytes, size_t length);
/* Lines keep their indentation. */
void plain_read_code(struct sink *sink, const char *bytes, size_t length);

/* A row for each of the file, with the names of its columns where the first row has them. CSV and
 * its kin. */
void delimited_read(struct sink *sink, const char *bytes, size_t length);

/* A block for each record: an element of a list, or what else an object holds, as
 * "title: ...; author: ...". Members of objects within it have a path as their name
 * ("address.street: ..."). Several values one after the other are read; a file that is no JSON, or
 * nests too deep, is read line by line. */
void json_text_read(struct sink *sink, const char *bytes, size_t length);

/* The lines of a text, as code. */
void plain_put_code(struct sink *sink, const struct text *text);
void plain_put_lines(struct sink *sink, const struct text *text);

#endif
