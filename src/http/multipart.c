/*
 * Multipart form bodies: a state machine over bytes that may be split anywhere.
 *
 * A delimiter is CRLF, two dashes and the boundary. Its only CR is its first byte, so a match that
 * fails can only start again at the byte that failed: what had matched is content, and no byte is
 * read twice. The body is read as if a CRLF came before it, so the first delimiter is like the
 * others.
 *
 * A part with a file name goes to a file of its own, any other to memory. At most one file is open
 * at a time; files are neither synced nor renamed here.
 */
#include "http/multipart.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/ident.h"
#include "base/text.h"
#include "http/parameter.h"
#include "http/part_header.h"

enum { LONGEST_BOUNDARY = 70 };

enum state {
    PREAMBLE,  /* before the first delimiter */
    DELIMITED, /* after a delimiter, before the end of its line */
    HEADER,    /* within a part's headers */
    CONTENT,   /* within a part */
    EPILOGUE,  /* after the last delimiter: ignored */
    BROKEN
};

struct http_multipart {
    struct arena *arena;
    const char *directory;
    enum state state;
    char delimiter[LONGEST_BOUNDARY + 5]; /* CRLF, two dashes, the boundary */
    size_t delimiter_length;
    size_t matched; /* bytes of the delimiter seen so far */
    char tail[2];   /* what comes after the delimiter: "--" or CRLF */
    size_t tail_length;
    struct buffer header;
    struct buffer value;
    int file; /* -1 while none is open */
    struct http_part *parts;
    size_t part_count;
};

static int malformed(struct treadle_error *error, const char *what)
{
    return error_set_request(error, NULL, NULL, "The multipart body is malformed: %s.", what);
}

static bool is_boundary(const char *text)
{
    size_t length = strlen(text);
    static const char punctuation[] = "'()+_,-./:=? ";
    for (size_t i = 0; i < length; i++) {
        char lower = (char)(text[i] | 0x20);
        if (!(lower >= 'a' && lower <= 'z') && !(text[i] >= '0' && text[i] <= '9') &&
            !strchr(punctuation, text[i]))
            return false;
    }
    return length > 0 && length <= LONGEST_BOUNDARY && text[length - 1] != ' ';
}

static int find_boundary(struct arena *arena, const char *content_type, char **out,
                         struct treadle_error *error)
{
    const char *cursor = content_type + strcspn(content_type, ";");
    char *name = NULL, *value = NULL;
    int rc;
    while ((rc = http_parameter_next(arena, &cursor, &name, &value)) == 1) {
        if (strcmp(name, "boundary") == 0 && is_boundary(value)) {
            *out = value;
            return 0;
        }
    }
    if (rc == TREADLE_EMEMORY)
        return error_set_memory(error);
    return malformed(error, "its Content-Type names no valid boundary");
}

int http_multipart_new(struct http_multipart **out, struct arena *arena, const char *content_type,
                       const char *directory, struct treadle_error *error)
{
    char *boundary = NULL;
    int rc = find_boundary(arena, content_type, &boundary, error);
    if (rc)
        return rc;
    struct http_multipart *multipart = calloc(1, sizeof *multipart);
    struct http_part *parts =
        arena_array(arena, HTTP_MULTIPART_MOST_PARTS, sizeof *multipart->parts);
    if (!multipart || !parts) {
        free(multipart);
        return error_set_memory(error);
    }
    multipart->arena = arena;
    multipart->directory = directory;
    multipart->parts = parts;
    multipart->file = -1;
    memcpy(multipart->delimiter, "\r\n--", 4);
    strcpy(multipart->delimiter + 4, boundary);
    multipart->delimiter_length = strlen(multipart->delimiter);
    multipart->matched = 2;
    buffer_init(&multipart->header, HTTP_MULTIPART_LARGEST_HEADER);
    buffer_init(&multipart->value, HTTP_MULTIPART_LARGEST_VALUE);
    *out = multipart;
    return 0;
}

