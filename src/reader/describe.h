/*
 * Description: what a PDF says about itself: its title, the labels of its pages, its outline.
 */
#ifndef READER_DESCRIBE_H
#define READER_DESCRIBE_H

#include "reader/output.h"

/* Sends them, from a descriptor that it owns; -1 where another reader does so. */
void describe_document(struct output *output, int descriptor, int pages);

#endif
