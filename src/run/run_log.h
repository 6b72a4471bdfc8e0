/*
 * The log of a run: every published event, in the database, by number. A row holds what one
 * transaction published, as lines.
 *
 * An event is a line with its object, or, where the object has a row of its own, with what that row
 * may not say later (run_log_object.h). Pieces of one text that follow each other are one line with
 * the text and the places where it was cut. Numbers increase from 1 and may have gaps.
 */
#ifndef RUN_LOG_H
#define RUN_LOG_H

#include "base/buffer.h"
#include "store/db.h"
#include "treadle/objects.h"

/* What a piece of text belongs to. */
enum piece_kind { PIECE_TEXT = 't', PIECE_REFUSAL = 'r', PIECE_ARGUMENTS = 'a' };

/* Pieces of one text that follow each other, numbered from `first`. */
struct run_pieces {
    enum piece_kind kind;
    int64_t first;
    const char *subject; /* the message or the step */
    unsigned index;      /* of the part of the message, or of the call of the step */
    bool opens;          /* the first of them is the first of its text */
    const char *text;    /* of all pieces */
    size_t length;
    const uint32_t *lengths; /* of each */
    size_t count;
};

/* Appends a line to a row's body. The types of one event, of which the second may be 0, follow
 * each other with the same data and take a number each. */
void run_log_print_event(int64_t number, const enum treadle_event_type types[2], const char *data,
                         struct buffer *out);
void run_log_print_pieces(const struct run_pieces *pieces, struct buffer *out);

/* A reader of a log. Pieces come merged: those after `after` as one event. */
struct run_log_reader {
    void *context;
    /* Returns 0, or a negative code that ends the reading. */
    int (*event)(void *context, int64_t number, enum treadle_event_type type, const char *data);
};

/* Reads all events after the number. With `content` steps of file searches come with the content of
 * their results. */
int run_log_read(struct db_session *session, const char *run_id, int64_t after, bool content,
                 const struct run_log_reader *reader, struct treadle_error *error);

/* Takes out of a run's log what it says of a message, which was deleted. */
int run_log_forget_message(struct db_session *session, const char *run_id, const char *message_id,
                           struct treadle_error *error);

/* Appends the object of an event that brings a piece of text. */
void run_log_print_delta(enum piece_kind kind, const char *subject, unsigned index, bool opens,
                         const char *text, size_t length, struct buffer *out);

/* Appends the object of an event that brings a citation; `ordinal` is which of its part it is. */
void run_log_print_annotation(const char *subject, unsigned index, size_t ordinal,
                              const struct treadle_annotation *annotation, struct buffer *out);

#endif
