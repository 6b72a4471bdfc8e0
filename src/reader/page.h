/*
 * Pages: the text of one PDF page as lines that know where they stand and how they look.
 */
#ifndef READER_PAGE_H
#define READER_PAGE_H

#include <poppler.h>

#include "reader/output.h"

/* Sends the frames of the page with that number, counted from 1. */
void page_send(struct output *output, PopplerDocument *document, int number);

#endif
