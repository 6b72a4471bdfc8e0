/*
 * Parsing and validating objects by their tables. A strict parse stops at the first error and
 * reports it with the place (`param`) and a code; a tolerant one keeps members that it does not
 * understand as they came. The caller's struct is written only when the whole parse succeeded.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "api/field.h"
#include "api/json.h"
#include "base/error.h"
#include "base/text.h"

enum { METADATA_PAIRS = 16, METADATA_KEY = 64, METADATA_VALUE = 512 };

struct parser {
    enum field_strictness strictness;
    struct arena *arena;
    struct treadle_error *error;
    size_t taken;   /* members of the object being read that rows have understood */
    char path[160]; /* of the value being read, as "tools[0].function.name" */
};

static int read_object(struct parser *parser, const struct treadle_type *type, const json_t *value,
                       void *out);

/* ---- Paths ---------------------------------------------------------------------------------- */

static size_t path_enter(struct parser *parser, const char *name)
{
    size_t before = strlen(parser->path);
    size_t room = sizeof parser->path - before - 2;
    size_t length = strlen(name);
    if (before + 2 >= sizeof parser->path)
        room = 0;
    if (length > room)
        length = text_cut(name, room);
    snprintf(parser->path + before, sizeof parser->path - before, "%s%.*s", before ? "." : "",
             (int)length, name);
    return before;
}

static size_t path_enter_index(struct parser *parser, size_t index)
{
    size_t before = strlen(parser->path);
    snprintf(parser->path + before, sizeof parser->path - before, "[%zu]", index);
    return before;
}

static void path_leave(struct parser *parser, size_t before)
{
    parser->path[before] = '\0';
}

/* ---- Errors --------------------------------------------------------------------------------- */

static const char *param(const struct parser *parser)
{
    return parser->path[0] ? parser->path : NULL;
}

static int wrong_type(struct parser *parser, const char *expected, const json_t *value)
{
    return error_set_request(parser->error, "invalid_type", param(parser),
                             "Invalid type for '%s': expected %s, but got %s instead.",
                             parser->path, expected, json_type_name(value));
}

static int too_long(struct parser *parser, const char *kind, const char *code, const char *unit,
                    double max, size_t length)
{
    return error_set_request(parser->error, code, param(parser),
                             "Invalid '%s': %s too long. Expected %s with maximum length %.0f, but "
                             "got %s with length %zu instead.",
                             parser->path, kind, unit, max, unit, length);
}

static int too_short(struct parser *parser, const char *kind, const char *code, const char *unit,
                     double min, size_t length)
{
    return error_set_request(parser->error, code, param(parser),
                             "Invalid '%s': %s too short. Expected %s with minimum length %.0f, "
                             "but got %s with length %zu instead.",
                             parser->path, kind, unit, min, unit, length);
}

/* ---- Values --------------------------------------------------------------------------------- */

static bool strict(const struct parser *parser)
{
    return parser->strictness == FIELD_STRICT;
}

static int check_pattern(struct parser *parser, const struct field *field, const char *text)
{
    for (const char *c = text; *c; c++) {
        bool letter = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z');
        if (!letter && !(*c >= '0' && *c <= '9') && !strchr(field->pattern, *c))
            return error_set_request(parser->error, "invalid_value", param(parser),
                                     "Invalid '%s': only letters, digits and the characters '%s' "
                                     "are allowed.",
                                     parser->path, field->pattern);
    }
    return 0;
}

static int check_string(struct parser *parser, const struct field *field, const char *text)
{
    size_t length = text_characters(text, strlen(text));
    if (field->max > 0 && (double)length > field->max)
        return too_long(parser, "string", "string_above_max_length", "a string", field->max,
                        length);
    if ((double)length < field->min)
        return too_short(parser, "string", "string_below_min_length", "a string", field->min,
                         length);
    return field->pattern ? check_pattern(parser, field, text) : 0;
}

static int read_string(struct parser *parser, const struct field *field, const json_t *value,
                       const char **out)
{
    if (!json_is_string(value))
        return wrong_type(parser, "a string", value);
    const char *text = json_string_value(value);
    int rc = strict(parser) ? check_string(parser, field, text) : 0;
    if (rc)
        return rc;
    if (field->kind == FIELD_CONSTANT && strict(parser) && strcmp(text, field->constant) != 0)
        return error_set_request(parser->error, "invalid_value", param(parser),
                                 "Invalid value: '%.64s'. Supported values are: '%s'.", text,
                                 field->constant);
    char *copy = arena_string(parser->arena, text);
    if (!copy)
        return error_set_memory(parser->error);
    *out = copy;
    return 0;
}

