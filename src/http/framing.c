/*
 * Framing: a state machine, byte by byte, except for bodies, whose bytes are skipped at once. It
 * keeps only counts and the first few bytes of what is being read, so a connection costs a hundred
 * bytes however long its lines are. The limits are those of this room and not of the library: a
 * head that passes fits into the library's memory, with the records that the library makes of it.
 */
#include "http/framing.h"

#include <string.h>
#include <strings.h>

enum {
    RECORD = 64,           /* what the library keeps for a header, at most */
    MOST_COST = 14 * 1024, /* of its 16 KiB */
    LONGEST_METHOD = 32,
    MOST_BLANK_LINES = 4,   /* before a request line */
    MOST_SIZE_DIGITS = 15,  /* hexadecimal, of a chunk */
    MOST_LENGTH_DIGITS = 18 /* decimal, of a length */
};

static int refuse(struct http_framing_reader *reader, int status, const char *why)
{
    reader->state = HTTP_FRAMING_REFUSED;
    reader->status = status;
    reader->why = why;
    return -1;
}

static int refuse_line(struct http_framing_reader *reader)
{
    return refuse(reader, 400, "a line does not end in CRLF, is folded, or has a NUL in it");
}

static int refuse_header(struct http_framing_reader *reader)
{
    return refuse(reader, 400, "a header is not valid");
}

static int refuse_chunk(struct http_framing_reader *reader)
{
    return refuse(reader, 400, "a chunk does not end in CRLF, or has no size, or an extension");
}

/* ---- Characters ----------------------------------------------------------------------------- */

static bool is_token(char c)
{
    static const char others[] = "!#$%&'*+-.^_`|~";
    char lower = (char)(c | 0x20);
    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || (c && strchr(others, c));
}

static bool is_text(char c)
{
    return (unsigned char)c >= ' ' && c != 127;
}

