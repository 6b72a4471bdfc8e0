/*
 * Frames: what treadle-reader writes to its standard output and the document room reads.
 *
 * A frame is a struct frame, then `length` bytes: one of the structs below and, where it says so,
 * UTF-8 text up to the frame's end. Both ends are of one build on one machine, so numbers are in
 * the machine's own order. A reader sends one FRAME_READY once it has confined itself and before
 * it looks at the document, then FRAME_DOCUMENT, FRAME_LABELs and FRAME_ENTRYs (one reader sends
 * these), then for each of its pages in order a FRAME_PAGE and the page's FRAME_SIZE, FRAME_WORDS
 * and FRAME_NOTICEs, and FRAME_END; or FRAME_FAILURE, after which nothing comes. It sends
 * FRAME_PAGE before it looks at the page, so when it ends within a page, that page is known, and
 * another reader begins after it. The reader of any other format sends FRAME_TITLE, FRAME_HEADER,
 * FRAME_NOTICEs and FRAME_BLOCKs instead, then FRAME_END. Lengths on the page are hundredths of a
 * point, measured from its top left corner.
 */
#ifndef DOCUMENT_FRAME_H
#define DOCUMENT_FRAME_H

#include <stdint.h>

#include "document/notice.h"

enum {
    FRAME_LIMIT = 32768,  /* most bytes after a struct frame */
    FRAME_STRIPE = 8,     /* pages in a row that one reader reads before the next one's turn */
    FRAME_DESCRIPTOR = 3, /* where a reader finds the document, and the fork server its socket */
    FRAME_FORMAT = 32,    /* bytes of a format's word */
    FRAME_LANGUAGES = 128 /* bytes of the languages of pictures */
};

/* What is asked of the fork server, one datagram a reader, with descriptors: the pipe that the
 * reader writes to, the socket for answers, and the document where there is one. */
struct frame_request {
    uint64_t memory;       /* address space, bytes */
    uint32_t seconds;      /* of processor time */
    uint32_t page_seconds; /* of processor time, for each page */
    uint32_t part, parts;  /* this reader's share: stripe number modulo `parts` */
    uint32_t first;        /* of the pages, from 0: those before it are not read */
    uint32_t check;        /* 1: only confine itself, report it and end */
    char format[FRAME_FORMAT];
    char languages[FRAME_LANGUAGES]; /* not empty: read the pictures of pages that have no text */
};

enum frame_answer_kind {
    FRAME_SERVING = 1, /* the fork server is there: the first on its own socket, and once */
    FRAME_STARTED,     /* the reader was started; comes with a descriptor of its process */
    FRAME_ENDED        /* the reader has ended */
};

struct frame_answer {
    uint32_t kind;
    int32_t status; /* of FRAME_ENDED: 128 plus the signal, or the exit status; else 0 */
};

enum frame_kind {
    FRAME_READY = 1, /* struct frame_ready */
    FRAME_DOCUMENT,  /* struct frame_document, the title */
    FRAME_LABEL,     /* struct frame_page, the label of the page */
    FRAME_ENTRY,     /* struct frame_entry, the title: one of the outline, in its order */
    FRAME_PAGE,      /* struct frame_page */
    FRAME_SIZE,      /* struct frame_size, of the page */
    FRAME_WORDS,     /* words, each a struct frame_word and its text, without padding */
    FRAME_NOTICE,    /* struct frame_notice, about the page; of a file without pages, and words */
    FRAME_FAILURE,   /* struct frame_failure */
    FRAME_END,       /* nothing */
    FRAME_TITLE,     /* the document's title */
    FRAME_HEADER,    /* the head of the table whose rows follow; empty: they have none */
    FRAME_BYTES,     /* bytes of what was compressed */
    FRAME_BLOCK      /* struct frame_block, its text; of code, any number of lines */
};

enum frame_style {
    FRAME_BOLD = 1,
    FRAME_EVEN = 2,       /* all its characters are of one width */
    FRAME_SPACE = 4,      /* a space follows it on its line */
    FRAME_NOTE = 8,       /* drawn by an annotation: a form's value, a note */
    FRAME_ARTIFACT = 16,  /* its marks say that it is no part of the text */
    FRAME_TYPEWRITER = 32 /* its font says that all its characters are of one width */
};

/* What the file's own tags say that a word is part of. */
enum frame_role {
    FRAME_ROLE_NONE,
    FRAME_ROLE_TEXT, /* a paragraph or the like */
    FRAME_ROLE_ITEM, /* of a list */
    FRAME_ROLE_CELL,
    FRAME_ROLE_HEAD_CELL,
    FRAME_ROLE_HEADING, /* of no known level; those of the levels 1 to 6 follow */
    FRAME_ROLES = FRAME_ROLE_HEADING + 7
};

/* The status that a reader ends with when it ends within a page. */
enum frame_status { FRAME_STATUS_PAGE_TIMEOUT = 70, FRAME_STATUS_TIMEOUT };

enum frame_reason {
    FRAME_DAMAGED = 1,
    FRAME_ENCRYPTED,
    FRAME_UNCONFINED,
    FRAME_UNKNOWN,   /* an archive that holds no document of a known kind */
    FRAME_UNPACKED,  /* it holds far more than a file of its size should */
    FRAME_NESTED,    /* its parts nest too deep */
    FRAME_DECLARES,  /* it declares entities or a type, as no such document does */
    FRAME_NO_TEXT,   /* it is no text */
    FRAME_NO_MEMORY, /* it needs more than the reader may have */
    FRAME_REASONS
};

enum frame_block_kind { FRAME_PARAGRAPH, FRAME_HEADING, FRAME_ROW, FRAME_CODE };

struct frame {
    uint32_t kind;
    uint32_t length;
};

struct frame_ready {
    uint32_t landlock; /* 1 when the kernel itself denies all other files */
};

struct frame_document {
    uint32_t pages;
};

struct frame_page {
    uint32_t number; /* from 1 */
};

struct frame_entry {
    uint32_t page;  /* from 1 */
    uint32_t depth; /* from 1 */
};

struct frame_size {
    int32_t width, height;
};

/* Words come in the order in which the page draws them. The characters of a word are in the order
 * in which they are seen: from left to right, also where they are read from right to left. */
struct frame_word {
    int32_t left, top, right, bottom;
    int32_t base;      /* the base line of its letters: of y, or of x when it is turned */
    int32_t size;      /* of its font */
    uint16_t style;    /* enum frame_style */
    uint16_t rotation; /* quarter turns clockwise, 0 to 3 */
    uint32_t part;     /* the tagged element that it is part of, 0 for none */
    uint32_t row;      /* of a cell: the row that it is in, else 0 */
    uint32_t role;     /* enum frame_role, of that element */
    uint32_t length;   /* bytes of text, at least 1 */
};

struct frame_notice {
    uint32_t code; /* enum notice_code */
};

struct frame_block {
    uint32_t kind;  /* enum frame_block_kind */
    uint32_t level; /* of a heading, from 1 to 6, else 0 */
    uint32_t page;  /* from 1; 0 for a document without pages */
};

struct frame_failure {
    uint32_t reason;
};

#endif
