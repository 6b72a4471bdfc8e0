/*
 * Multipart forms: their parts, and the errors when one is missing or unknown.
 */
#ifndef RESOURCE_FORM_H
#define RESOURCE_FORM_H

#include "http/http.h"

/* The part of that name, NULL when there is none. */
const struct http_part *form_find(const struct http_request *request, const char *name);

/* "Missing required parameter". */
int form_missing(const char *name, struct treadle_error *error);

/* Refuses parts of other names than the `count` ones of `known`, and a name that comes twice. */
int form_check(const struct http_request *request, const char *const *known, size_t count,
               struct treadle_error *error);

#endif
