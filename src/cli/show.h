/*
 * Showing data: file names, answers and replies may have any characters, and a terminal obeys
 * control characters. Characters that cannot be printed are shown as escapes: \n, \x1b, \u{202e}.
 */
#ifndef CLI_SHOW_H
#define CLI_SHOW_H

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

/* Appends text as one line. */
void show_line(struct buffer *out, const char *text);

/* The same, but newlines and tabs stay what they are. */
void show_block(struct buffer *out, const char *text);

/* The columns of a text that show_line made; wide characters take two. */
size_t show_width(const char *text);

/* The length in bytes of the longest start of such text that takes at most `width` columns; how
 * many it takes goes to `taken`. */
size_t show_cut(const char *text, size_t width, size_t *taken);

/* A time such as "2026-11-23 14:05:09" in local time, or its last part alone; "-" for 0. */
void show_time(char *out, size_t size, int64_t seconds);
void show_clock(char *out, size_t size, int64_t seconds);

/* A duration of whole seconds, such as "<1 s", "12 s", "3 min 20 s", "2 h 5 min"; "-" when
 * negative. */
void show_duration(char *out, size_t size, int64_t seconds);

/* A duration of microseconds, such as "<1 ms", "12 ms", "2.31 s"; from a minute on as above. */
void show_span(char *out, size_t size, int64_t microseconds);

#endif
