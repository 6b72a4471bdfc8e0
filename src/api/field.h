/*
 * Fields: an API object as a table of rows, and the walker that parses, validates, prints and
 * describes objects from it.
 *
 * A type is the table of one struct of treadle/objects.h. A row names a member, its kind, its
 * offset, whether it is required, its bounds, and what it means; everything that Treadle knows of
 * the wire form of an object is in these rows. Two forms are built from rows alone:
 *
 * - union: one row is the discriminator (an enumeration) and rows with `when` set exist only while
 * the discriminator has that value;
 *
 * - alternate: of an `alternate` type exactly one row is used, chosen by the JSON type.
 *
 * The row macros refuse to compile when a row's kind does not fit its member.
 */
#ifndef API_FIELD_H
#define API_FIELD_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "treadle/error.h"
#include "treadle/objects.h"

enum field_kind {
    FIELD_STRING = 1, /* const char * */
    FIELD_CONSTANT,   /* const char *, always the text in `constant` */
    FIELD_INTEGER,    /* int64_t, or struct treadle_integer when FIELD_MAYBE */
    FIELD_TIME,       /* as FIELD_INTEGER, Unix seconds */
    FIELD_NUMBER,     /* double, or struct treadle_number */
    FIELD_BOOLEAN,    /* bool, or struct treadle_boolean */
    FIELD_ENUM,       /* an enum whose 0 means absent; `names` has its words */
    FIELD_STRUCT,     /* pointer to the struct that `type` describes */
    FIELD_MAP,        /* struct treadle_map *: metadata */
    FIELD_ATTRIBUTES, /* struct treadle_attributes * */
    FIELD_RAW,        /* const char *, any JSON as compact text */
    FIELD_ARRAY       /* pointer to elements of kind `element`, and a size_t beside it */
};

enum field_flag {
    FIELD_REQUIRED = 1,      /* required when parsed strictly; always printed */
    FIELD_NULLABLE = 2,      /* null is one of its values, also where it is required */
    FIELD_MAYBE = 4,         /* the scalar's struct form; set by the macros */
    FIELD_DISCRIMINATOR = 8, /* the enumeration that chooses among rows with `when` */
    FIELD_ALWAYS = 16,       /* always printed, as null or empty when absent, but not required */
    FIELD_OWN = 32           /* not in the published contract */
};

struct treadle_type;

struct field {
    const char *name;
    enum field_kind kind;
    enum field_kind element; /* of an array: FIELD_STRING or FIELD_STRUCT */
    unsigned flags;
    int when; /* 0: always */
    size_t offset;
    size_t count_offset;
    const struct treadle_type *type;
    const char *const *names; /* by value; [0] is NULL; ends with NULL */
    const char *constant;
    double min, max;     /* numbers: both ends included; strings and arrays: length; max 0: none */
    const char *pattern; /* strings: the only characters allowed besides letters and digits */
    const char *schema;  /* raw JSON: members of its JSON schema, for descriptions alone */
    const char *doc;
};

struct treadle_type {
    const char *name; /* its name in the published contract */
    size_t size;
    const struct field *fields;
    size_t field_count;
    bool alternate;
    bool presence; /* the struct starts with a struct treadle_presence */
    size_t others; /* where the struct has its `const char *others`, the members that no row knows
                      as a JSON object; 0: nowhere */
    /* Checks what no single row can say; called after a strict parse. `path` is the object's own,
     * "" at the top. May be NULL. */
    int (*check)(const void *object, const char *path, struct treadle_error *error);
    const char *doc;
};

/* ---- Rows ----------------------------------------------------------------------------------- */

#define FIELD_FITS(T, m, type) (0 * sizeof(char[_Generic(((struct T *)0)->m, type : 1)]))
#define FIELD_AT(T, m, type)   .offset = offsetof(struct T, m) + FIELD_FITS(T, m, type)

#define ROW_STRING(T, m, ...)                                                                      \
    {                                                                                              \
        .name = #m, .kind = FIELD_STRING, FIELD_AT(T, m, const char *), __VA_ARGS__                \
    }
