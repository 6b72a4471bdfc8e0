/*
 * Markers: how a model names a passage in its text, 【turn:index†name】.
 *
 * Models change what they were shown: they write "source" or lines for the name, add blanks, and
 * use square brackets. The two numbers alone identify the passage.
 */
#ifndef TOOL_MARKER_H
#define TOOL_MARKER_H

#include <stddef.h>

enum marker_shape { NO_MARKER, MARKER, MARKER_TOO_SHORT };

struct marker {
    size_t length; /* in the text, brackets included */
    unsigned long turn, index;
};

/* What a text is that starts with an opening bracket. It may be too short to know. */
enum marker_shape marker_read(const char *text, size_t length, struct marker *out);

/* Where the next opening bracket is; NULL for none. */
const char *marker_find_open(const char *text, size_t length);

/* The bytes of the opening bracket at `text`. */
size_t marker_open_length(const char *text);

/* How many bytes at the end of the text may be the beginning of an opening bracket. */
size_t marker_begun(const char *text, size_t length);

#endif
