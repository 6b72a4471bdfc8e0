/*
 * The character map of the tokenizer's model.
 */
#include "encoder/charmap.h"

#include <stdint.h>

#include "encoder/wire.h"

/* A unit's parts. */
#define HAS_VALUE 0x100u
#define LABEL     0x800000ffu
#define VALUE     0x7fffffffu

bool charmap_read(const unsigned char *bytes, size_t length, struct charmap *out)
{
    struct charmap map = {.units = NULL};
    if (length) {
        size_t size = length >= 4 ? wire_u32(bytes) : 0;
        if (!size || size % 4 || size > length - 4 || bytes[length - 1])
            return false;
        map.units = bytes + 4;
        map.unit_count = size / 4;
        map.texts = (const char *)bytes + 4 + size;
        map.texts_length = length - 4 - size;
    }
    *out = map;
    return true;
}

static uint32_t jump(uint32_t unit)
{
    return (unit >> 10) << ((unit & 0x200) >> 6);
}

/* Outside of the array there is a unit without a label that a byte could match. */
static uint32_t unit_at(const struct charmap *map, size_t at)
{
    return at < map->unit_count ? wire_u32(map->units + 4 * at) : LABEL;
}

size_t charmap_match(const struct charmap *map, const char *text, size_t length,
                     const char **replacement)
{
    size_t found = 0, at = map->unit_count ? jump(unit_at(map, 0)) : 0;
    for (size_t i = 0; i < length && map->unit_count; i++) {
        unsigned char byte = (unsigned char)text[i];
        at ^= byte;
        uint32_t unit = unit_at(map, at);
        if ((unit & LABEL) != byte)
            break;
        at ^= jump(unit);
        uint32_t value = unit & HAS_VALUE ? unit_at(map, at) & VALUE : VALUE;
        if (value < map->texts_length) {
            found = i + 1;
            *replacement = map->texts + value;
        }
    }
    return found;
}
