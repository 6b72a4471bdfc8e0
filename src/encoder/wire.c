/*
 * Reading the wire format of protocol buffers.
 */
#include "encoder/wire.h"

#include <string.h>

uint32_t wire_u32(const unsigned char *bytes)
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
           (uint32_t)bytes[3] << 24;
}

float wire_float(const unsigned char *bytes)
{
    uint32_t bits = wire_u32(bytes);
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

bool wire_number(struct wire *wire, uint64_t *out)
{
    uint64_t value = 0;
    bool begun = wire->left > 0;
    for (unsigned shift = 0; shift < 64 && wire->left; shift += 7) {
        unsigned char byte = *wire->at++;
        wire->left--;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) {
            *out = value;
            return true;
        }
    }
    wire->broken |= begun;
    return false;
}

static bool take(struct wire *wire, uint64_t length, struct wire_field *out)
{
    if (length > wire->left) {
        wire->broken = true;
        return false;
    }
    out->bytes = wire->at;
    out->length = (size_t)length;
    wire->at += length;
    wire->left -= (size_t)length;
    return true;
}

bool wire_next(struct wire *wire, struct wire_field *out)
{
    uint64_t key, length;
    if (wire->broken || !wire->left || !wire_number(wire, &key))
        return false;
    *out = (struct wire_field){.number = (uint32_t)(key >> 3), .kind = (enum wire_kind)(key & 7)};
    switch (out->kind) {
    case WIRE_NUMBER:
        if (wire_number(wire, &out->value))
            return true;
        break;
    case WIRE_EIGHT:
        return take(wire, 8, out);
    case WIRE_BYTES:
        if (wire_number(wire, &length))
            return take(wire, length, out);
        break;
    case WIRE_FOUR:
        return take(wire, 4, out);
    }
    wire->broken = true;
    return false;
}
