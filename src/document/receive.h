/*
 * Receiving: checks what one reader sends, and puts it into a sheaf, page by page. The reader works
 * on hostile input, so its output is input like any other: lengths, order, page numbers, characters
 * and the total are checked, and the first error ends it.
 */
#ifndef DOCUMENT_RECEIVE_H
#define DOCUMENT_RECEIVE_H

#include <stdbool.h>

#include "base/buffer.h"
#include "document/frame.h"
#include "document/sheaf.h"
#include "treadle/error.h"

enum receive_state { RECEIVE_NOTHING, RECEIVE_READY, RECEIVE_PAGES, RECEIVE_END };

struct receiver {
    struct sheaf *sheaf;
    size_t part, parts; /* this reader's share of the stripes */
    uint64_t *budget;   /* bytes of text that all readers together may still send */
    enum receive_state state;
    bool landlock;
    size_t next;      /* the page that must come next, from 0; the sheaf's count: none */
    size_t at;        /* the page whose words come now, from 1; 0 before the first */
    struct page page; /* that page, without its words */
    struct buffer
        words; /* those words: an array of struct word, whose text is an offset into `text` */
    struct buffer text;
    const char *header;    /* of the table whose rows come now, where blocks are sent */
    struct buffer entries; /* an array of struct entry, until the first page comes */
    struct buffer waiting; /* bytes of a frame of which the rest has not come yet */
};

/* For a reader that begins with its first page from `first` on, counted from 0. */
void receive_init(struct receiver *receiver, struct sheaf *sheaf, size_t part, size_t parts,
                  size_t first, uint64_t *budget);
void receive_clear(struct receiver *receiver);

/* The first page from `page` on that is this reader's; the sheaf's count when there is none. */
size_t receive_own_page(const struct receiver *receiver, size_t page);

/* Receives the next bytes of a reader's output. */
int receive_bytes(struct receiver *receiver, const char *bytes, size_t length,
                  struct treadle_error *error);

/* One frame after FRAME_READY of a reader that sends blocks. */
int receive_block_frame(struct receiver *receiver, const struct frame *frame, const char *body,
                        struct treadle_error *error);

/* Why the reader gave up. */
int receive_failure(const struct receiver *receiver, uint32_t reason, struct treadle_error *error);

/* The reader sent invalid data. */
int receive_nonsense(struct treadle_error *error);

#endif
