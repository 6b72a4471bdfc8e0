/*
 * Mail: a message with its head, its text and what is attached to it.
 */
#ifndef READER_MAIL_H
#define READER_MAIL_H

#include "reader/sink.h"

void mail_read(struct sink *sink, const char *bytes, size_t length);

#endif
