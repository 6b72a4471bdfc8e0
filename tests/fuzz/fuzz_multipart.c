/*
 * Fuzzing the multipart reader: the first byte says into what pieces the rest is parted. However it
 * is split, the outcome must be the same, and no file may remain.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "http/multipart.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char directory[] = "/tmp/fuzz-multipart-XXXXXX";

static void remove_directory(void)
{
    if (rmdir(directory) != 0)
        abort();
}

static void make_directory(void)
{
    static int made;
    if (made)
        return;
    made = 1;
    if (!mkdtemp(directory) || atexit(remove_directory) != 0)
        abort();
}

/* The number of parts and the sum of their lengths, or -1. */
static long read_body(const char *body, size_t length, size_t step)
{
    static const char type[] = "multipart/form-data; boundary=B";
    struct arena *arena = arena_new(0);
    struct http_multipart *multipart = NULL;
    struct http_part *parts = NULL;
    struct treadle_error error;
    size_t count = 0;
    long sum = -1;
    if (http_multipart_new(&multipart, arena, type, directory, &error))
        abort();
    int rc = 0;
    for (size_t i = 0; !rc && i < length; i += step)
        rc =
            http_multipart_feed(multipart, body + i, length - i < step ? length - i : step, &error);
    if (!rc && !http_multipart_finish(multipart, &parts, &count, &error)) {
        sum = (long)count;
        for (size_t i = 0; i < count; i++)
            sum +=
                (long)parts[i].length * 100 + (parts[i].value ? (long)strlen(parts[i].value) : 0);
    }
    http_multipart_free(multipart);
    arena_free(arena);
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    make_directory();
    if (!size)
        return 0;
    const char *body = (const char *)data + 1;
    if (read_body(body, size - 1, size) != read_body(body, size - 1, data[0] % 16u + 1))
        abort();
    return 0;
}