static int disk_failed(struct treadle_error *error, int error_number)
{
    if (error_number == ENOSPC || error_number == EDQUOT || error_number == EFBIG)
        return error_set_wire(error, 507, "server_error", "insufficient_storage", NULL,
                              "The server has no room left for this upload.");
    return error_set_wire(error, 500, "server_error", NULL, NULL,
                          "The server could not write the upload to its disk.");
}

static int open_file(struct http_multipart *multipart, struct http_part *part,
                     struct treadle_error *error)
{
    char name[IDENT_SIZE];
    ident_make_hex(name, "upload_");
    const char *path = arena_format(multipart->arena, "%s/%s", multipart->directory, name);
    if (!path)
        return error_set_memory(error);
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (file < 0)
        return disk_failed(error, errno);
    multipart->file = file;
    part->path = path;
    return 0;
}

static int open_part(struct http_multipart *multipart, struct treadle_error *error)
{
    if (multipart->part_count == HTTP_MULTIPART_MOST_PARTS)
        return malformed(error, "it has too many parts");
    struct http_part *part = &multipart->parts[multipart->part_count];
    int rc = http_part_header_parse(multipart->arena, multipart->header.data, part, error);
    if (!rc && part->filename)
        rc = open_file(multipart, part, error);
    if (rc)
        return rc;
    multipart->part_count++;
    buffer_reset(&multipart->header);
    buffer_reset(&multipart->value);
    multipart->state = CONTENT;
    return 0;
}

static int write_all(int file, const char *bytes, size_t length, struct treadle_error *error)
{
    while (length) {
        ssize_t written = write(file, bytes, length);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return disk_failed(error, written ? errno : ENOSPC);
        bytes += written;
        length -= (size_t)written;
    }
    return 0;
}

static int put_content(struct http_multipart *multipart, const char *bytes, size_t length,
                       struct treadle_error *error)
{
    if (multipart->state == PREAMBLE || !length)
        return 0;
    struct http_part *part = &multipart->parts[multipart->part_count - 1];
    part->length += length;
    if (part->filename)
        return write_all(multipart->file, bytes, length, error);
    int rc = buffer_append(&multipart->value, bytes, length);
    if (rc == TREADLE_ELIMIT)
        return error_set_wire(error, 413, "invalid_request_error", NULL, part->name,
                              "A plain value of the form is longer than %d bytes.",
                              HTTP_MULTIPART_LARGEST_VALUE);
    return rc ? error_set_memory(error) : 0;
}

static int close_value(struct http_multipart *multipart, struct http_part *part,
                       struct treadle_error *error)
{
    const char *bytes = multipart->value.data ? multipart->value.data : "";
    size_t length = multipart->value.length;
    if (!text_is_utf8(bytes, length) || memchr(bytes, 0, length))
        return error_set_request(error, NULL, part->name,
                                 "A value of the form is not valid UTF-8.");
    part->value = arena_copy(multipart->arena, bytes, length);
    return part->value ? 0 : error_set_memory(error);
}

static int close_part(struct http_multipart *multipart, struct treadle_error *error)
{
    if (multipart->state == PREAMBLE)
        return 0;
    struct http_part *part = &multipart->parts[multipart->part_count - 1];
    if (!part->filename)
        return close_value(multipart, part, error);
    int rc = close(multipart->file);
    multipart->file = -1;
    /* Some file systems report only now that they are full. */
    return rc && errno != EINTR ? disk_failed(error, errno) : 0;
}