static int read_raw(struct parser *parser, const json_t *value, const char **out)
{
    struct buffer text;
    buffer_init(&text, (size_t)16 << 20);
    json_print(value, &text);
    char *copy = text.failed ? NULL : arena_copy(parser->arena, text.data, text.length);
    buffer_clear(&text);
    if (!copy)
        return error_set_memory(parser->error);
    *out = copy;
    return 0;
}

static int check_range(struct parser *parser, const struct field *field, const char *kind,
                       double value)
{
    char code[64];
    if (field->max <= field->min)
        return 0;
    if (value < field->min) {
        snprintf(code, sizeof code, "%s_below_min_value", kind);
        return error_set_request(parser->error, code, param(parser),
                                 "Invalid '%s': %s below minimum value. Expected a value >= %g, "
                                 "but got %.15g instead.",
                                 parser->path, kind, field->min, value);
    }
    if (value > field->max) {
        snprintf(code, sizeof code, "%s_above_max_value", kind);
        return error_set_request(parser->error, code, param(parser),
                                 "Invalid '%s': %s above maximum value. Expected a value <= %.15g, "
                                 "but got %.15g instead.",
                                 parser->path, kind, field->max, value);
    }
    return 0;
}

static int read_integer(struct parser *parser, const struct field *field, const json_t *value,
                        void *at)
{
    /* 20.0 is the same number as 20, and some languages print integers that way. */
    double real = json_is_real(value) ? json_real_value(value) : 0;
    bool whole = json_is_real(value) && real == floor(real) && fabs(real) < 9e15;
    if (!json_is_integer(value) && !whole)
        return wrong_type(parser, "an integer", value);
    int64_t number = whole ? (int64_t)real : (int64_t)json_integer_value(value);
    int rc = strict(parser) ? check_range(parser, field, "integer", (double)number) : 0;
    if (rc)
        return rc;
    if (field->flags & FIELD_MAYBE)
        *(struct treadle_integer *)at = (struct treadle_integer){TREADLE_SET, number};
    else
        *(int64_t *)at = number;
    return 0;
}

static int read_number(struct parser *parser, const struct field *field, const json_t *value,
                       void *at)
{
    if (!json_is_number(value))
        return wrong_type(parser, "a decimal", value);
    double number = json_number_value(value);
    int rc = strict(parser) ? check_range(parser, field, "decimal", number) : 0;
    if (rc)
        return rc;
    if (field->flags & FIELD_MAYBE)
        *(struct treadle_number *)at = (struct treadle_number){TREADLE_SET, number};
    else
        *(double *)at = number;
    return 0;
}

static int read_boolean(struct parser *parser, const struct field *field, const json_t *value,
                        void *at)
{
    if (!json_is_boolean(value))
        return wrong_type(parser, "a boolean", value);
    bool flag = json_is_true(value);
    if (field->flags & FIELD_MAYBE)
        *(struct treadle_boolean *)at = (struct treadle_boolean){TREADLE_SET, flag};
    else
        *(bool *)at = flag;
    return 0;
}

int field_refuse_word(const char *const *names, const char *word, const char *param,
                      struct treadle_error *error)
{
    char known[512] = "";
    for (int i = 1; names[i]; i++) {
        size_t length = strlen(known);
        snprintf(known + length, sizeof known - length, "%s'%s'",
                 i == 1         ? ""
                 : names[i + 1] ? ", "
                                : " and ",
                 names[i]);
    }
    return error_set_request(error, "invalid_value", param,
                             "Invalid value: '%.64s'. Supported values are: %s.", word, known);
}

static int read_enum(struct parser *parser, const struct field *field, const json_t *value,
                     void *at)
{
    if (!json_is_string(value))
        return wrong_type(parser, "a string", value);
    const char *word = json_string_value(value);
    int number = field_value(field->names, word);
    if (number)
        *(int *)at = number;
    if (number || !strict(parser))
        return 0;
    return field_refuse_word(field->names, word, param(parser), parser->error);
}

/* ---- Maps ----------------------------------------------------------------------------------- */

static int check_pairs(struct parser *parser, const json_t *value)
{
    if (!json_is_object(value))
        return wrong_type(parser, "an object", value);
    size_t count = json_object_size(value);
    if (strict(parser) && count > METADATA_PAIRS)
        return error_set_request(parser->error, "object_above_max_properties", param(parser),
                                 "Invalid '%s': too many properties. Expected an object with at "
                                 "most %d properties, but got an object with %zu properties "
                                 "instead.",
                                 parser->path, METADATA_PAIRS, count);
    return 0;
}

