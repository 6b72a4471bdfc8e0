/*
 * Tagged: whether the tags of a page's words are worth following.
 *
 * Tags say where paragraphs, cells and headings begin and end, which no layout can know better; but
 * many are wrong. Those of a page are followed only where they cover its text, go along with the
 * order of drawing, and do not contradict what is seen.
 */
#ifndef DOCUMENT_TAGGED_H
#define DOCUMENT_TAGGED_H

#include <stdbool.h>
#include <stddef.h>

#include "document/order.h"
#include "document/page.h"

/* Looks at the words of text that runs in one direction. Returns false where memory ran out or the
 * tags are not good. */
bool tagged_is_good(const struct word *words, size_t count);

/* Brings what belongs to one part, or to one row of a table, together in the order that was found.
 * False where that order contradicts the tags, or memory ran out. */
bool tagged_gather(struct order *order);

#endif
