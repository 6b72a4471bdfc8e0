/*
 * Printing objects from their tables, and small look-ups in tables. A row that is required or
 * marked FIELD_ALWAYS is always printed; another only when its member is present. Null is printed
 * for an absent member of such a row that may be null, and for a member that is set to null.
 * Members that a parse kept without knowing them come last.
 */
#include <string.h>

#include "api/field.h"
#include "api/json.h"
#include "api/json_scan.h"

const struct field *field_find(const struct treadle_type *type, const char *name)
{
    for (size_t i = 0; i < type->field_count; i++)
        if (strcmp(type->fields[i].name, name) == 0)
            return &type->fields[i];
    return NULL;
}

const char *field_word(const char *const *names, int value)
{
    if (value <= 0)
        return NULL;
    for (int i = 1; names[i]; i++)
        if (i == value)
            return names[i];
    return NULL;
}

int field_value(const char *const *names, const char *word)
{
    for (int i = 1; word && names[i]; i++)
        if (strcmp(names[i], word) == 0)
            return i;
    return 0;
}

static const void *member(const void *object, size_t offset)
{
    return (const char *)object + offset;
}

static const void *pointer(const void *object, const struct field *field)
{
    return *(const void *const *)member(object, field->offset);
}

static int discriminator(const struct treadle_type *type, const void *object)
{
    for (size_t i = 0; i < type->field_count; i++)
        if (type->fields[i].flags & FIELD_DISCRIMINATOR)
            return *(const int *)member(object, type->fields[i].offset);
    return 0;
}

static enum treadle_state scalar_state(const struct field *field, const void *at)
{
    if (!(field->flags & FIELD_MAYBE))
        return TREADLE_SET;
    if (field->kind == FIELD_NUMBER)
        return ((const struct treadle_number *)at)->state;
    if (field->kind == FIELD_BOOLEAN)
        return ((const struct treadle_boolean *)at)->state;
    return ((const struct treadle_integer *)at)->state;
}

/* Whether the member has a value, is null, or is absent. */
static enum treadle_state state_of(const struct treadle_type *type, size_t row, const void *object)
{
    const struct field *field = &type->fields[row];
    const void *at = member(object, field->offset);
    if (type->presence && ((const struct treadle_presence *)object)->null >> row & 1)
        return TREADLE_NULL;
    switch (field->kind) {
    case FIELD_CONSTANT:
        return TREADLE_SET;
    case FIELD_INTEGER:
    case FIELD_TIME:
    case FIELD_NUMBER:
    case FIELD_BOOLEAN:
        return scalar_state(field, at);
    case FIELD_ENUM:
        return field_word(field->names, *(const int *)at) ? TREADLE_SET : TREADLE_ABSENT;
    default:
        return pointer(object, field) ? TREADLE_SET : TREADLE_ABSENT;
    }
}

static void print_scalar(const struct field *field, const void *at, struct buffer *out)
{
    bool maybe = field->flags & FIELD_MAYBE;
    if (field->kind == FIELD_NUMBER) {
        double value = maybe ? ((const struct treadle_number *)at)->value : *(const double *)at;
        json_print_number(value, out);
    } else if (field->kind == FIELD_BOOLEAN) {
        bool value = maybe ? ((const struct treadle_boolean *)at)->value : *(const bool *)at;
        buffer_append_string(out, value ? "true" : "false");
    } else {
        int64_t value = maybe ? ((const struct treadle_integer *)at)->value : *(const int64_t *)at;
        buffer_append_integer(out, value);
    }
}

static void print_map(const struct treadle_map *map, struct buffer *out)
{
    buffer_append_char(out, '{');
    for (size_t i = 0; i < map->count; i++) {
        if (i)
            buffer_append_char(out, ',');
        json_print_string(map->pairs[i].key, out);
        buffer_append_char(out, ':');
        json_print_string(map->pairs[i].value, out);
    }
    buffer_append_char(out, '}');
}

static void print_attributes(const struct treadle_attributes *attributes, struct buffer *out)
{
    buffer_append_char(out, '{');
    for (size_t i = 0; i < attributes->count; i++) {
        const struct treadle_attribute *item = &attributes->items[i];
        if (i)
            buffer_append_char(out, ',');
        json_print_string(item->key, out);
        buffer_append_char(out, ':');
        if (item->kind == TREADLE_VALUE_STRING)
            json_print_string(item->string, out);
        else if (item->kind == TREADLE_VALUE_NUMBER)
            json_print_number(item->number, out);
        else
            buffer_append_string(out, item->boolean ? "true" : "false");
    }
    buffer_append_char(out, '}');
}