static int check_key(struct parser *parser, const char *key)
{
    size_t length = text_characters(key, strlen(key));
    if (!strict(parser) || length <= METADATA_KEY)
        return 0;
    return error_set_request(parser->error, "invalid_property_name", param(parser),
                             "Invalid property name in '%s': at most %d characters are allowed, "
                             "but one has %zu.",
                             parser->path, METADATA_KEY, length);
}

static const struct field pair_value = {.kind = FIELD_STRING, .max = METADATA_VALUE};

static int read_map(struct parser *parser, const json_t *value, struct treadle_map **out)
{
    int rc = check_pairs(parser, value);
    if (rc)
        return rc;
    struct treadle_map *map = arena_alloc(parser->arena, sizeof *map);
    size_t size = json_object_size(value);
    struct treadle_pair *pairs = map ? arena_array(parser->arena, size, sizeof *pairs) : NULL;
    if (!pairs)
        return error_set_memory(parser->error);
    map->pairs = pairs;
    const char *key;
    json_t *item;
    json_object_foreach((json_t *)value, key, item)
    {
        struct treadle_pair *pair = &pairs[map->count];
        rc = check_key(parser, key);
        if (rc)
            return rc;
        size_t before = path_enter(parser, key);
        rc = read_string(parser, &pair_value, item, &pair->value);
        path_leave(parser, before);
        if (rc && strict(parser))
            return rc;
        pair->key = arena_string(parser->arena, key);
        if (!pair->key)
            return error_set_memory(parser->error);
        map->count += rc == 0;
    }
    *out = map;
    return 0;
}

static int read_attribute(struct parser *parser, const json_t *value, struct treadle_attribute *out)
{
    if (json_is_string(value)) {
        out->kind = TREADLE_VALUE_STRING;
        return read_string(parser, &pair_value, value, &out->string);
    }
    if (json_is_number(value)) {
        out->kind = TREADLE_VALUE_NUMBER;
        out->number = json_number_value(value);
        return 0;
    }
    if (json_is_boolean(value)) {
        out->kind = TREADLE_VALUE_BOOLEAN;
        out->boolean = json_is_true(value);
        return 0;
    }
    return wrong_type(parser, "a string, number or boolean", value);
}

static int read_attributes(struct parser *parser, const json_t *value,
                           struct treadle_attributes **out)
{
    int rc = check_pairs(parser, value);
    if (rc)
        return rc;
    struct treadle_attributes *all = arena_alloc(parser->arena, sizeof *all);
    size_t size = json_object_size(value);
    if (!all || !(all->items = arena_array(parser->arena, size, sizeof *all->items)))
        return error_set_memory(parser->error);
    const char *key;
    json_t *item;
    json_object_foreach((json_t *)value, key, item)
    {
        rc = check_key(parser, key);
        if (rc)
            return rc;
        size_t before = path_enter(parser, key);
        rc = read_attribute(parser, item, &all->items[all->count]);
        path_leave(parser, before);
        if (rc && strict(parser))
            return rc;
        all->items[all->count].key = arena_string(parser->arena, key);
        if (!all->items[all->count].key)
            return error_set_memory(parser->error);
        all->count += rc == 0;
    }
    *out = all;
    return 0;
}

/* ---- Structs and arrays --------------------------------------------------------------------- */

static int check_array(struct parser *parser, const struct field *field, const json_t *value)
{
    if (!json_is_array(value))
        return wrong_type(parser, "an array", value);
    size_t count = json_array_size(value);
    if (strict(parser) && field->max > 0 && (double)count > field->max)
        return too_long(parser, "array", "array_above_max_length", "an array", field->max, count);
    if (strict(parser) && (double)count < field->min)
        return too_short(parser, "array", "array_below_min_length", "an array", field->min, count);
    return 0;
}

static int read_array(struct parser *parser, const struct field *field, const json_t *value,
                      void *object)
{
    static const struct field plain = {.kind = FIELD_STRING};
    int rc = check_array(parser, field, value);
    if (rc)
        return rc;
    size_t count = json_array_size(value);
    size_t size = field->element == FIELD_STRING ? sizeof(char *) : field->type->size;
    char *items = arena_array(parser->arena, count, size);
    if (!items)
        return error_set_memory(parser->error);
    for (size_t i = 0; i < count; i++) {
        const json_t *item = json_array_get(value, i);
        size_t before = path_enter_index(parser, i);
        if (field->element == FIELD_STRING)
            rc = read_string(parser, &plain, item, (const char **)(void *)(items + i * size));
        else
            rc = read_object(parser, field->type, item, items + i * size);
        path_leave(parser, before);
        if (rc)
            return rc;
    }
    *(void **)((char *)object + field->offset) = items;
    *(size_t *)((char *)object + field->count_offset) = count;
    return 0;
}

