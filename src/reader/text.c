/*
 * Text: most files are UTF-8 already and are read where they are mapped.
 */
#include "reader/text.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "document/decode.h"

static bool is_plain(const char *bytes, size_t length)
{
    return text_is_utf8(bytes, length) && !memchr(bytes, '\0', length);
}

static bool decode(struct text *text, struct sink *sink, const char *bytes, size_t length,
                   const char *named)
{
    char encoding[DECODE_NAME];
    enum decode_doubt doubt;
    struct treadle_error error = {0};
    int rc = decode_text(&text->decoded, bytes, length, named, &doubt, encoding, &error);
    if (rc) {
        sink_fail(sink, rc == TREADLE_EMEMORY ? FRAME_NO_MEMORY : FRAME_NO_TEXT);
        return false;
    }
    if (doubt == DECODE_GUESSED)
        sink_remark(sink, NOTICE_ENCODING, encoding);
    if (doubt == DECODE_BROKEN)
        sink_remark(sink, NOTICE_BROKEN_TEXT, "");
    text->bytes = text->decoded.data ? text->decoded.data : "";
    text->length = text->decoded.length;
    return true;
}

bool text_open(struct text *out, struct sink *sink, const char *bytes, size_t length,
               const char *named)
{
    size_t mark = length >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    *out = (struct text){.bytes = bytes + mark, .length = length - mark};
    buffer_init(&out->decoded, length * 4 + 4);
    return is_plain(bytes, length) || decode(out, sink, bytes, length, named);
}

void text_close(struct text *text)
{
    buffer_clear(&text->decoded);
}

bool text_line(const struct text *text, size_t *position, struct line *out)
{
    if (*position >= text->length)
        return false;
    const char *start = text->bytes + *position;
    size_t rest = text->length - *position;
    const char *end = memchr(start, '\n', rest);
    size_t length = end ? (size_t)(end - start) : rest;
    *position += length + (end ? 1 : 0);
    length -= length > 0 && start[length - 1] == '\r';
    *out = (struct line){start, length};
    return true;
}
