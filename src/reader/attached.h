/*
 * Attachments: files within a PDF.
 */
#ifndef READER_ATTACHED_H
#define READER_ATTACHED_H

#include <poppler.h>

#include "reader/words.h"

/* Appends what can be read of the document's files to its words, in their order. */
void attached_add(struct words *words, PopplerDocument *document);

#endif
