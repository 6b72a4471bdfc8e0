/*
 * Frames: what treadle-reader writes to its standard output and the document room reads.
 *
 * A frame is a struct frame, then `length` bytes: one of the structs below and, where it says so,
 * UTF-8 text up to the frame's end. Both ends are of one build on one machine, so numbers are in
 * the machine's own order. A reader sends one FRAME_READY once it has confined itself and before
 * it looks at the document, then FRAME_DOCUMENT, then for each of its pages in order a FRAME_PAGE
 * and the page's FRAME_LINEs, and FRAME_END; or FRAME_FAILURE, after which nothing comes.
 * Lengths on the page are hundredths of a point, measured from its top left corner.
 */
#ifndef DOCUMENT_FRAME_H
#define DOCUMENT_FRAME_H

#include <stdint.h>

enum {
    FRAME_LIMIT = 32768, /* most bytes behind a struct frame */
    FRAME_STRIPE = 8,    /* pages in a row that one reader takes before the next one's turn */
    FRAME_DESCRIPTOR = 3 /* where a reader finds the document */
};

enum frame_kind {
    FRAME_READY = 1, /* struct frame_ready */
    FRAME_DOCUMENT,  /* struct frame_document, the title */
    FRAME_PAGE,      /* struct frame_page */
    FRAME_LINE,      /* struct frame_line, the text */
    FRAME_FAILURE,   /* struct frame_failure */
    FRAME_END        /* nothing */
};

enum frame_style { FRAME_BOLD = 1, FRAME_FIXED = 2 /* every letter is as wide as the others */ };

enum frame_reason { FRAME_DAMAGED = 1, FRAME_ENCRYPTED, FRAME_UNCONFINED };

struct frame {
    uint32_t kind;
    uint32_t length;
};

struct frame_ready {
    uint32_t landlock; /* 1 when the kernel keeps all other files away by itself */
};

struct frame_document {
    uint32_t pages;
};

struct frame_page {
    uint32_t number; /* from 1 */
    int32_t width, height;
};

struct frame_line {
    int32_t left, top, right, bottom;
    int32_t size;   /* of most of its characters' font */
    uint32_t style; /* enum frame_style, of most of its characters */
};

struct frame_failure {
    uint32_t reason;
};

#endif
