/*
 * Small values that the objects are made of: presence, optional scalars, maps.
 *
 * Part of treadle/objects.h, which says what holds for all objects.
 */
#ifndef TREADLE_OBJECTS_VALUE_H
#define TREADLE_OBJECTS_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Presence and small values -------------------------------------------------------------- */

enum treadle_state { TREADLE_ABSENT, TREADLE_NULL, TREADLE_SET };

struct treadle_integer {
    enum treadle_state state;
    int64_t value;
};

struct treadle_number {
    enum treadle_state state;
    double value;
};

struct treadle_boolean {
    enum treadle_state state;
    bool value;
};

/* Values for designated initialisers, as in `.temperature = TREADLE_VALUE(0.2)`. */
#define TREADLE_VALUE(v)                                                                           \
    {                                                                                              \
        TREADLE_SET, (v)                                                                           \
    }

/* Which members a parsed object had, one bit for each row of its table. */
struct treadle_presence {
    uint64_t set;  /* present, null or not */
    uint64_t null; /* present and null */
};

/* Metadata: text to text. */
struct treadle_pair {
    const char *key;
    const char *value;
};

struct treadle_map {
    size_t count;
    struct treadle_pair *pairs;
};

/* Attributes: text to text, number or boolean. */
enum treadle_value_kind { TREADLE_VALUE_STRING = 1, TREADLE_VALUE_NUMBER, TREADLE_VALUE_BOOLEAN };

struct treadle_attribute {
    const char *key;
    enum treadle_value_kind kind;
    const char *string;
    double number;
    bool boolean;
};

struct treadle_attributes {
    size_t count;
    struct treadle_attribute *items;
};

#ifdef __cplusplus
}
#endif

#endif
