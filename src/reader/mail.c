/*
 * Mail: the fields of the head that people read, the text, then each attachment under its name.
 *
 * Of several forms of one text the plain one is taken, where it holds anything. An attachment is
 * read as if it were a file of its own, as long as it has no pages; those that are not read are
 * named in a remark.
 */
#include "reader/mail.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "document/format.h"
#include "reader/html.h"
#include "reader/mime.h"
#include "reader/plain.h"

enum { MOST_DEPTH = 8, MOST_PARTS = 1000 };

struct reading {
    struct sink *sink;
    size_t depth, parts;
    struct buffer left_out; /* names of attachments */
};

static void read_entity(struct reading *reading, const struct mime *mime);

static void leave_out(struct reading *reading, const char *name)
{
    buffer_append_format(&reading->left_out, "%s%s", reading->left_out.length ? ", " : "", name);
}

/* The decoded body as UTF-8. */
static void read_body(struct reading *reading, const struct mime *mime, const char *type,
                      void (*read)(struct sink *sink, const char *bytes, size_t length))
{
    char encoding[MIME_VALUE];
    struct buffer body;
    struct text text;
    bool named = mime_parameter(type, "charset", encoding);
    buffer_init(&body, mime->body_length + 4);
    mime_decode(mime, &body);
    if (body.failed)
        sink_fail(reading->sink, FRAME_NO_MEMORY);
    if (!body.failed && body.length > 0) {
        if (text_open(&text, reading->sink, body.data, body.length, named ? encoding : NULL))
            read(reading->sink, text.bytes, text.length);
        text_close(&text);
    }
    sink_end(reading->sink);
    buffer_clear(&body);
}

/* A file within the message. What is wrong with it says nothing of the message. */
static void read_file(struct reading *reading, const char *name, const char *bytes, size_t length)
{
    struct sink *sink = reading->sink;
    const char *why = NULL;
    const struct format *format =
        length ? format_find(bytes, length < FORMAT_HEAD ? length : FORMAT_HEAD, name, &why) : NULL;
    if (!format || format->sends != FORMAT_BLOCKS || length > format->size ||
        strcmp(format->word, "mail") == 0) {
        leave_out(reading, name);
        return;
    }
    sink_begin(sink, FRAME_HEADING, 2);
    sink_string(sink, name);
    sink_end(sink);
    sink->read(sink, bytes, length, format->word);
    sink_leave_tables(sink);
    if (sink->failure && sink->failure != FRAME_NO_MEMORY) {
        sink->failure = 0;
        leave_out(reading, name);
    }
}

static void read_attachment(struct reading *reading, const struct mime *mime, const char *name)
{
    struct buffer body;
    buffer_init(&body, mime->body_length + 4);
    mime_decode(mime, &body);
    if (body.failed)
        sink_fail(reading->sink, FRAME_NO_MEMORY);
    else
        read_file(reading, name, body.data ? body.data : "", body.length);
    buffer_clear(&body);
}

static bool is_kind(const struct mime *mime, const char *kind)
{
    char type[MIME_VALUE];
    return mime_field(mime, "Content-Type", type) ? strncasecmp(type, kind, strlen(kind)) == 0
                                                  : strcmp(kind, "text/plain") == 0;
}

static bool has_text(const struct mime *mime)
{
    for (size_t i = 0; i < mime->body_length; i++)
        if (!strchr(" \t\r\n", mime->body[i]))
            return true;
    return false;
}

/* The plain form where it holds anything, else the last. */
static void read_alternatives(struct reading *reading, const struct mime *mime,
                              const char *boundary)
{
    struct mime part, best = {.body_length = 0};
    bool found = false, plain = false;
    for (size_t position = 0;
         !plain && reading->parts++ < MOST_PARTS && mime_part(mime, boundary, &position, &part);) {
        plain = is_kind(&part, "text/plain") && has_text(&part);
        best = part;
        found = true;
    }
    if (found)
        read_entity(reading, &best);
}

static void read_parts(struct reading *reading, const struct mime *mime, const char *type)
{
    char boundary[MIME_VALUE];
    struct mime part;
    if (!mime_parameter(type, "boundary", boundary) || !boundary[0])
        return;
    if (strncasecmp(type, "multipart/alternative", 21) == 0) {
        read_alternatives(reading, mime, boundary);
        return;
    }
    for (size_t position = 0; reading->parts++ < MOST_PARTS && !reading->sink->failure &&
                              mime_part(mime, boundary, &position, &part);)
        read_entity(reading, &part);
}

static void read_head(struct reading *reading, const struct mime *mime)
{
    static const char *const names[] = {"From", "To", "Cc", "Date"};
    struct sink *sink = reading->sink;
    char value[MIME_VALUE];
    if (mime_field(mime, "Subject", value) && value[0]) {
        sink_title(sink, value, strlen(value));
        sink_begin(sink, FRAME_HEADING, 1);
        sink_string(sink, value);
    }
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (!mime_field(mime, names[i], value) || !value[0])
            continue;
        sink_begin(sink, FRAME_PARAGRAPH, 0);
        sink_string(sink, names[i]);
        sink_string(sink, ": ");
        sink_string(sink, value);
    }
    sink_end(sink);
}

static void read_message(struct reading *reading, const char *bytes, size_t length)
{
    struct mime mime = mime_open(bytes, length);
    read_head(reading, &mime);
    read_entity(reading, &mime);
}

static void read_entity(struct reading *reading, const struct mime *mime)
{
    char type[MIME_VALUE], disposition[MIME_VALUE], name[MIME_VALUE];
    if (reading->depth == MOST_DEPTH) {
        sink_fail(reading->sink, FRAME_NESTED);
        return;
    }
    reading->depth++;
    bool typed = mime_field(mime, "Content-Type", type);
    mime_field(mime, "Content-Disposition", disposition);
    bool file = mime_parameter(disposition, "filename", name) || mime_parameter(type, "name", name);
    bool inside = strncasecmp(disposition, "attachment", 10) != 0;
    if (strncasecmp(type, "multipart/", 10) == 0)
        read_parts(reading, mime, type);
    else if (strncasecmp(type, "message/rfc822", 14) == 0)
        read_message(reading, mime->body, mime->body_length);
    else if (inside && !file && (!typed || strncasecmp(type, "text/plain", 10) == 0))
        read_body(reading, mime, type, plain_read_prose);
    else if (inside && !file && strncasecmp(type, "text/html", 9) == 0)
        read_body(reading, mime, type, html_read);
    else
        read_attachment(reading, mime, file && name[0] ? name : "an attachment without a name");
    reading->depth--;
}

void mail_read(struct sink *sink, const char *bytes, size_t length)
{
    struct reading reading = {.sink = sink};
    buffer_init(&reading.left_out, 1 << 16);
    sink->pageless = true;
    read_message(&reading, bytes, length);
    if (reading.left_out.length > 0)
        sink_remark(sink, NOTICE_PARTS, reading.left_out.data);
    buffer_clear(&reading.left_out);
}
