/*
 * Outline: the headings of a document as the document itself lists them.
 */
#ifndef DOCUMENT_OUTLINE_H
#define DOCUMENT_OUTLINE_H

#include <stdbool.h>

#include "document/sheaf.h"

/* Gives the rows that are titles of the outline's entries their levels. Returns whether most
 * entries were found. */
bool outline_mark(struct sheaf *sheaf);

#endif