#define ROW_CONSTANT(T, m, text, ...)                                                              \
    {                                                                                              \
        .name = #m, .kind = FIELD_CONSTANT, FIELD_AT(T, m, const char *), .constant = text,        \
        .flags = FIELD_REQUIRED, __VA_ARGS__                                                       \
    }
#define ROW_RAW(T, m, ...)                                                                         \
    {                                                                                              \
        .name = #m, .kind = FIELD_RAW, FIELD_AT(T, m, const char *), __VA_ARGS__                   \
    }
#define ROW_INTEGER(T, m, ...)                                                                     \
    {                                                                                              \
        .name = #m, .kind = FIELD_INTEGER, FIELD_AT(T, m, int64_t), .flags = FIELD_REQUIRED,       \
        __VA_ARGS__                                                                                \
    }
#define ROW_TIME(T, m, ...)                                                                        \
    {                                                                                              \
        .name = #m, .kind = FIELD_TIME, FIELD_AT(T, m, int64_t), .flags = FIELD_REQUIRED,          \
        __VA_ARGS__                                                                                \
    }
#define ROW_NUMBER(T, m, ...)                                                                      \
    {                                                                                              \
        .name = #m, .kind = FIELD_NUMBER, FIELD_AT(T, m, double), .flags = FIELD_REQUIRED,         \
        __VA_ARGS__                                                                                \
    }
#define ROW_BOOLEAN(T, m, ...)                                                                     \
    {                                                                                              \
        .name = #m, .kind = FIELD_BOOLEAN, FIELD_AT(T, m, bool), .flags = FIELD_REQUIRED,          \
        __VA_ARGS__                                                                                \
    }
#define ROW_MAYBE_INTEGER(T, m, f, ...)                                                            \
    {                                                                                              \
        .name = #m, .kind = FIELD_INTEGER, FIELD_AT(T, m, struct treadle_integer),                 \
        .flags = FIELD_MAYBE | (f), __VA_ARGS__                                                    \
    }
#define ROW_MAYBE_TIME(T, m, f, ...)                                                               \
    {                                                                                              \
        .name = #m, .kind = FIELD_TIME, FIELD_AT(T, m, struct treadle_integer),                    \
        .flags = FIELD_MAYBE | (f), __VA_ARGS__                                                    \
    }
#define ROW_MAYBE_NUMBER(T, m, f, ...)                                                             \
    {                                                                                              \
        .name = #m, .kind = FIELD_NUMBER, FIELD_AT(T, m, struct treadle_number),                   \
        .flags = FIELD_MAYBE | (f), __VA_ARGS__                                                    \
    }
#define ROW_MAYBE_BOOLEAN(T, m, f, ...)                                                            \
    {                                                                                              \
        .name = #m, .kind = FIELD_BOOLEAN, FIELD_AT(T, m, struct treadle_boolean),                 \
        .flags = FIELD_MAYBE | (f), __VA_ARGS__                                                    \
    }
#define ROW_ENUM(T, m, E, ...)                                                                     \
    {                                                                                              \
        .name = #m, .kind = FIELD_ENUM, FIELD_AT(T, m, enum treadle_##E), .names = E##_names,      \
        __VA_ARGS__                                                                                \
    }
/* `S` is the struct's tag; its table is S_type. */
#define ROW_STRUCT(T, m, S, ...)                                                                   \
    {                                                                                              \
        .name = #m, .kind = FIELD_STRUCT, FIELD_AT(T, m, struct S *), .type = &S##_type,           \
        __VA_ARGS__                                                                                \
    }
/* The same with another table of the struct: R_type. */
#define ROW_STRUCT_AS(T, m, S, R, ...)                                                             \
    {                                                                                              \
        .name = #m, .kind = FIELD_STRUCT, FIELD_AT(T, m, struct S *), .type = &R##_type,           \
        __VA_ARGS__                                                                                \
    }
/* The same where the wire name is no C identifier. */
#define ROW_STRUCT_NAMED(T, m, wire, S, ...)                                                       \
    {                                                                                              \
        .name = wire, .kind = FIELD_STRUCT, FIELD_AT(T, m, struct S *), .type = &S##_type,         \
        __VA_ARGS__                                                                                \
    }
