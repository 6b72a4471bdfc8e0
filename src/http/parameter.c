/*
 * Header values with parameters: one pass with a cursor. Within quotes a backslash escapes only a
 * quote or a backslash, since clients send Windows paths with plain ones.
 */
#include "http/parameter.h"

#include <string.h>
#include <strings.h>

#include "treadle/error.h"

static const char *skip_blanks(const char *text)
{
    return text + strspn(text, " \t");
}

static char *copy_lower(struct arena *arena, const char *text, size_t length)
{
    char *copy = arena_copy(arena, text, length);
    for (size_t i = 0; copy && i < length; i++)
        if (copy[i] >= 'A' && copy[i] <= 'Z')
            copy[i] = (char)(copy[i] | 0x20);
    return copy;
}

static size_t trimmed(const char *text, size_t length)
{
    while (length && (text[length - 1] == ' ' || text[length - 1] == '\t'))
        length--;
    return length;
}

char *http_parameter_main(struct arena *arena, const char **cursor)
{
    const char *from = skip_blanks(*cursor);
    size_t length = strcspn(from, ";");
    *cursor = from + length;
    return copy_lower(arena, from, trimmed(from, length));
}

static int quoted(struct arena *arena, const char **cursor, char **out)
{
    const char *from = *cursor + 1;
    char *value = arena_alloc(arena, strlen(from) + 1);
    if (!value)
        return TREADLE_EMEMORY;
    size_t length = 0;
    while (*from && *from != '"') {
        if (from[0] == '\\' && (from[1] == '"' || from[1] == '\\'))
            from++;
        value[length++] = *from++;
    }
    if (*from != '"')
        return TREADLE_EPARSE;
    *cursor = from + 1;
    *out = value;
    return 0;
}

static int plain(struct arena *arena, const char **cursor, char **out)
{
    size_t length = strcspn(*cursor, ";");
    char *value = arena_copy(arena, *cursor, trimmed(*cursor, length));
    if (!value)
        return TREADLE_EMEMORY;
    *cursor += length;
    *out = value;
    return 0;
}

int http_parameter_next(struct arena *arena, const char **cursor, char **name, char **value)
{
    const char *at = skip_blanks(*cursor);
    while (*at == ';')
        at = skip_blanks(at + 1);
    if (!*at) {
        *cursor = at;
        return 0;
    }
    size_t length = strcspn(at, "=; \t\"");
    const char *equals = skip_blanks(at + length);
    if (!length || *equals != '=')
        return TREADLE_EPARSE;
    char *parsed_name = copy_lower(arena, at, length), *parsed_value = NULL;
    if (!parsed_name)
        return TREADLE_EMEMORY;
    at = skip_blanks(equals + 1);
    int rc = *at == '"' ? quoted(arena, &at, &parsed_value) : plain(arena, &at, &parsed_value);
    if (rc)
        return rc;
    at = skip_blanks(at);
    if (*at && *at != ';')
        return TREADLE_EPARSE;
    *cursor = at;
    *name = parsed_name;
    *value = parsed_value;
    return 1;
}

bool http_parameter_is(const char *value, const char *type)
{
    const char *from = skip_blanks(value);
    size_t length = trimmed(from, strcspn(from, ";"));
    return length == strlen(type) && strncasecmp(from, type, length) == 0;
}
