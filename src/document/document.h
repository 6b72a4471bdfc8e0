/*
 * Documents: any supported file as blocks of text that know their page.
 *
 * A document comes from outside and may be hostile, so it is parsed by a separate program
 * (treadle-reader) in a sandbox: no network, no file but the open descriptor of the document
 * itself, limits on memory, time and output. What the reader sends is checked like any other input.
 */
#ifndef DOCUMENT_DOCUMENT_H
#define DOCUMENT_DOCUMENT_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "treadle/error.h"

enum document_block_kind {
    DOCUMENT_PARAGRAPH,
    DOCUMENT_HEADING,
    DOCUMENT_ROW, /* of a table: its cells from the first to the last, a dash for an empty one */
    DOCUMENT_CODE /* one line, with its indentation */
};

/* A place on a page: hundredths of a point from the top left corner of what the page shows. All 0
 * where that is not known. */
struct document_place {
    int32_t left, top, right, bottom;
};

struct document_block {
    enum document_block_kind kind;
    int level; /* of a heading, 1 is the highest */
    int page;  /* counted from 1; 0 for a kind of file that has no pages */
    struct document_place place;
    const char *header; /* of a row: the cells of its table's head, NULL when it has none */
    const char *text;   /* NFC (compatibility forms folded), one line, spaces collapsed but for
                           code's */
    size_t length;
};

/* What a user should know about pages that were not read in full. */
struct document_notice {
    const char *code;    /* a word for programs, such as "page_timeout" */
    const char *message; /* a sentence */
    const char *pages;   /* "3, 7-9" */
    size_t page_count;
};

struct document {
    struct document_block
        *blocks; /* in reading order; a paragraph that continues on the next page is split there */
    size_t block_count;
    int page_count; /* 0 when there are none */
    const char *const
        *labels; /* the labels of pages, such as "iv" or "A-3": NULL for a page whose label is its
                    number; the array is NULL where that is true of all */
    const char *title; /* from the file's own description, NULL when there is none */
    const struct document_notice *notices;
    size_t notice_count;
};

/* One process for all documents, from which their readers are forked (fork_server.h). */
struct fork_server;

struct document_options {
    struct fork_server *server; /* NULL: one is started for this document */
    const char *reader;    /* without a server: path of treadle-reader; NULL: beside the program */
    size_t readers;        /* processes that share one document's pages; 0: one for each core */
    unsigned seconds;      /* time allowed; 0: 600 */
    unsigned page_seconds; /* of processor time, for one page; 0: 20 */
    uint64_t memory;       /* address space of a reader, bytes; 0: 1 GiB */
    uint64_t max_text;     /* bytes of text; 0: 256 MiB */
    const char
        *languages; /* of pictures whose text is recognized, such as "eng+deu"; NULL: none is */
    const atomic_bool *stop; /* when true, reading stops; may be NULL */
};

/* `reader` as in the options. Nothing is started before the first document. */
int fork_server_open(struct fork_server **out, const char *reader, struct treadle_error *error);
/* Ends its process, and every reader with it. */
void fork_server_close(struct fork_server *server);

/* Reads the file of `descriptor` (not closed), whose name decides its kind when its content does
 * not. A page beyond the limits, or so damaged that its reader ends, is left out with a notice.
 * TREADLE_EUNSUPPORTED for a kind that is not read, TREADLE_EPARSE for a broken or encrypted file,
 * TREADLE_ELIMIT or TREADLE_ETIMEOUT beyond the limits or where most pages were left out for them,
 * TREADLE_ESTATE when stopped, TREADLE_EBUSY when the reader was ended from outside, TREADLE_EIO
 * when the file or the reader cannot be used at present, TREADLE_ENOTFOUND when there is no reader
 * or no way to confine it; each with a message that a user can act on. */
int document_read(struct document **out, int descriptor, const char *filename,
                  const struct document_options *options, struct treadle_error *error);

void document_free(struct document *document);

/* How readers are confined on this machine, for the log: "bubblewrap, landlock, seccomp and limits"
 * or those of them that work here, and a text that begins with "none" when no reader can be run or
 * confined, so that no PDF can be read. Tries it, which takes about 10 ms. The text is static. */
const char *document_sandbox(const struct document_options *options);

/* What would make that confinement stronger, as the rest of a sentence; NULL when nothing would. */
const char *document_sandbox_advice(const char *sandbox);

#endif
