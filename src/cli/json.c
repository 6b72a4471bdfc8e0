/*
 * JSON through jansson. Strings may hold characters that a terminal obeys (jansson escapes those
 * below space alone), so the rest of them are written as \u escapes.
 */
#include "cli/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/json.h"
#include "base/text.h"
#include "cli/cli.h"

enum { DIGITS = 15 }; /* of numbers: the digits that a double keeps exactly */

json_t *json_of(const struct treadle_response *response)
{
    json_t *value = NULL;
    json_read(response->body, response->body_length, JSON_READ_STRICT, &value, NULL);
    return value;
}

json_t *json_list(void)
{
    return json_pack("{s:s, s:[], s:n, s:n, s:b}", "object", "list", "data", "first_id", "last_id",
                     "has_more", 0);
}

int json_list_append(json_t *list, json_t *item)
{
    json_t *data = json_object_get(list, "data");
    json_t *id = json_object_get(item, "id");
    if (!data || !item || json_array_append_new(data, item))
        return TREADLE_EMEMORY;
    if (json_array_size(data) == 1)
        json_object_set(list, "first_id", id);
    json_object_set(list, "last_id", id);
    return 0;
}

int json_list_add(json_t *list, const struct treadle_response *page, size_t limit)
{
    json_t *whole = json_of(page), *data = json_object_get(whole, "data");
    int rc = whole ? 0 : TREADLE_EMEMORY;
    for (size_t i = 0; i < json_array_size(data) && !rc; i++)
        if (json_array_size(json_object_get(list, "data")) < limit)
            rc = json_list_append(list, json_incref(json_array_get(data, i)));
    if (!rc)
        json_object_set(list, "has_more", json_object_get(whole, "has_more"));
    json_decref(whole);
    return rc;
}

static bool is_obeyed(uint32_t character)
{
    return (character >= 0x7F && character < 0xA0) ||
           (character >= 0x202A && character <= 0x202E) ||
           (character >= 0x2066 && character <= 0x2069);
}

static int show(const json_t *value, size_t form)
{
    char *text = value ? json_dumps(value, form | JSON_REAL_PRECISION(DIGITS)) : NULL;
    if (!text) {
        cli_complain("out of memory");
        return CLI_FAILED;
    }
    size_t length = strlen(text);
    for (size_t at = 0; at < length;) {
        size_t start = at;
        uint32_t character = text_next(text, length, &at);
        if (is_obeyed(character))
            printf("\\u%04x", character);
        else
            fwrite(text + start, 1, at - start, stdout);
    }
    putchar('\n');
    free(text);
    return CLI_OK;
}

int json_show(const json_t *value)
{
    return show(value, JSON_INDENT(2));
}

int json_show_line(const json_t *value)
{
    return show(value, JSON_COMPACT);
}
