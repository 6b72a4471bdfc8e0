/*
 * Folding: from the text of files to the text that Treadle stores.
 */
#ifndef DOCUMENT_FOLD_H
#define DOCUMENT_FOLD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "treadle/error.h"

/* Said wherever a line passes a limit. */
#define FOLD_TOO_LONG "a line of the document is too long"

/* Appends the line to `out`: ligatures, presentation forms and wide letters as the letters that
 * they stand for, NFC, white space as single spaces and none at the ends, nothing invisible, no
 * space between two ideographs. A soft hyphen survives at the line's end alone. Characters whose
 * form has a meaning (superscripts, fractions, circled numbers) stay. */
int fold_line(struct buffer *out, const char *text, size_t length, struct treadle_error *error);

/* Whether it is of a script without spaces between words: Han, Kana and their punctuation. */
bool fold_is_ideographic(uint32_t character);

/* Whether it is a letter of a script that runs from right to left. */
bool fold_runs_left(uint32_t character);

#endif
