/*
 * Formats: what a file is, by its bytes before its name.
 *
 * A kind of document is one row of the table in format.c: the word by which the sandboxed reader
 * knows it, how it is called in messages, what its bytes begin with and how its names end. What is
 * plain text has no reader and is read by the document room. Rows are shared with the reader,
 * which looks with them at what it unpacks.
 */
#ifndef DOCUMENT_FORMAT_H
#define DOCUMENT_FORMAT_H

#include <stdbool.h>
#include <stddef.h>

#include "document/plain.h"

enum format_kind {
    FORMAT_PDF,
    FORMAT_PACKAGE, /* a zip archive: which document it holds is seen when it is opened */
    FORMAT_GZIP,    /* a compressed file of any other kind */
    FORMAT_HTML,
    FORMAT_TEXT
};

struct format {
    enum format_kind kind;
    const char *reader; /* the word for the reader; NULL when it needs none */
    const char *noun;   /* "the PDF is damaged" */
};

enum { FORMAT_HEAD = 1 << 16 /* bytes of a file's beginning that decide */ };

/* What the file is; NULL for what is not read, and why in `why` then: the rest of a sentence that
 * begins with "the file is ". For FORMAT_TEXT, `*plain` is how its lines are taken. */
const struct format *format_find(const char *head, size_t length, const char *filename,
                                 enum plain_kind *plain, const char **why);

/* Whether the end of its name says what the file is. */
bool format_is_named(const char *filename);

#endif
