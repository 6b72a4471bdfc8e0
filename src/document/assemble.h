/*
 * Assembling: makes blocks of a sheaf of pages, the paragraphs and headings that a person would
 * see.
 */
#ifndef DOCUMENT_ASSEMBLE_H
#define DOCUMENT_ASSEMBLE_H

#include "document/blocks.h"
#include "document/sheaf.h"

/* Removes the margins from the sheaf's sheets. */
int assemble_blocks(struct blocks *blocks, struct sheaf *sheaf, struct treadle_error *error);

#endif
