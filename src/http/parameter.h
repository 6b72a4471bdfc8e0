/*
 * Header values with parameters: `form-data; name="a"; filename*=UTF-8''b`.
 */
#ifndef HTTP_PARAMETER_H
#define HTTP_PARAMETER_H

#include <stdbool.h>

#include "base/arena.h"

/* The value before its first parameter, in lower case and without spaces around it; NULL when
 * memory runs out. Moves *cursor to the parameters. */
char *http_parameter_main(struct arena *arena, const char **cursor);

/* The next parameter: its name in lower case, its value without quotes. Returns 1, 0 at the end, or
 * TREADLE_EPARSE or TREADLE_EMEMORY. */
int http_parameter_next(struct arena *arena, const char **cursor, char **name, char **value);

/* Whether the value's main part is `type`, as in "application/json; charset=utf-8". */
bool http_parameter_is(const char *value, const char *type);

#endif