static int read_struct(struct parser *parser, const struct field *field, const json_t *value,
                       void *object)
{
    void *inner = arena_alloc(parser->arena, field->type->size);
    if (!inner)
        return error_set_memory(parser->error);
    int rc = read_object(parser, field->type, value, inner);
    if (rc)
        return rc;
    *(void **)((char *)object + field->offset) = inner;
    return 0;
}

static int read_value(struct parser *parser, const struct field *field, const json_t *value,
                      void *object)
{
    void *at = (char *)object + field->offset;
    switch (field->kind) {
    case FIELD_STRING:
    case FIELD_CONSTANT:
        return read_string(parser, field, value, at);
    case FIELD_INTEGER:
    case FIELD_TIME:
        return read_integer(parser, field, value, at);
    case FIELD_NUMBER:
        return read_number(parser, field, value, at);
    case FIELD_BOOLEAN:
        return read_boolean(parser, field, value, at);
    case FIELD_ENUM:
        return read_enum(parser, field, value, at);
    case FIELD_MAP:
        return read_map(parser, value, at);
    case FIELD_ATTRIBUTES:
        return read_attributes(parser, value, at);
    case FIELD_RAW:
        return read_raw(parser, value, at);
    case FIELD_ARRAY:
        return read_array(parser, field, value, object);
    case FIELD_STRUCT:
        return read_struct(parser, field, value, object);
    }
    return error_set(parser->error, TREADLE_EINVALID, "a row of unknown kind");
}

static int read_null(struct parser *parser, const struct field *field, const json_t *value,
                     void *object)
{
    /* On an optional member null means the default, so only a required one can object. */
    if (strict(parser) && (field->flags & (FIELD_REQUIRED | FIELD_NULLABLE)) == FIELD_REQUIRED) {
        static const char *const expected[] = {
            [FIELD_STRING] = "a string",    [FIELD_CONSTANT] = "a string",
            [FIELD_INTEGER] = "an integer", [FIELD_TIME] = "an integer",
            [FIELD_NUMBER] = "a decimal",   [FIELD_BOOLEAN] = "a boolean",
            [FIELD_ENUM] = "a string",      [FIELD_STRUCT] = "an object",
            [FIELD_MAP] = "an object",      [FIELD_ATTRIBUTES] = "an object",
            [FIELD_RAW] = "a value",        [FIELD_ARRAY] = "an array"};
        return wrong_type(parser, expected[field->kind], value);
    }
    /* The state is the first member of each of the three scalar structs. */
    if (field->flags & FIELD_MAYBE)
        *(enum treadle_state *)((char *)object + field->offset) = TREADLE_NULL;
    return 0;
}

static int read_row(struct parser *parser, const struct treadle_type *type, size_t row,
                    const json_t *object, void *out)
{
    const struct field *field = &type->fields[row];
    const json_t *value = json_object_get(object, field->name);
    size_t before = path_enter(parser, field->name);
    int rc = 0;
    if (!value) {
        if (strict(parser) && field->flags & FIELD_REQUIRED)
            rc = error_set_request(parser->error, "missing_required_parameter", param(parser),
                                   "Missing required parameter: '%s'.", parser->path);
    } else {
        bool null = json_is_null(value);
        if (null)
            rc = read_null(parser, field, value, out);
        else
            rc = read_value(parser, field, value, out);
        bool word = field->kind != FIELD_ENUM || null ||
                    *(const int *)(const void *)((const char *)out + field->offset) != 0;
        parser->taken += word;
        if (!rc && type->presence) {
            struct treadle_presence *presence = out;
            presence->set |= UINT64_C(1) << row;
            presence->null |= (uint64_t)null << row;
        }
    }
    path_leave(parser, before);
    return rc;
}

static int check_unknown(struct parser *parser, const struct treadle_type *type,
                         const json_t *object, int chosen)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)object, key, value)
    {
        const struct field *field = field_find(type, key);
        if (field && (!field->when || field->when == chosen))
            continue;
        path_enter(parser, key);
        return error_set_request(parser->error, "unknown_parameter", param(parser),
                                 "Unknown parameter: '%s'.", parser->path);
    }
    return 0;
}

