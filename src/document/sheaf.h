/*
 * Sheaf: a document as its reader sent it: pages of rows that know their places. All of it is in
 * one arena, which is freed when the document has been assembled.
 */
#ifndef DOCUMENT_SHEAF_H
#define DOCUMENT_SHEAF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "document/rows.h"

enum { SHEAF_PAGES = 20000, SHEAF_ENTRIES = 20000 };

/* An entry of the document's outline. */
struct entry {
    size_t page; /* from 0 */
    int depth;   /* from 1 */
    const char *title;
};

struct format;
struct blocks;

/* Something that a reader reports of the file: the code is an enum notice_code. */
struct remark {
    uint32_t code;
    const char *detail;
};

enum { SHEAF_REMARKS = 4 };

/* The file for the bytes of a compressed file. */
struct unpacked {
    int descriptor;
    uint64_t room; /* bytes that may still come */
};

struct sheaf {
    struct arena *arena;
    const struct format *format;
    struct blocks *blocks;     /* where the reader sends blocks and no pages; else NULL */
    struct unpacked *unpacked; /* where it sends bytes of a file; else NULL */
    int last_page;             /* of these blocks, 0 when they have none */
    struct remark remarks[SHEAF_REMARKS];
    size_t remark_count;
    struct sheet *sheets;
    size_t count;
    bool recognizing;    /* pages come again, only to get the text of their pictures */
    const char *title;   /* NULL when there is none */
    const char **labels; /* of the pages, NULL where one has none; NULL when none has */
    struct entry *entries;
    size_t entry_count;
};

#endif
