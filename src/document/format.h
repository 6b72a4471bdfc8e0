/*
 * Formats: what a file is, decided by its bytes before its name.
 *
 * A kind of document is one row of the table in format.c: the word by which the sandboxed reader
 * knows it, its name in messages, and its limits; marks and endings point to rows. The reader has a
 * row for the same word (reader/kinds.c). It shares the table, since attached files are found out
 * by it too.
 */
#ifndef DOCUMENT_FORMAT_H
#define DOCUMENT_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the reader of a format sends. */
enum format_sends {
    FORMAT_BLOCKS, /* headings, paragraphs, rows */
    FORMAT_PAGES,  /* words with their places */
    FORMAT_BYTES   /* the file that was compressed */
};

struct format {
    const char *word;
    const char *noun; /* "the PDF is damaged" */
    enum format_sends sends;
    /* At most these, and what the operator allows: */
    unsigned seconds;
    uint64_t memory; /* address space of a reader, which its libraries take 200 MiB of */
    uint64_t size;   /* of the file */
    uint64_t text;   /* bytes that are read from it */
};

enum { FORMAT_HEAD = 1 << 16 /* the number of first bytes that decide */ };

/* The format of a file; NULL for a file that is not read, with the reason in `why`: the rest of a
 * sentence that begins with "the file is ". */
const struct format *format_find(const char *head, size_t length, const char *filename,
                                 const char **why);

/* Whether the end of its name says what the file is. */
bool format_is_named(const char *filename);

#endif