/* Whether a row has taken the member. A word that an enumeration does not know was not taken. */
static bool is_known(const struct treadle_type *type, const char *key, const json_t *value,
                     int chosen, const void *object)
{
    const struct field *field = field_find(type, key);
    if (!field || (field->when && field->when != chosen))
        return false;
    return field->kind != FIELD_ENUM || json_is_null(value) ||
           *(const int *)(const void *)((const char *)object + field->offset) != 0;
}

/* Keeps the members that no row has taken, so that printing gives them back. */
static int read_others(struct parser *parser, const struct treadle_type *type, const json_t *value,
                       int chosen, void *out)
{
    if (!type->others || parser->taken == json_object_size(value))
        return 0;
    json_t *kept = NULL;
    const char *key;
    json_t *member;
    int rc = 0;
    json_object_foreach((json_t *)value, key, member)
    {
        if (is_known(type, key, member, chosen, out))
            continue;
        kept = kept ? kept : json_object();
        if (json_object_set_nocheck(kept, key, member)) {
            rc = error_set_memory(parser->error);
            break;
        }
    }
    if (!rc && kept)
        rc = read_raw(parser, kept, (const char **)(void *)((char *)out + type->others));
    json_decref(kept);
    return rc;
}

/* Reads the rows that choose (the discriminator), or all others that apply. */
static int read_rows(struct parser *parser, const struct treadle_type *type, const json_t *value,
                     void *out, bool choosing, int *chosen)
{
    for (size_t i = 0; i < type->field_count; i++) {
        const struct field *field = &type->fields[i];
        if ((field->flags & FIELD_DISCRIMINATOR ? true : false) != choosing)
            continue;
        if (field->when && field->when != *chosen)
            continue;
        int rc = read_row(parser, type, i, value, out);
        if (rc)
            return rc;
        if (choosing)
            *chosen = *(int *)((char *)out + field->offset);
    }
    return 0;
}

static bool fits_json_type(const struct field *field, const json_t *value)
{
    switch (field->kind) {
    case FIELD_STRING:
        return json_is_string(value);
    case FIELD_ARRAY:
        return json_is_array(value);
    default:
        return json_is_object(value);
    }
}

static int read_alternate(struct parser *parser, const struct treadle_type *type,
                          const json_t *value, void *out)
{
    static const char *const kinds[] = {
        [FIELD_STRING] = "a string", [FIELD_STRUCT] = "an object", [FIELD_ARRAY] = "an array"};
    char expected[64] = "";
    for (size_t i = 0; i < type->field_count; i++) {
        const struct field *field = &type->fields[i];
        if (fits_json_type(field, value))
            return read_value(parser, field, value, out);
        size_t length = strlen(expected);
        snprintf(expected + length, sizeof expected - length, "%s%s", i ? " or " : "",
                 kinds[field->kind]);
    }
    return strict(parser) ? wrong_type(parser, expected, value) : 0;
}

static int read_object(struct parser *parser, const struct treadle_type *type, const json_t *value,
                       void *out)
{
    if (type->alternate) {
        int rc = read_alternate(parser, type, value, out);
        return rc || !strict(parser) || !type->check
                   ? rc
                   : type->check(out, parser->path, parser->error);
    }
    if (!json_is_object(value))
        return wrong_type(parser, "an object", value);
    int chosen = 0;
    size_t outer = parser->taken;
    parser->taken = 0;
    int rc = read_rows(parser, type, value, out, true, &chosen);
    if (!rc && strict(parser))
        rc = check_unknown(parser, type, value, chosen);
    if (!rc)
        rc = read_rows(parser, type, value, out, false, &chosen);
    if (!rc && !strict(parser))
        rc = read_others(parser, type, value, chosen, out);
    parser->taken = outer;
    if (!rc && strict(parser) && type->check)
        rc = type->check(out, parser->path, parser->error);
    return rc;
}

int field_read(const struct treadle_type *type, json_t *value, enum field_strictness strictness,
               struct arena *arena, void *out, struct treadle_error *error)
{
    struct parser parser = {.strictness = strictness, .arena = arena, .error = error};
    void *made = arena_alloc(arena, type->size);
    if (!made)
        return error_set_memory(error);
    int rc = read_object(&parser, type, value, made);
    if (!rc)
        memcpy(out, made, type->size);
    return rc;
}

int field_parse(const struct treadle_type *type, const char *text, size_t length,
                enum field_strictness strictness, struct arena *arena, void *out,
                struct treadle_error *error)
{
    json_t *value = NULL;
    int rc = json_parse(text, length, &value, error);
    if (!rc)
        rc = field_read(type, value, strictness, arena, out, error);
    json_decref(value);
    return rc;
}
