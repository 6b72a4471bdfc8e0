/*
 * Framing: where each request on a connection begins and ends, read byte by byte before the HTTP
 * library sees any of it. If a proxy in front and the library read a request in different ways, a
 * second request can be smuggled in between. So all that could be read in two ways is refused here:
 * lines that end in anything but CRLF, folded lines, NULs and other control characters, invalid
 * names, blanks around names and sizes, more than one length, a length beside a coding, and chunks
 * that do not end where they say. What passes means the same to every reader.
 */
#ifndef HTTP_FRAMING_H
#define HTTP_FRAMING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    HTTP_LARGEST_HEAD = 10 * 1024, /* bytes; trailers as much again */
    HTTP_MOST_HEADERS = 100
};

enum http_framing_state {
    HTTP_FRAMING_START, /* between two requests */
    HTTP_FRAMING_START_CR,
    HTTP_FRAMING_REQUEST_LINE,
    HTTP_FRAMING_REQUEST_LINE_CR,
    HTTP_FRAMING_LINE, /* where a header begins, or the blank line */
    HTTP_FRAMING_NAME,
    HTTP_FRAMING_VALUE,
    HTTP_FRAMING_VALUE_CR,
    HTTP_FRAMING_BLANK_CR,
    HTTP_FRAMING_BODY,
    HTTP_FRAMING_SIZE, /* of a chunk */
    HTTP_FRAMING_SIZE_CR,
    HTTP_FRAMING_CHUNK,
    HTTP_FRAMING_CHUNK_END,
    HTTP_FRAMING_CHUNK_CR,
    HTTP_FRAMING_REFUSED
};

/* The headers that decide where a request ends. */
enum http_framing_header {
    HTTP_FRAMING_OTHER,
    HTTP_FRAMING_HOST,
    HTTP_FRAMING_LENGTH,
    HTTP_FRAMING_CODING,
    HTTP_FRAMING_COOKIE, /* of which the library makes a record for each pair */
    HTTP_FRAMING_HEADERS
};

/* The state of one connection; zeroed, it is before the first request. */
struct http_framing_reader {
    enum http_framing_state state;
    size_t size;           /* of the head so far, or of the trailers */
    size_t cost;           /* what the library keeps of it */
    unsigned headers;      /* so far */
    unsigned spaces;       /* in the request line */
    unsigned word, digits; /* of what is being read: a word of the line, a name, a value, a size */
    char text[24];         /* its beginning */
    enum http_framing_header header;
    unsigned seen[HTTP_FRAMING_HEADERS];
    bool old;        /* HTTP/1.0 */
    bool in_trailer; /* the lines are the trailers of chunks */
    uint64_t length; /* of the body; or the rest of it or of a chunk */
    int status;      /* why it was refused, for a reply */
    const char *why;
};

/* Reads the bytes. 0, or -1 when they must be refused, with `status` and `why` set; nothing more
 * may be read then. `*whole` is how many bytes, from the first one on, belong to complete requests
 * (with those that began in earlier calls). */
int http_framing_read(struct http_framing_reader *reader, const char *bytes, size_t length,
                      size_t *whole);

#endif