#define ROW_MAP(T, m, ...)                                                                         \
    {                                                                                              \
        .name = #m, .kind = FIELD_MAP, FIELD_AT(T, m, struct treadle_map *), __VA_ARGS__           \
    }
#define ROW_ATTRIBUTES(T, m, ...)                                                                  \
    {                                                                                              \
        .name = #m, .kind = FIELD_ATTRIBUTES, FIELD_AT(T, m, struct treadle_attributes *),         \
        __VA_ARGS__                                                                                \
    }
#define ROW_STRINGS(T, m, count, ...)                                                              \
    {                                                                                              \
        .name = #m, .kind = FIELD_ARRAY, .element = FIELD_STRING, FIELD_AT(T, m, const char **),   \
        .count_offset = offsetof(struct T, count) + FIELD_FITS(T, count, size_t), __VA_ARGS__      \
    }
#define ROW_ARRAY(T, m, count, S, ...)                                                             \
    {                                                                                              \
        .name = #m, .kind = FIELD_ARRAY, .element = FIELD_STRUCT, FIELD_AT(T, m, struct S *),      \
        .type = &S##_type,                                                                         \
        .count_offset = offsetof(struct T, count) + FIELD_FITS(T, count, size_t), __VA_ARGS__      \
    }

/* The table of struct T, whose rows are the array T_fields. */
#define FIELD_TYPE(T, wire_name, ...)                                                              \
    const struct treadle_type T##_type = {.name = wire_name,                                       \
                                          .size = sizeof(struct T),                                \
                                          .fields = T##_fields,                                    \
                                          .field_count = sizeof T##_fields / sizeof T##_fields[0], \
                                          __VA_ARGS__}

/* Of a type whose struct has a member `others`. */
#define FIELD_OTHERS(T) .others = offsetof(struct T, others) + FIELD_FITS(T, others, const char *)

/* ---- Walking -------------------------------------------------------------------------------- */

enum field_strictness {
    FIELD_STRICT,  /* requests: unknown keys, missing members and bounds are errors */
    FIELD_TOLERANT /* replies and stored objects: unknown members and values are kept as they came
                      where the type has a place for them (FIELD_OTHERS), and else skipped */
};

/* JSON text nested deeper than this is refused. */
enum { FIELD_DEPTH = 64 };

/* Parses `length` bytes of JSON text into `out`, a struct of that type; what it points to is made
 * in the arena. Errors are those of the protocol: status 400, a message, `param` path and code. */
int field_parse(const struct treadle_type *type, const char *text, size_t length,
                enum field_strictness strictness, struct arena *arena, void *out,
                struct treadle_error *error);

/* The same from a JSON value. */
int field_read(const struct treadle_type *type, json_t *value, enum field_strictness strictness,
               struct arena *arena, void *out, struct treadle_error *error);

/* Appends the object as compact JSON, members in the order of the rows. */
void field_print(const struct treadle_type *type, const void *object, struct buffer *out);

/* The object as text in the arena, NULL when memory runs out. */
char *field_text(const struct treadle_type *type, const void *object, struct arena *arena);

/* Copies the object to `out`, a struct of that type, and all that it points to into the arena. 0 or
 * TREADLE_EMEMORY. */
int field_copy(const struct treadle_type *type, const void *object, struct arena *arena, void *out);

/* Appends the JSON schema of the type; other types appear as references below `prefix`
 * ("#/components/schemas/"). */
void field_describe(const struct treadle_type *type, const char *prefix, struct buffer *out);

/* The row with that wire name, or NULL. */
const struct field *field_find(const struct treadle_type *type, const char *name);

/* The text that `others` of an object has under a name, in the arena; NULL where it has none. */
const char *field_other_text(const char *others, const char *name, struct arena *arena);

/* The word for a value of an enumeration row, NULL for 0 and unknown ones. */
const char *field_word(const char *const *names, int value);

/* The value that a word stands for; 0 where it is none of the names, or NULL. */
int field_value(const char *const *names, const char *word);

/* The error of a member or parameter whose word is none of the names. */
int field_refuse_word(const char *const *names, const char *word, const char *param,
                      struct treadle_error *error);

#endif
