/*
 * Filters: a tree of comparisons.
 */
#include "resource/vector_store_filter.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "api/json.h"
#include "base/error.h"

enum { DEPTH = 16, FILTERS = 256, VALUES = 1000, PATH_BYTES = 256 };

enum filter_kind { EQ, NE, GT, GTE, LT, LTE, IN, NIN, AND, OR, KINDS };

static const char *const kind_words[KINDS] = {"eq",  "ne", "gt",  "gte", "lt",
                                              "lte", "in", "nin", "and", "or"};

struct value {
    enum treadle_value_kind kind;
    const char *string;
    double number;
    bool boolean;
};

struct store_filter {
    enum filter_kind kind;
    const char *key;
    struct value *values; /* one, or those of a list */
    struct store_filter **filters;
    size_t count; /* of either */
};

struct reading {
    struct arena *arena;
    size_t filters;
    struct treadle_error *error;
};

static int refuse(struct reading *reading, const char *path, const char *what)
{
    return error_set_request(reading->error, "invalid_value", path, "Invalid '%s': %s.", path,
                             what);
}

static int read_value(struct reading *reading, const json_t *json, const char *path,
                      struct value *out)
{
    if (json_is_string(json))
        *out = (struct value){TREADLE_VALUE_STRING,
                              arena_string(reading->arena, json_string_value(json)), 0, false};
    else if (json_is_number(json))
        *out = (struct value){TREADLE_VALUE_NUMBER, NULL, json_number_value(json), false};
    else if (json_is_boolean(json))
        *out = (struct value){TREADLE_VALUE_BOOLEAN, NULL, 0, json_is_true(json)};
    else
        return refuse(reading, path, "a value is a string, a number or a boolean");
    bool missing = out->kind == TREADLE_VALUE_STRING && !out->string;
    return missing ? error_set_memory(reading->error) : 0;
}

static int read_comparison(struct reading *reading, const json_t *json, const char *path,
                           struct store_filter *out)
{
    char value_path[PATH_BYTES];
    const char *key = json_string_value(json_object_get(json, "key"));
    const json_t *value = json_object_get(json, "value");
    bool list = out->kind == IN || out->kind == NIN;
    snprintf(value_path, sizeof value_path, "%s.value", path);
    if (!key || json_object_size(json) != 3)
        return refuse(reading, path, "a comparison has type, key and value");
    if (list != json_is_array(value))
        return refuse(reading, value_path, list ? "it must be an array" : "it cannot be an array");
    size_t count = list ? json_array_size(value) : 1;
    if (count > VALUES)
        return refuse(reading, value_path, "at most 1,000 values can be listed");
    out->key = arena_string(reading->arena, key);
    out->values = arena_array(reading->arena, count + 1, sizeof *out->values);
    if (!out->key || !out->values)
        return error_set_memory(reading->error);
    for (size_t i = 0; i < count; i++) {
        int rc = read_value(reading, list ? json_array_get(value, i) : value, value_path,
                            &out->values[i]);
        if (rc)
            return rc;
    }
    bool ordered = out->kind >= GT && out->kind <= LTE;
    if (ordered && out->values[0].kind == TREADLE_VALUE_BOOLEAN)
        return refuse(reading, value_path, "booleans have no order");
    out->count = count;
    return 0;
}

static int read_filter(struct reading *reading, const json_t *json, const char *path, size_t depth,
                       struct store_filter **out);

static int read_compound(struct reading *reading, const json_t *json, const char *path,
                         size_t depth, struct store_filter *out)
{
    const json_t *list = json_object_get(json, "filters");
    if (!json_is_array(list) || json_object_size(json) != 2)
        return refuse(reading, path, "a compound has type and filters");
    size_t count = json_array_size(list);
    out->filters = arena_array(reading->arena, count + 1, sizeof *out->filters);
    if (!out->filters)
        return error_set_memory(reading->error);
    for (size_t i = 0; i < count; i++) {
        char part[PATH_BYTES];
        snprintf(part, sizeof part, "%.200s.filters[%zu]", path, i);
        int rc = read_filter(reading, json_array_get(list, i), part, depth + 1, &out->filters[i]);
        if (rc)
            return rc;
    }
    out->count = count;
    return 0;
}