/* Reads content up to the end of a delimiter or of the bytes; returns how much it read. */
static int scan_content(struct http_multipart *multipart, const char *bytes, size_t length,
                        size_t *taken, struct treadle_error *error)
{
    size_t i = 0;
    while (i < length) {
        if (multipart->matched == 0) {
            const char *found = memchr(bytes + i, '\r', length - i);
            size_t run = found ? (size_t)(found - (bytes + i)) : length - i;
            int rc = put_content(multipart, bytes + i, run, error);
            if (rc)
                return rc;
            i += run;
            if (!found)
                break;
            multipart->matched = 1;
            i++;
        } else if (bytes[i] == multipart->delimiter[multipart->matched]) {
            i++;
            if (++multipart->matched < multipart->delimiter_length)
                continue;
            multipart->matched = 0;
            multipart->tail_length = 0;
            *taken = i;
            int rc = close_part(multipart, error);
            multipart->state = DELIMITED;
            return rc;
        } else {
            size_t matched = multipart->matched;
            multipart->matched = 0;
            int rc = put_content(multipart, multipart->delimiter, matched, error);
            if (rc)
                return rc;
        }
    }
    *taken = length;
    return 0;
}

static int take_delimited(struct http_multipart *multipart, char byte, struct treadle_error *error)
{
    /* Blanks may pad the line. */
    if (multipart->tail_length == 0 && (byte == ' ' || byte == '\t'))
        return 0;
    multipart->tail[multipart->tail_length++] = byte;
    if (multipart->tail_length < 2)
        return 0;
    if (memcmp(multipart->tail, "--", 2) == 0)
        multipart->state = EPILOGUE;
    else if (memcmp(multipart->tail, "\r\n", 2) == 0)
        multipart->state = HEADER;
    else
        return malformed(error, "there is text after a boundary");
    return 0;
}

static int take_header(struct http_multipart *multipart, char byte, struct treadle_error *error)
{
    struct buffer *header = &multipart->header;
    if (!byte)
        return malformed(error, "a part's header cannot be read");
    int rc = buffer_append_char(header, byte);
    if (rc == TREADLE_ELIMIT)
        return malformed(error, "a part's headers are too long");
    if (rc)
        return error_set_memory(error);
    bool ended =
        header->length >= 4 && text_ends_with(header->data + header->length - 4, "\r\n\r\n");
    if (header->length == 2 && memcmp(header->data, "\r\n", 2) == 0)
        return malformed(error, "a part has no headers");
    if (!ended)
        return 0;
    header->length -= 2;
    header->data[header->length] = '\0';
    return open_part(multipart, error);
}

static int feed(struct http_multipart *multipart, const char *bytes, size_t length,
                struct treadle_error *error)
{
    size_t i = 0;
    int rc = 0;
    while (i < length && !rc) {
        size_t taken = 1;
        switch (multipart->state) {
        case PREAMBLE:
        case CONTENT:
            rc = scan_content(multipart, bytes + i, length - i, &taken, error);
            break;
        case DELIMITED:
            rc = take_delimited(multipart, bytes[i], error);
            break;
        case HEADER:
            rc = take_header(multipart, bytes[i], error);
            break;
        case EPILOGUE:
            taken = length - i;
            break;
        case BROKEN:
            return malformed(error, "it failed before");
        }
        i += taken;
    }
    return rc;
}

int http_multipart_feed(struct http_multipart *multipart, const char *bytes, size_t length,
                        struct treadle_error *error)
{
    int rc = feed(multipart, bytes, length, error);
    if (rc)
        multipart->state = BROKEN;
    return rc;
}

int http_multipart_finish(struct http_multipart *multipart, struct http_part **parts, size_t *count,
                          struct treadle_error *error)
{
    if (multipart->state != EPILOGUE)
        return malformed(error, "it ends before its last boundary");
    *parts = multipart->parts;
    *count = multipart->part_count;
    return 0;
}

void http_multipart_free(struct http_multipart *multipart)
{
    if (!multipart)
        return;
    if (multipart->file >= 0)
        close(multipart->file);
    for (size_t i = 0; i < multipart->part_count; i++)
        if (multipart->parts[i].path)
            unlink(multipart->parts[i].path);
    buffer_clear(&multipart->header);
    buffer_clear(&multipart->value);
    free(multipart);
}
