/*
 * Reading the wire format of protocol buffers: keys, numbers and bytes, one field after another.
 *
 * The bytes are hostile: every length is checked against what is left, and nothing is copied.
 */
#ifndef ENCODER_WIRE_H
#define ENCODER_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum wire_kind { WIRE_NUMBER = 0, WIRE_EIGHT = 1, WIRE_BYTES = 2, WIRE_FOUR = 5 };

struct wire {
    const unsigned char *at;
    size_t left;
    bool broken; /* the bytes are not in the format */
};

struct wire_field {
    uint32_t number;
    enum wire_kind kind;
    uint64_t value;             /* of WIRE_NUMBER */
    const unsigned char *bytes; /* of the other kinds */
    size_t length;
};

/* The next field. False at the end, and where the format is broken. */
bool wire_next(struct wire *wire, struct wire_field *out);

/* The next number of a packed list. False at the end, and where the format is broken. */
bool wire_number(struct wire *wire, uint64_t *out);

/* The fields within a field of WIRE_BYTES. */
static inline struct wire wire_within(const struct wire_field *field)
{
    return (struct wire){.at = field->bytes, .left = field->length};
}

/* Four bytes, which need not be aligned, as little-endian numbers. */
uint32_t wire_u32(const unsigned char *bytes);
float wire_float(const unsigned char *bytes);

#endif
