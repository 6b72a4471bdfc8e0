/*
 * Images.
 */
#include "model/image.h"

#include <openssl/evp.h>
#include <string.h>

enum { GROUP = 3 * 1024 };

const char *image_type(const void *bytes, size_t length)
{
    if (length >= 8 && memcmp(bytes, "\x89PNG\r\n\x1a\n", 8) == 0)
        return "image/png";
    if (length >= 3 && memcmp(bytes, "\xff\xd8\xff", 3) == 0)
        return "image/jpeg";
    if (length >= 6 && (memcmp(bytes, "GIF87a", 6) == 0 || memcmp(bytes, "GIF89a", 6) == 0))
        return "image/gif";
    if (length >= 12 && memcmp(bytes, "RIFF", 4) == 0 &&
        memcmp((const char *)bytes + 8, "WEBP", 4) == 0)
        return "image/webp";
    return NULL;
}

void image_print(struct buffer *out, const char *type, const void *bytes, size_t length)
{
    unsigned char encoded[GROUP / 3 * 4 + 1];
    const unsigned char *at = bytes;
    buffer_append_format(out, "data:%s;base64,", type);
    for (size_t piece; length; at += piece, length -= piece) {
        piece = length < GROUP ? length : GROUP;
        buffer_append(out, encoded, (size_t)EVP_EncodeBlock(encoded, at, (int)piece));
    }
}
