/*
 * Bidi: a line as it is seen, from left to right, into the order in which it is read.
 */
#ifndef DOCUMENT_BIDI_H
#define DOCUMENT_BIDI_H

#include <stddef.h>
#include <stdint.h>

/* Reorders the characters in place and returns how many of them are letters that run leftwards. */
size_t bidi_reorder(uint32_t *characters, size_t count);

#endif
