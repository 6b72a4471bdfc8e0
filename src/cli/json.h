/*
 * --json: the objects of the protocol as they came, indented, for programs.
 */
#ifndef CLI_JSON_H
#define CLI_JSON_H

#include <jansson.h>

#include "treadle/client.h"

/* The object of a reply, NULL when memory runs out. */
json_t *json_of(const struct treadle_response *response);

/* A list object of the protocol without items. */
json_t *json_list(void);

/* Appends the items of a page of a list, up to `limit` items in the list. */
int json_list_add(json_t *list, const struct treadle_response *page, size_t limit);

/* Appends one item, which it takes over. */
int json_list_append(json_t *list, json_t *item);

/* Prints it on stdout, indented or as one line. `value` NULL means that memory ran out. Returns an
 * exit status. */
int json_show(const json_t *value);
int json_show_line(const json_t *value);

#endif
