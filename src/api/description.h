/*
 * Description: the whole protocol as an OpenAPI 3.1 document, made from the tables of endpoints
 * and objects alone, so it says what the server does.
 */
#ifndef API_DESCRIPTION_H
#define API_DESCRIPTION_H

#include "base/buffer.h"

/* Appends the document as compact JSON. */
void description_print(const char *version, struct buffer *out);

#endif