static int read_filter(struct reading *reading, const json_t *json, const char *path, size_t depth,
                       struct store_filter **out)
{
    const char *type = json_string_value(json_object_get(json, "type"));
    struct store_filter *filter = arena_alloc(reading->arena, sizeof *filter);
    if (!filter)
        return error_set_memory(reading->error);
    *filter = (struct store_filter){.kind = KINDS};
    for (size_t i = 0; type && i < KINDS; i++)
        if (strcmp(type, kind_words[i]) == 0)
            filter->kind = (enum filter_kind)i;
    if (filter->kind == KINDS)
        return refuse(reading, path,
                      "its type must be one of eq, ne, gt, gte, lt, lte, in, nin, "
                      "and, or");
    if (depth > DEPTH || ++reading->filters > FILTERS)
        return refuse(reading, path, "there are too many filters, or they nest too deep");
    int rc = filter->kind >= AND ? read_compound(reading, json, path, depth, filter)
                                 : read_comparison(reading, json, path, filter);
    if (!rc)
        *out = filter;
    return rc;
}

int store_filter_read(struct store_filter **out, const char *text, struct arena *arena,
                      struct treadle_error *error)
{
    struct reading reading = {.arena = arena, .error = error};
    json_t *root = NULL;
    int rc = json_parse(text, strlen(text), &root, error);
    if (!rc)
        rc = read_filter(&reading, root, "filters", 0, out);
    json_decref(root);
    return rc;
}

/* ---- Comparing ------------------------------------------------------------------------------ */

static const struct treadle_attribute *find(const struct treadle_attributes *attributes,
                                            const char *key)
{
    for (size_t i = 0; attributes && i < attributes->count; i++)
        if (strcmp(attributes->items[i].key, key) == 0)
            return &attributes->items[i];
    return NULL;
}

/* Negative, 0 or positive; only of values of one type. */
static int compare(const struct treadle_attribute *attribute, const struct value *value)
{
    if (value->kind == TREADLE_VALUE_STRING)
        return strcmp(attribute->string, value->string);
    if (value->kind == TREADLE_VALUE_BOOLEAN)
        return attribute->boolean - value->boolean;
    return (attribute->number > value->number) - (attribute->number < value->number);
}

static bool equals_any(const struct treadle_attribute *attribute, const struct store_filter *filter)
{
    for (size_t i = 0; attribute && i < filter->count; i++)
        if (attribute->kind == filter->values[i].kind &&
            compare(attribute, &filter->values[i]) == 0)
            return true;
    return false;
}

static bool is_ordered(const struct treadle_attribute *attribute, const struct store_filter *filter)
{
    const struct value *value = filter->values;
    if (!attribute || attribute->kind != value->kind)
        return false;
    int order = compare(attribute, value);
    switch (filter->kind) {
    case GT:
        return order > 0;
    case GTE:
        return order >= 0;
    case LT:
        return order < 0;
    default:
        return order <= 0;
    }
}

bool store_filter_passes(const struct store_filter *filter,
                         const struct treadle_attributes *attributes)
{
    if (filter->kind >= AND) {
        for (size_t i = 0; i < filter->count; i++)
            if (store_filter_passes(filter->filters[i], attributes) == (filter->kind == OR))
                return filter->kind == OR;
        return filter->kind == AND;
    }
    const struct treadle_attribute *attribute = find(attributes, filter->key);
    switch (filter->kind) {
    case EQ:
    case IN:
        return equals_any(attribute, filter);
    case NE:
    case NIN:
        return !equals_any(attribute, filter);
    default:
        return is_ordered(attribute, filter);
    }
}
