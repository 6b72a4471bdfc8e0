/*
 * Description: what a PDF says about itself: its title, the labels of its pages, its outline.
 */
#ifndef READER_DESCRIBE_H
#define READER_DESCRIBE_H

#include <poppler.h>

#include "reader/output.h"

/* Sends the number of pages, and the title where there is a document to ask. */
void describe_pages(struct output *output, PopplerDocument *document, int pages);

/* Sends labels and outline. */
void describe_document(struct output *output, PopplerDocument *document);

#endif
