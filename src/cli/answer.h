/*
 * Answers for people: a message's text with its markers numbered, and the list of its sources.
 */
#ifndef CLI_ANSWER_H
#define CLI_ANSWER_H

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "treadle/objects.h"

enum { ANSWER_SOURCES = 256 };

struct answer_source {
    char *file_id;
    int64_t page;     /* 0: none */
    char *page_label; /* NULL: its number */
};

struct answer {
    struct buffer text;                           /* fit to be shown */
    struct answer_source sources[ANSWER_SOURCES]; /* number n is at n - 1 */
    size_t source_count;
    char message[128]; /* of the last piece, and which part of it; "" before the first */
    int64_t part;
};

void answer_init(struct answer *answer);
void answer_free(struct answer *answer);

/* Appends the text parts of a message. Each citation becomes [n]; the same file and page have the
 * same number. */
void answer_add(struct answer *answer, const struct treadle_message *message);

/* Appends a piece of a message, for showing the text as it comes: the caller shows what is there
 * and resets it. A citation and its marker come in one piece. */
void answer_add_piece(struct answer *answer, const struct treadle_message_delta *piece);

#endif
