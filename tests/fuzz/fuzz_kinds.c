/*
 * Fuzzing the readers of all formats but PDF, and what is made of their frames.
 *
 * The first byte is the format. A package is made of the rest, as parts that a zero byte ends, each
 * a line with its name and then its text, so that what is fuzzed is XML and not compression. What
 * a reader sends must be sound: the document room takes every frame, whatever the file was.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <zip.h>

#include "document/blocks.h"
#include "document/receive.h"
#include "reader/kinds.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST_TEXT = 1 << 22, MOST_PARTS = 100 };

static struct receiver receiver;

/* Stands for src/reader/output.c: the frame goes to the receiver at once. */
void output_frame(struct output *output, enum frame_kind kind, const void *body, size_t size,
                  const char *text, size_t length)
{
    static char bytes[sizeof(struct frame) + FRAME_LIMIT];
    struct frame frame = {.kind = kind, .length = (uint32_t)(size + length)};
    struct treadle_error error = {0};
    (void)output;
    if (size + length > FRAME_LIMIT)
        abort();
    memcpy(bytes, &frame, sizeof frame);
    if (size)
        memcpy(bytes + sizeof frame, body, size);
    if (length)
        memcpy(bytes + sizeof frame + size, text, length);
    int rc = receive_bytes(&receiver, bytes, sizeof frame + size + length, &error);
    if (rc && rc != TREADLE_ELIMIT)
        abort();
}

void output_flush(struct output *output)
{
    (void)output;
}

static void add_part(zip_t *zip, const char *part, size_t length)
{
    char name[200];
    const char *line = memchr(part, '\n', length);
    size_t named = line ? (size_t)(line - part) : 0;
    if (named == 0 || named >= sizeof name)
        return;
    memcpy(name, part, named);
    name[named] = '\0';
    zip_source_t *source = zip_source_buffer(zip, line + 1, length - named - 1, 0);
    if (!source || zip_file_add(zip, name, source, ZIP_FL_OVERWRITE) < 0)
        zip_source_free(source);
}

/* A package of the parts; its bytes, which the caller frees. */
static char *make_package(const char *text, size_t size, size_t *length)
{
    zip_error_t error;
    zip_stat_t status;
    zip_error_init(&error);
    zip_source_t *source = zip_source_buffer_create(NULL, 0, 0, &error);
    zip_t *zip = source ? zip_open_from_source(source, ZIP_TRUNCATE, &error) : NULL;
    if (!zip)
        abort();
    zip_source_keep(source);
    for (size_t start = 0, count = 0; start < size && count < MOST_PARTS; count++) {
        const char *end = memchr(text + start, '\0', size - start);
        size_t part = end ? (size_t)(end - text) - start : size - start;
        add_part(zip, text + start, part);
        start += part + 1;
    }
    char *bytes = NULL;
    if (zip_close(zip))
        zip_discard(zip);
    else if (zip_source_stat(source, &status) == 0 && zip_source_open(source) == 0) {
        bytes = malloc(status.size + 1);
        *length = bytes ? (size_t)zip_source_read(source, bytes, status.size) : 0;
        zip_source_close(source);
    }
    zip_source_free(source);
    return bytes;
}

static void read_kind(const char *format, const char *bytes, size_t length)
{
    static struct sink sink;
    static struct output output;
    sink_init(&sink, &output);
    kinds_read(&sink, bytes, length, format);
    sink_end(&sink);
    sink_clear(&sink);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const formats[] = {"html",  "package", "package",  "gzip",      "prose",
                                          "lines", "code",    "markdown", "delimited", "json",
                                          "mail",  "xml",     "rst",      "tex",       "notebook"};
    uint64_t budget = 0;
    if (size < 2)
        return 0;
    struct arena *arena = arena_new((size_t)256 << 20);
    struct blocks blocks;
    struct unpacked unpacked = {.descriptor = -1};
    if (!arena)
        abort();
    blocks_init(&blocks, arena, MOST_TEXT);
    struct sheaf sheaf = {.arena = arena, .blocks = &blocks};
    size_t kind = data[0] % (sizeof formats / sizeof *formats), length = size - 1;
    if (kind == 3)
        sheaf.unpacked = &unpacked;
    receive_init(&receiver, &sheaf, 0, 1, 0, &budget);
    receiver.state = RECEIVE_READY;
    const char *bytes = (const char *)data + 1;
    char *package = kind == 1 ? make_package(bytes, length, &length) : NULL;
    if (kind != 1 || package)
        read_kind(formats[kind], package ? package : bytes, length);
    free(package);
    receive_clear(&receiver);
    blocks_clear(&blocks);
    arena_free(arena);
    return 0;
}
