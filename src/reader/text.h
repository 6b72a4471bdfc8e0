/*
 * Text: the bytes of a text file as UTF-8, with a remark where its encoding had to be guessed.
 */
#ifndef READER_TEXT_H
#define READER_TEXT_H

#include "base/buffer.h"
#include "reader/sink.h"

struct text {
    const char *bytes; /* the file's own where it is UTF-8 */
    size_t length;
    struct buffer decoded;
};

/* `named`: the encoding that the file names, NULL for none. False after the sink's failure was
 * set. */
bool text_open(struct text *out, struct sink *sink, const char *bytes, size_t length,
               const char *named);
void text_close(struct text *text);

/* The line at `*position`, without its end; moves on to the next. */
struct line {
    const char *text;
    size_t length;
};
bool text_line(const struct text *text, size_t *position, struct line *out);

#endif
