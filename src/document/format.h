/*
 * Formats: what a file is, by its bytes before its name.
 *
 * A kind of document is one row of the table in format.c: the word by which the sandboxed reader
 * knows it, its name in messages, what its bytes begin with and how its names end. Plain text has
 * no reader: the document room reads it. The reader shares the rows, and uses them for files that
 * it unpacks.
 */
#ifndef DOCUMENT_FORMAT_H
#define DOCUMENT_FORMAT_H

#include <stdbool.h>
#include <stddef.h>

#include "document/plain.h"

enum format_kind {
    FORMAT_PDF,
    FORMAT_PACKAGE, /* a zip archive: its kind of document is found when it is opened */
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

/* What the file is; NULL for a file that is not read, with the reason in `why`: the rest of a
 * sentence that begins with "the file is ". For FORMAT_TEXT, `*plain` is how its lines are read. */
const struct format *format_find(const char *head, size_t length, const char *filename,
                                 enum plain_kind *plain, const char **why);

/* Whether the end of its name says what the file is. */
bool format_is_named(const char *filename);

#endif
