/*
 * Notices: what users of a document should know about pages that were not completely read.
 *
 * A notice is one code for any number of pages, or for the file, with words of the reader. While a
 * document is read, each page of the sheaf keeps its codes as bits; notice_collect makes notices
 * with texts of them. A new code is a value of the enumeration and a row in notice.c. A reader
 * sends codes in FRAME_NOTICE.
 */
#ifndef DOCUMENT_NOTICE_H
#define DOCUMENT_NOTICE_H

#include <stdbool.h>

#include "treadle/error.h"

enum notice_code {
    NOTICE_PAGE_TIMEOUT,   /* the page took longer than a page may */
    NOTICE_PAGE_MEMORY,    /* the page needs more memory than a reader may have */
    NOTICE_PAGE_DAMAGED,   /* the page cannot be loaded, or ends its reader */
    NOTICE_NOT_REACHED,    /* the time for the document was over */
    NOTICE_NO_TEXT,        /* the page shows a picture and has no text */
    NOTICE_LETTERS,        /* the file does not say which letters the page shows */
    NOTICE_FORM,           /* the page is drawn from data; only its fields' values were read */
    NOTICE_ATTACHMENTS,    /* the file carries others that were not read */
    NOTICE_RECOGNIZED,     /* the page is a picture whose text was recognized */
    NOTICE_NO_RECOGNITION, /* it would have been, if tesseract were installed */
    NOTICE_ENCODING,       /* of the file: its encoding was guessed */
    NOTICE_BROKEN_TEXT,    /* of the file: some bytes are no characters */
    NOTICE_PARTS,          /* of the file: parts that it carries were not read */
    NOTICE_CODES
};

struct document;
struct arena;
struct sheaf;

/* Whether more than half of the pages were left out so far: then there is no use in reading on. */
bool notice_too_many(const struct sheaf *sheaf);

/* Puts the sheaf's notices into the document, in `arena`. Fails with the reason when more than half
 * of the pages were left out, since users would take the rest for the document. */
int notice_collect(struct document *document, const struct sheaf *sheaf, struct arena *arena,
                   struct treadle_error *error);

#endif
