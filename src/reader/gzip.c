/*
 * Gzip by zlib, member after member, bounded as packages are.
 */
#include "reader/gzip.h"

#include <limits.h>
#include <stdint.h>

#define ZLIB_CONST
#include <zlib.h>

enum { MOST_RATIO = 250, FREE_BYTES = 32 << 20, GZIP_ALONE = 16 };

static const uint64_t most_unpacked = (uint64_t)512 << 20;

struct unpacking {
    struct sink *sink;
    z_stream stream;
    uint64_t size, unpacked;
};

/* Unpacks as much as fits into a frame and sends it; zlib's result. */
static int unpack(struct unpacking *unpacking)
{
    static unsigned char bytes[FRAME_LIMIT];
    z_stream *stream = &unpacking->stream;
    stream->next_out = bytes;
    stream->avail_out = sizeof bytes;
    int rc = inflate(stream, Z_NO_FLUSH);
    size_t length = sizeof bytes - stream->avail_out;
    unpacking->unpacked += length;
    if (unpacking->unpacked > most_unpacked ||
        (unpacking->unpacked > FREE_BYTES && unpacking->unpacked / MOST_RATIO > unpacking->size))
        sink_fail(unpacking->sink, FRAME_UNPACKED);
    else if (length > 0)
        output_frame(unpacking->sink->output, FRAME_BYTES, NULL, 0, (const char *)bytes, length);
    return rc;
}

void gzip_read(struct sink *sink, const char *bytes, size_t length)
{
    struct unpacking unpacking = {.sink = sink, .size = length};
    z_stream *stream = &unpacking.stream;
    if (length > UINT_MAX || inflateInit2(stream, MAX_WBITS + GZIP_ALONE) != Z_OK) {
        sink_fail(sink, FRAME_NO_MEMORY);
        return;
    }
    stream->next_in = (const unsigned char *)bytes;
    stream->avail_in = (unsigned)length;
    int rc = Z_OK;
    while (!sink->failure && (rc == Z_OK || stream->avail_in > 0)) {
        rc = unpack(&unpacking);
        if (rc == Z_STREAM_END && stream->avail_in > 0)
            rc = inflateReset(stream);
        else if (rc != Z_OK && rc != Z_STREAM_END)
            break;
    }
    if (rc != Z_STREAM_END)
        sink_fail(sink, rc == Z_MEM_ERROR ? FRAME_NO_MEMORY : FRAME_DAMAGED);
    inflateEnd(stream);
}
