/*
 * MIME as mail programs write it, which is not always as they should: line ends of either kind,
 * parts without an end, letters of other encodings in heads.
 */
#include "reader/mime.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "document/decode.h"

enum { MOST_HEAD = 1 << 18 };

/* The line at the position without its end, and the position after it. */
static size_t take_line(const char *bytes, size_t length, size_t *position)
{
    const char *start = bytes + *position;
    const char *end = memchr(start, '\n', length - *position);
    size_t line = end ? (size_t)(end - start) : length - *position;
    *position += line + (end ? 1 : 0);
    return line > 0 && start[line - 1] == '\r' ? line - 1 : line;
}

struct mime mime_open(const char *bytes, size_t length)
{
    size_t position = 0, start = 0;
    while (position < length && position < MOST_HEAD) {
        start = position;
        if (take_line(bytes, length, &position) == 0)
            return (struct mime){bytes, bytes + position, start, length - position};
    }
    return (struct mime){bytes, bytes + position, position, length - position};
}

/* ---- Transfer encodings --------------------------------------------------------------------- */

static int hex(char digit)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = digit ? strchr(digits, digit | 32) : NULL;
    return at ? (int)(at - digits) : -1;
}

static void decode_quoted(struct buffer *out, const char *bytes, size_t length, bool in_word)
{
    for (size_t i = 0; i < length; i++) {
        bool pair =
            bytes[i] == '=' && i + 2 < length && hex(bytes[i + 1]) >= 0 && hex(bytes[i + 2]) >= 0;
        if (pair) {
            buffer_append_char(out, (char)(hex(bytes[i + 1]) * 16 + hex(bytes[i + 2])));
            i += 2;
        } else if (bytes[i] == '=' && !in_word) {
            size_t position = i + 1;
            if (position <= length && take_line(bytes, length, &position) == 0)
                i = position - 1;
            else
                buffer_append_char(out, '=');
        } else {
            buffer_append_char(out, in_word && bytes[i] == '_' ? ' ' : bytes[i]);
        }
    }
}

static int value_of(unsigned char letter)
{
    return letter >= 'A' && letter <= 'Z'   ? letter - 'A'
           : letter >= 'a' && letter <= 'z' ? letter - 'a' + 26
           : letter >= '0' && letter <= '9' ? letter - '0' + 52
           : letter == '+' || letter == '-' ? 62
           : letter == '/' || letter == '_' ? 63
                                            : -1;
}

/* Passes over what is no letter of the encoding, and ends at its padding. */
static void decode_base64(struct buffer *out, const char *bytes, size_t length)
{
    uint32_t bits = 0;
    unsigned count = 0;
    for (size_t i = 0; i < length && bytes[i] != '='; i++) {
        int value = value_of((unsigned char)bytes[i]);
        if (value < 0)
            continue;
        bits = bits << 6 | (uint32_t)value;
        if ((count += 6) >= 8) {
            count -= 8;
            buffer_append_char(out, (char)(bits >> count & 0xFF));
        }
    }
}

void mime_decode(const struct mime *mime, struct buffer *out)
{
    char encoding[MIME_VALUE];
    mime_field(mime, "Content-Transfer-Encoding", encoding);
    if (strncasecmp(encoding, "base64", 6) == 0)
        decode_base64(out, mime->body, mime->body_length);
    else if (strncasecmp(encoding, "quoted-printable", 16) == 0)
        decode_quoted(out, mime->body, mime->body_length, false);
    else
        buffer_append(out, mime->body, mime->body_length);
}

/* ---- Fields --------------------------------------------------------------------------------- */

/* Appends bytes of the encoding as UTF-8. */
static void append_named(struct buffer *out, const char *bytes, size_t length, const char *encoding)
{
    char guessed[DECODE_NAME];
    enum decode_doubt doubt;
    struct buffer text;
    buffer_init(&text, length * 4 + 4);
    if (length > 0 && decode_text(&text, bytes, length, encoding, &doubt, guessed, NULL) == 0)
        buffer_append(out, text.data ? text.data : "", text.length);
    buffer_clear(&text);
}

/* An encoded word, =?encoding?Q?text?=, whose bytes it returns; 0 where there is none. */
static size_t append_word(struct buffer *out, const char *at, size_t length)
{
    char encoding[DECODE_NAME];
    struct buffer bytes;
    if (length < 8 || memcmp(at, "=?", 2) != 0)
        return 0;
    const char *end = at + length, *kind = memchr(at + 2, '?', length - 2);
    if (!kind || kind - at - 2 >= DECODE_NAME || end - kind < 5 || kind[2] != '?')
        return 0;
    const char *text = kind + 3, *close = memmem(text, (size_t)(end - text), "?=", 2);
    if (!close)
        return 0;
    snprintf(encoding, sizeof encoding, "%.*s", (int)(kind - at - 2), at + 2);
    encoding[strcspn(encoding, "*")] = '\0';
    buffer_init(&bytes, MOST_HEAD);
    if ((kind[1] | 32) == 'b')
        decode_base64(&bytes, text, (size_t)(close - text));
    else
        decode_quoted(&bytes, text, (size_t)(close - text), true);
    append_named(out, bytes.data ? bytes.data : "", bytes.length, encoding);
    buffer_clear(&bytes);
    return (size_t)(close + 2 - at);
}

