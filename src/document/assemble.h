/*
 * Assembling: a sheaf of pages into blocks, the paragraphs and headings that a reader would see.
 */
#ifndef DOCUMENT_ASSEMBLE_H
#define DOCUMENT_ASSEMBLE_H

#include "document/blocks.h"
#include "document/sheaf.h"

/* Takes the margins out of the sheaf's sheets. */
int assemble_blocks(struct blocks *blocks, struct sheaf *sheaf, struct treadle_error *error);

#endif