static void print_array(const struct field *field, const void *object, struct buffer *out)
{
    size_t count = *(const size_t *)member(object, field->count_offset);
    const char *items = pointer(object, field);
    buffer_append_char(out, '[');
    for (size_t i = 0; i < count; i++) {
        if (i)
            buffer_append_char(out, ',');
        if (field->element == FIELD_STRING)
            json_print_string(((const char *const *)(const void *)items)[i], out);
        else
            field_print(field->type, items + i * field->type->size, out);
    }
    buffer_append_char(out, ']');
}

static void print_value(const struct field *field, const void *object, struct buffer *out)
{
    const void *at = member(object, field->offset);
    switch (field->kind) {
    case FIELD_STRING:
        json_print_string(pointer(object, field), out);
        break;
    case FIELD_CONSTANT:
        json_print_string(field->constant, out);
        break;
    case FIELD_RAW:
        buffer_append_string(out, pointer(object, field));
        break;
    case FIELD_ENUM:
        json_print_string(field_word(field->names, *(const int *)at), out);
        break;
    case FIELD_STRUCT:
        field_print(field->type, pointer(object, field), out);
        break;
    case FIELD_MAP:
        print_map(pointer(object, field), out);
        break;
    case FIELD_ATTRIBUTES:
        print_attributes(pointer(object, field), out);
        break;
    case FIELD_ARRAY:
        print_array(field, object, out);
        break;
    default:
        print_scalar(field, at, out);
    }
}

static bool may_be_empty(const struct treadle_type *type)
{
    for (size_t i = 0; i < type->field_count; i++)
        if (type->fields[i].flags & FIELD_REQUIRED)
            return false;
    return !type->alternate;
}

/* A member that must be printed and is not there: empty where it cannot be null and may be empty.
 */
static void print_missing(const struct field *field, struct buffer *out)
{
    bool nullable = field->flags & FIELD_NULLABLE;
    bool object = field->kind == FIELD_MAP || field->kind == FIELD_ATTRIBUTES ||
                  (field->kind == FIELD_STRUCT && may_be_empty(field->type));
    if (!nullable && field->kind == FIELD_ARRAY)
        buffer_append_string(out, "[]");
    else if (!nullable && object)
        buffer_append_string(out, "{}");
    else if (!nullable && field->kind == FIELD_STRING)
        buffer_append_string(out, "\"\"");
    else
        buffer_append_string(out, "null");
}

static void print_alternate(const struct treadle_type *type, const void *object, struct buffer *out)
{
    for (size_t i = 0; i < type->field_count; i++) {
        if (state_of(type, i, object) == TREADLE_SET) {
            print_value(&type->fields[i], object, out);
            return;
        }
    }
    buffer_append_string(out, "null");
}

static bool find_other(const char *others, const char *wanted, struct json_span *value)
{
    struct json_span name;
    struct json_scan scan = json_scan_open(others);
    while (json_scan_member(&scan, &name, value))
        if (json_span_is(&name, wanted))
            return true;
    return false;
}

const char *field_other_text(const char *others, const char *name, struct arena *arena)
{
    struct json_span value;
    return others && find_other(others, name, &value) ? json_span_string(&value, arena) : NULL;
}

static void print_others(const char *others, bool first, struct buffer *out)
{
    size_t length = strlen(others);
    if (length <= 2)
        return;
    if (!first)
        buffer_append_char(out, ',');
    buffer_append(out, others + 1, length - 2);
}

void field_print(const struct treadle_type *type, const void *object, struct buffer *out)
{
    if (type->alternate) {
        print_alternate(type, object, out);
        return;
    }
    const char *others = type->others ? *(const char *const *)member(object, type->others) : NULL;
    int chosen = discriminator(type, object);
    bool first = true;
    buffer_append_char(out, '{');
    for (size_t i = 0; i < type->field_count; i++) {
        const struct field *field = &type->fields[i];
        if (field->when && field->when != chosen)
            continue;
        enum treadle_state state = state_of(type, i, object);
        if (state == TREADLE_ABSENT && !(field->flags & (FIELD_REQUIRED | FIELD_ALWAYS)))
            continue;
        struct json_span kept;
        if (state == TREADLE_ABSENT && others && find_other(others, field->name, &kept))
            continue;
        if (!first)
            buffer_append_char(out, ',');
        first = false;
        buffer_append_char(out, '"');
        buffer_append_string(out, field->name);
        buffer_append_string(out, "\":");
        if (state == TREADLE_SET)
            print_value(field, object, out);
        else if (state == TREADLE_NULL)
            buffer_append_string(out, "null");
        else
            print_missing(field, out);
    }
    if (others)
        print_others(others, first, out);
    buffer_append_char(out, '}');
}

char *field_text(const struct treadle_type *type, const void *object, struct arena *arena)
{
    struct buffer out;
    buffer_init(&out, (size_t)64 << 20);
    field_print(type, object, &out);
    char *text = out.failed ? NULL : arena_copy(arena, out.data, out.length);
    buffer_clear(&out);
    return text;
}
