/*
 * The headers of one part. A file name comes in three ways, and all are understood: quoted as it
 * is, quoted with the three escapes that browsers and Node's fetch write (%22, %0D, %0A), and as
 * RFC 5987's filename*, which wins where both are there. Names are data: they are not shortened.
 */
#include "http/part_header.h"

#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/text.h"
#include "http/parameter.h"
#include "http/uri.h"

static int malformed(struct treadle_error *error, const char *what)
{
    return error_set_request(error, NULL, NULL, "The multipart body is malformed: %s.", what);
}

static void undo_form_escapes(char *text)
{
    static const struct {
        const char *escape;
        char character;
    } escapes[] = {{"%22", '"'}, {"%0D", '\r'}, {"%0A", '\n'}};
    char *to = text;
    for (const char *from = text; *from;) {
        size_t i = 0;
        while (i < 3 && strncmp(from, escapes[i].escape, 3) != 0)
            i++;
        *to++ = i < 3 ? escapes[i].character : *from;
        from += i < 3 ? 3 : 1;
    }
    *to = '\0';
}

/* UTF-8'language'escaped; a value in any other charset is left to the plain file name. */
static int extended_value(struct arena *arena, const char *value, const char **out,
                          struct treadle_error *error)
{
    if (strncasecmp(value, "utf-8'", 6) != 0)
        return 0;
    const char *text = strchr(value + 6, '\'');
    if (!text)
        return malformed(error, "a file name is not encoded rightly");
    char *decoded = NULL;
    int rc = http_uri_decode(arena, text + 1, strlen(text + 1), false, &decoded);
    if (rc == TREADLE_EMEMORY)
        return error_set_memory(error);
    if (rc)
        return malformed(error, "a file name is not encoded rightly");
    *out = decoded;
    return 0;
}

static int parse_disposition(struct arena *arena, const char *value, struct http_part *out,
                             struct treadle_error *error)
{
    const char *cursor = value, *extended = NULL;
    const char *kind = http_parameter_main(arena, &cursor);
    if (!kind)
        return error_set_memory(error);
    if (strcmp(kind, "form-data") != 0)
        return malformed(error, "a part is no form data");
    char *name = NULL, *text = NULL;
    int rc;
    while ((rc = http_parameter_next(arena, &cursor, &name, &text)) == 1) {
        if (strcmp(name, "name") == 0 && !out->name) {
            undo_form_escapes(text);
            out->name = text;
        } else if (strcmp(name, "filename") == 0 && !out->filename) {
            undo_form_escapes(text);
            out->filename = text;
        } else if (strcmp(name, "filename*") == 0 && !extended) {
            int failed = extended_value(arena, text, &extended, error);
            if (failed)
                return failed;
        }
    }
    if (rc == TREADLE_EMEMORY)
        return error_set_memory(error);
    if (rc)
        return malformed(error, "a content disposition cannot be read");
    if (extended)
        out->filename = extended;
    return 0;
}

static bool is_utf8(const char *text)
{
    return !text || text_is_utf8(text, strlen(text));
}

static int check(const struct http_part *part, struct treadle_error *error)
{
    if (!part->name || !part->name[0])
        return malformed(error, "a part has no name");
    if (!is_utf8(part->name) || !is_utf8(part->filename) || !is_utf8(part->content_type))
        return malformed(error, "a part's name or file name is not valid UTF-8");
    return 0;
}

static int parse_line(struct arena *arena, const char *line, struct http_part *out,
                      struct treadle_error *error)
{
    static const char disposition[] = "content-disposition:", type[] = "content-type:";
    if (!strchr(line, ':') || strchr(line, '\n') || strchr(line, '\r') || *line == ' ' ||
        *line == '\t')
        return malformed(error, "a part's header cannot be read");
    if (strncasecmp(line, disposition, strlen(disposition)) == 0) {
        if (out->name)
            return malformed(error, "a part has two content dispositions");
        return parse_disposition(arena, line + strlen(disposition), out, error);
    }
    if (strncasecmp(line, type, strlen(type)) == 0) {
        const char *value = line + strlen(type);
        out->content_type = arena_string(arena, value + strspn(value, " \t"));
        if (!out->content_type)
            return error_set_memory(error);
    }
    return 0;
}

int http_part_header_parse(struct arena *arena, const char *block, struct http_part *out,
                           struct treadle_error *error)
{
    struct http_part part = {.name = NULL};
    while (*block) {
        const char *end = strstr(block, "\r\n");
        size_t length = end ? (size_t)(end - block) : strlen(block);
        char *line = arena_copy(arena, block, length);
        if (!line)
            return error_set_memory(error);
        int rc = parse_line(arena, line, &part, error);
        if (rc)
            return rc;
        block += length + (end ? 2 : 0);
    }
    int rc = check(&part, error);
    if (!rc)
        *out = part;
    return rc;
}