static int digit_of(char c)
{
    char lower = (char)(c | 0x20);
    if (c >= '0' && c <= '9')
        return c - '0';
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* ---- Words ---------------------------------------------------------------------------------- */

static void begin_word(struct http_framing_reader *reader)
{
    reader->word = 0;
    reader->digits = 0;
}

static void keep(struct http_framing_reader *reader, char c)
{
    if (reader->word < sizeof reader->text)
        reader->text[reader->word] = c;
    reader->word++;
}

static bool word_is(const struct http_framing_reader *reader, const char *text)
{
    return reader->word == strlen(text) && strncasecmp(reader->text, text, reader->word) == 0;
}

/* ---- Heads ---------------------------------------------------------------------------------- */

static int read_start(struct http_framing_reader *reader, char c)
{
    /* Some clients send an empty line after a body. */
    if (c == '\r' && reader->size < 2 * MOST_BLANK_LINES) {
        reader->size++;
        reader->state = HTTP_FRAMING_START_CR;
        return 0;
    }
    *reader = (struct http_framing_reader){.state = HTTP_FRAMING_REQUEST_LINE, .size = 1};
    if (!is_token(c))
        return refuse(reader, 400, "its request line is not valid");
    keep(reader, c);
    return 0;
}

static int read_start_cr(struct http_framing_reader *reader, char c)
{
    reader->size++;
    reader->state = HTTP_FRAMING_START;
    return c == '\n' ? 0 : refuse_line(reader);
}

static int end_request_line(struct http_framing_reader *reader)
{
    bool http = reader->word == 8 && strncmp(reader->text, "HTTP/", 5) == 0 &&
                digit_of(reader->text[5]) >= 0 && reader->text[6] == '.' &&
                digit_of(reader->text[7]) >= 0;
    if (reader->spaces != 2 || !http)
        return refuse(reader, 400, "its request line is not valid");
    reader->old = reader->text[7] == '0';
    if (reader->text[5] != '1')
        return refuse(reader, 505, NULL);
    reader->state = HTTP_FRAMING_REQUEST_LINE_CR;
    return 0;
}

static int read_request_line(struct http_framing_reader *reader, char c)
{
    if (c == '\r')
        return end_request_line(reader);
    if (c == '\n' || c == '\0')
        return refuse_line(reader);
    if (c == ' ' && (++reader->spaces > 2 || !reader->word))
        return refuse(reader, 400, "its request line is not valid");
    if (c == ' ') {
        begin_word(reader);
        return 0;
    }
    if (!is_text(c) || (!reader->spaces && (!is_token(c) || reader->word == LONGEST_METHOD)))
        return refuse(reader, 400, "its method or its URL is not valid");
    keep(reader, c);
    return 0;
}

static int read_line_feed(struct http_framing_reader *reader, char c, enum http_framing_state next)
{
    reader->state = next;
    return c == '\n' ? 0 : refuse_line(reader);
}

static int read_line(struct http_framing_reader *reader, char c)
{
    if (c == '\r') {
        reader->state = HTTP_FRAMING_BLANK_CR;
        return 0;
    }
    if (c == ' ' || c == '\t' || c == '\n' || c == '\0')
        return refuse_line(reader);
    if (!is_token(c))
        return refuse_header(reader);
    if (++reader->headers > HTTP_MOST_HEADERS)
        return refuse(reader, 431, NULL);
    reader->cost += RECORD;
    reader->state = HTTP_FRAMING_NAME;
    begin_word(reader);
    keep(reader, c);
    return 0;
}

static enum http_framing_header header_of(const struct http_framing_reader *reader)
{
    static const char *const names[] = {[HTTP_FRAMING_HOST] = "host",
                                        [HTTP_FRAMING_LENGTH] = "content-length",
                                        [HTTP_FRAMING_CODING] = "transfer-encoding",
                                        [HTTP_FRAMING_COOKIE] = "cookie"};
    for (int i = HTTP_FRAMING_HOST; i < HTTP_FRAMING_HEADERS; i++)
        if (word_is(reader, names[i]))
            return (enum http_framing_header)i;
    return HTTP_FRAMING_OTHER;
}

static int read_name(struct http_framing_reader *reader, char c)
{
    if (is_token(c)) {
        keep(reader, c);
        return 0;
    }
    if (c != ':')
        return c == '\n' || c == '\0' ? refuse_line(reader) : refuse_header(reader);
    reader->header = header_of(reader);
    reader->seen[reader->header]++;
    if (reader->in_trailer && reader->header != HTTP_FRAMING_OTHER)
        return refuse(reader, 400, "a trailer belongs into the head");
    reader->state = HTTP_FRAMING_VALUE;
    begin_word(reader);
    return 0;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static void trim(struct http_framing_reader *reader)
{
    while (reader->word && reader->word <= sizeof reader->text &&
           is_blank(reader->text[reader->word - 1]))
        reader->word--;
}

static int take_length(struct http_framing_reader *reader)
{
    uint64_t number = 0;
    bool digits = reader->word > 0;
    for (unsigned i = 0; i < reader->word && i < sizeof reader->text; i++) {
        digits = digits && reader->text[i] >= '0' && reader->text[i] <= '9';
        if (i < MOST_LENGTH_DIGITS)
            number = number * 10 + (uint64_t)(reader->text[i] - '0');
    }
    if (reader->seen[HTTP_FRAMING_LENGTH] > 1)
        return refuse(reader, 400, "it has more than one Content-Length");
    if (!digits)
        return refuse(reader, 400, "its Content-Length is not a number");
    if (reader->word > MOST_LENGTH_DIGITS)
        return refuse(reader, 413, NULL);
    reader->length = number;
    return 0;
}

static int end_value(struct http_framing_reader *reader)
{
    trim(reader);
    reader->state = HTTP_FRAMING_VALUE_CR;
    if (reader->header == HTTP_FRAMING_LENGTH)
        return take_length(reader);
    if (reader->header == HTTP_FRAMING_CODING &&
        (reader->old || reader->seen[HTTP_FRAMING_CODING] > 1 || !word_is(reader, "chunked")))
        return refuse(reader, 400, "its Transfer-Encoding is not understood");
    return 0;
}

static int read_value(struct http_framing_reader *reader, char c)
{
    if (c == '\r')
        return end_value(reader);
    if (c == '\n' || c == '\0')
        return refuse_line(reader);
    if (!is_text(c) && c != '\t')
        return refuse_header(reader);
    if (reader->header == HTTP_FRAMING_COOKIE)
        reader->cost += c == ';' || c == ',' ? RECORD : 1;
    if (reader->word || !is_blank(c))
        keep(reader, c);
    return 0;
}

static int end_head(struct http_framing_reader *reader)
{
    unsigned hosts = reader->seen[HTTP_FRAMING_HOST];
    bool chunked = reader->seen[HTTP_FRAMING_CODING] > 0;
    if (chunked && reader->seen[HTTP_FRAMING_LENGTH])
        return refuse(reader, 400, "it has a Content-Length and a Transfer-Encoding");
    if (hosts > 1 || (!reader->old && !hosts))
        return refuse(reader, 400, "it does not have exactly one Host");
    reader->size = 0;
    begin_word(reader);
    reader->state = chunked          ? HTTP_FRAMING_SIZE
                    : reader->length ? HTTP_FRAMING_BODY
                                     : HTTP_FRAMING_START;
    return 0;
}

static int read_blank(struct http_framing_reader *reader, char c)
{
    if (c != '\n')
        return refuse_line(reader);
    if (!reader->in_trailer)
        return end_head(reader);
    *reader = (struct http_framing_reader){.state = HTTP_FRAMING_START};
    return 0;
}

/* ---- Chunks --------------------------------------------------------------------------------- */

static int read_size(struct http_framing_reader *reader, char c)
{
    int digit = digit_of(c);
    if (digit >= 0) {
        if (reader->digits == MOST_SIZE_DIGITS)
            return refuse(reader, 413, NULL);
        reader->length = (reader->digits++ ? reader->length * 16 : 0) + (uint64_t)digit;
        return 0;
    }
    /* Extensions, which are hardly ever sent, are not understood by every release of the
     * library. */
    if (!reader->digits || c != '\r')
        return refuse_chunk(reader);
    reader->state = HTTP_FRAMING_SIZE_CR;
    return 0;
}

static int read_size_end(struct http_framing_reader *reader, char c)
{
    if (c != '\n')
        return refuse_chunk(reader);
    reader->in_trailer = reader->length == 0;
    reader->state = reader->in_trailer ? HTTP_FRAMING_LINE : HTTP_FRAMING_CHUNK;
    reader->size = reader->cost = 0;
    reader->headers = 0;
    return 0;
}

static int read_chunk_end(struct http_framing_reader *reader, char c)
{
    bool feed = reader->state == HTTP_FRAMING_CHUNK_CR;
    if (c != (feed ? '\n' : '\r'))
        return refuse_chunk(reader);
    reader->state = feed ? HTTP_FRAMING_SIZE : HTTP_FRAMING_CHUNK_CR;
    begin_word(reader);
    return 0;
}

/* ---- The whole ------------------------------------------------------------------------------ */

static int read_byte(struct http_framing_reader *reader, char c)
{
    switch (reader->state) {
    case HTTP_FRAMING_START:
        return read_start(reader, c);
    case HTTP_FRAMING_START_CR:
        return read_start_cr(reader, c);
    case HTTP_FRAMING_REQUEST_LINE:
        return read_request_line(reader, c);
    case HTTP_FRAMING_REQUEST_LINE_CR:
    case HTTP_FRAMING_VALUE_CR:
        return read_line_feed(reader, c, HTTP_FRAMING_LINE);
    case HTTP_FRAMING_LINE:
        return read_line(reader, c);
    case HTTP_FRAMING_NAME:
        return read_name(reader, c);
    case HTTP_FRAMING_VALUE:
        return read_value(reader, c);
    case HTTP_FRAMING_BLANK_CR:
        return read_blank(reader, c);
    case HTTP_FRAMING_SIZE:
        return read_size(reader, c);
    case HTTP_FRAMING_SIZE_CR:
        return read_size_end(reader, c);
    case HTTP_FRAMING_CHUNK_END:
    case HTTP_FRAMING_CHUNK_CR:
        return read_chunk_end(reader, c);
    case HTTP_FRAMING_BODY:
    case HTTP_FRAMING_CHUNK:
    case HTTP_FRAMING_REFUSED:
        break;
    }
    return -1;
}

/* Skips content. */
static size_t skip(struct http_framing_reader *reader, size_t length)
{
    size_t step = reader->length < length ? (size_t)reader->length : length;
    reader->length -= step;
    if (!reader->length && reader->state == HTTP_FRAMING_BODY)
        *reader = (struct http_framing_reader){.state = HTTP_FRAMING_START};
    else if (!reader->length)
        reader->state = HTTP_FRAMING_CHUNK_END;
    return step;
}

static bool in_lines(const struct http_framing_reader *reader)
{
    return reader->state >= HTTP_FRAMING_REQUEST_LINE && reader->state <= HTTP_FRAMING_BLANK_CR;
}

static int check_size(struct http_framing_reader *reader)
{
    if (!in_lines(reader))
        return 0;
    if (++reader->size <= HTTP_LARGEST_HEAD && reader->size + reader->cost <= MOST_COST)
        return 0;
    return refuse(reader, reader->state == HTTP_FRAMING_REQUEST_LINE ? 414 : 431, NULL);
}

int http_framing_read(struct http_framing_reader *reader, const char *bytes, size_t length,
                      size_t *whole)
{
    *whole = 0;
    for (size_t i = 0; i < length;) {
        if (reader->state == HTTP_FRAMING_BODY || reader->state == HTTP_FRAMING_CHUNK)
            i += skip(reader, length - i);
        else if (read_byte(reader, bytes[i++]) || check_size(reader))
            return -1;
        if (reader->state == HTTP_FRAMING_START)
            *whole = i;
    }
    return 0;
}
