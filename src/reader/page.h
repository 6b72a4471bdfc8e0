/*
 * Pages: the text of one PDF page as lines that know where they stand and how they look.
 */
#ifndef READER_PAGE_H
#define READER_PAGE_H

#include <poppler.h>

#include "reader/output.h"

/* Sends the page's frames. A page that is NULL (damaged) is sent without lines. */
void page_send(struct output *output, PopplerPage *page, int number);

#endif