/* White space between two encoded words is no part of the text. */
static void append_words(struct buffer *out, const char *text, size_t length)
{
    for (size_t i = 0; i < length;) {
        size_t word = append_word(out, text + i, length - i), next;
        if (word == 0) {
            buffer_append_char(out, text[i++]);
            continue;
        }
        for (i += word, next = i; next < length && strchr(" \t\r\n", text[next]);)
            next++;
        if (next + 1 < length && text[next] == '=' && text[next + 1] == '?')
            i = next;
    }
}

static void copy_value(const char *text, size_t length, char out[MIME_VALUE])
{
    struct buffer plain, words;
    buffer_init(&plain, MOST_HEAD * 4);
    buffer_init(&words, MOST_HEAD * 4);
    append_words(&words, text, length);
    append_named(&plain, words.data ? words.data : "", words.length, NULL);
    length = plain.length < MIME_VALUE ? plain.length : text_cut(plain.data, MIME_VALUE - 1);
    if (length)
        memcpy(out, plain.data, length);
    out[length] = '\0';
    buffer_clear(&plain);
    buffer_clear(&words);
}

bool mime_field(const struct mime *mime, const char *name, char out[MIME_VALUE])
{
    size_t named = strlen(name), position = 0;
    struct buffer value;
    out[0] = '\0';
    while (position < mime->head_length) {
        const char *line = mime->head + position;
        size_t length = take_line(mime->head, mime->head_length, &position);
        if (length <= named || line[named] != ':' || strncasecmp(line, name, named) != 0)
            continue;
        buffer_init(&value, MOST_HEAD);
        buffer_append(&value, line + named + 1, length - named - 1);
        while (position < mime->head_length && strchr(" \t", mime->head[position])) {
            line = mime->head + position;
            buffer_append(&value, line, take_line(mime->head, mime->head_length, &position));
        }
        const char *text = value.data ? value.data : "";
        size_t start = strspn(text, " \t");
        copy_value(text + start, value.length - start, out);
        buffer_clear(&value);
        return true;
    }
    return false;
}

bool mime_parameter(const char *value, const char *name, char out[MIME_VALUE])
{
    size_t named = strlen(name), length = 0;
    out[0] = '\0';
    while ((value = strchr(value, ';')) != NULL) {
        value += 1 + strspn(value + 1, " \t");
        if (strncasecmp(value, name, named) != 0 || value[named] != '=')
            continue;
        value += named + 1;
        bool quoted = *value == '"';
        value += quoted;
        while (*value && length < MIME_VALUE - 1 &&
               (quoted ? *value != '"' : !strchr("; \t", *value))) {
            value += quoted && *value == '\\' && value[1];
            out[length++] = *value++;
        }
        out[length] = '\0';
        return true;
    }
    return false;
}

/* ---- Parts ---------------------------------------------------------------------------------- */

/* Whether the line is the boundary; `*last`: the one after the last part. */
static bool is_boundary(const char *line, size_t length, const char *boundary, bool *last)
{
    size_t size = strlen(boundary);
    if (length < size + 2 || memcmp(line, "--", 2) != 0 || memcmp(line + 2, boundary, size) != 0)
        return false;
    line += size + 2;
    length -= size + 2;
    *last = length >= 2 && memcmp(line, "--", 2) == 0;
    length -= *last ? 2 : 0;
    line += *last ? 2 : 0;
    while (length > 0 && strchr(" \t", *line))
        line++, length--;
    return length == 0;
}

/* Moves to after the next boundary line; where that line begins, or the end of the body. */
static size_t find_boundary(const struct mime *mime, const char *boundary, size_t *position,
                            bool *last)
{
    while (*position < mime->body_length) {
        size_t start = *position;
        size_t length = take_line(mime->body, mime->body_length, position);
        if (is_boundary(mime->body + start, length, boundary, last))
            return start;
    }
    *last = true;
    return mime->body_length;
}

bool mime_part(const struct mime *mime, const char *boundary, size_t *position, struct mime *out)
{
    bool last = false;
    if (*position == 0)
        find_boundary(mime, boundary, position, &last);
    if (last || *position >= mime->body_length)
        return false;
    size_t start = *position, end = find_boundary(mime, boundary, position, &last);
    if (last)
        *position = mime->body_length;
    *out = mime_open(mime->body + start, end - start);
    return true;
}
