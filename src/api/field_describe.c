/*
 * Describing objects: JSON Schema from the same rows that parse and print. A union becomes `oneOf`
 * with one object for each value of its discriminator; an alternate `oneOf` with one schema for
 * each JSON type. Types within a type are references, so each is described once.
 */

#include "api/field.h"
#include "api/json.h"

static void describe_reference(const struct treadle_type *type, const char *prefix,
                               struct buffer *out)
{
    buffer_append_format(out, "\"$ref\":\"%s%s\"", prefix, type->name);
}

static void describe_words(const struct field *field, int only, struct buffer *out)
{
    bool first = true;
    buffer_append_string(out, "\"type\":\"string\",\"enum\":[");
    for (int i = 1; field->names[i]; i++) {
        if (only && i != only)
            continue;
        if (!first)
            buffer_append_char(out, ',');
        first = false;
        json_print_string(field->names[i], out);
    }
    buffer_append_char(out, ']');
}

static void describe_bounds(const struct field *field, const char *min, const char *max,
                            struct buffer *out)
{
    if (field->min != 0)
        buffer_append_format(out, ",\"%s\":%.15g", min, field->min);
    if (field->max != 0)
        buffer_append_format(out, ",\"%s\":%.15g", max, field->max);
}

static void describe_number(const struct field *field, const char *type, struct buffer *out)
{
    buffer_append_format(out, "\"type\":\"%s\"", type);
    if (field->max > field->min)
        buffer_append_format(out, ",\"minimum\":%.15g,\"maximum\":%.15g", field->min, field->max);
}

static void describe_array(const struct field *field, const char *prefix, struct buffer *out)
{
    buffer_append_string(out, "\"type\":\"array\"");
    describe_bounds(field, "minItems", "maxItems", out);
    buffer_append_string(out, ",\"items\":{");
    if (field->element == FIELD_STRING)
        buffer_append_string(out, "\"type\":\"string\"");
    else
        describe_reference(field->type, prefix, out);
    buffer_append_char(out, '}');
}

static void describe_kind(const struct field *field, int chosen, const char *prefix,
                          struct buffer *out)
{
    switch (field->kind) {
    case FIELD_STRING:
        buffer_append_string(out, "\"type\":\"string\"");
        describe_bounds(field, "minLength", "maxLength", out);
        break;
    case FIELD_CONSTANT:
        buffer_append_string(out, "\"type\":\"string\",\"const\":");
        json_print_string(field->constant, out);
        break;
    case FIELD_INTEGER:
        describe_number(field, "integer", out);
        break;
    case FIELD_TIME:
        buffer_append_string(out, "\"type\":\"integer\",\"format\":\"unixtime\"");
        break;
    case FIELD_NUMBER:
        describe_number(field, "number", out);
        break;
    case FIELD_BOOLEAN:
        buffer_append_string(out, "\"type\":\"boolean\"");
        break;
    case FIELD_ENUM:
        describe_words(field, field->flags & FIELD_DISCRIMINATOR ? chosen : 0, out);
        break;
    case FIELD_STRUCT:
        describe_reference(field->type, prefix, out);
        break;
    case FIELD_MAP:
        buffer_append_string(out, "\"type\":\"object\",\"maxProperties\":16,"
                                  "\"propertyNames\":{\"maxLength\":64},"
                                  "\"additionalProperties\":{\"type\":\"string\","
                                  "\"maxLength\":512}");
        break;
    case FIELD_ATTRIBUTES:
        buffer_append_string(out, "\"type\":\"object\",\"maxProperties\":16,"
                                  "\"propertyNames\":{\"maxLength\":64},"
                                  "\"additionalProperties\":{\"type\":[\"string\",\"number\","
                                  "\"boolean\"]}");
        break;
    case FIELD_ARRAY:
        describe_array(field, prefix, out);
        break;
    case FIELD_RAW:
        if (field->schema)
            buffer_append_string(out, field->schema);
        break;
    }
}

static void describe_row(const struct field *field, int chosen, const char *prefix,
                         struct buffer *out)
{
    json_print_string(field->name, out);
    buffer_append_string(out, ":{\"description\":");
    json_print_string(field->doc ? field->doc : "", out);
    if (field->flags & FIELD_OWN)
        buffer_append_string(out, ",\"x-treadle-extension\":true");
    /* An optional member may also be null: in requests that means its default. */
    bool null = field->flags & FIELD_NULLABLE || !(field->flags & FIELD_REQUIRED);
    bool any = field->kind == FIELD_RAW && !field->schema;
    if (!any) {
        buffer_append_string(out, null ? ",\"anyOf\":[{" : ",");
        describe_kind(field, chosen, prefix, out);
        buffer_append_string(out, null ? "},{\"type\":\"null\"}]" : "");
    }
    buffer_append_char(out, '}');
}

static void describe_object(const struct treadle_type *type, int chosen, const char *prefix,
                            struct buffer *out)
{
    bool first = true;
    buffer_append_string(out, "\"type\":\"object\",\"additionalProperties\":false,"
                              "\"properties\":{");
    for (size_t i = 0; i < type->field_count; i++) {
        const struct field *field = &type->fields[i];
        if (field->when && field->when != chosen)
            continue;
        if (!first)
            buffer_append_char(out, ',');
        first = false;
        describe_row(field, chosen, prefix, out);
    }
    buffer_append_string(out, "},\"required\":[");
    first = true;
    for (size_t i = 0; i < type->field_count; i++) {
        const struct field *field = &type->fields[i];
        if (!(field->flags & FIELD_REQUIRED) || (field->when && field->when != chosen))
            continue;
        if (!first)
            buffer_append_char(out, ',');
        first = false;
        json_print_string(field->name, out);
    }
    buffer_append_char(out, ']');
}

static void describe_union(const struct treadle_type *type, const struct field *chooser,
                           const char *prefix, struct buffer *out)
{
    buffer_append_string(out, "\"oneOf\":[");
    for (int i = 1; chooser->names[i]; i++) {
        buffer_append_string(out, i == 1 ? "{" : ",{");
        describe_object(type, i, prefix, out);
        buffer_append_char(out, '}');
    }
    buffer_append_char(out, ']');
}

static void describe_alternate(const struct treadle_type *type, const char *prefix,
                               struct buffer *out)
{
    buffer_append_string(out, "\"oneOf\":[");
    for (size_t i = 0; i < type->field_count; i++) {
        buffer_append_string(out, i == 0 ? "{" : ",{");
        describe_kind(&type->fields[i], 0, prefix, out);
        buffer_append_char(out, '}');
    }
    buffer_append_char(out, ']');
}

void field_describe(const struct treadle_type *type, const char *prefix, struct buffer *out)
{
    const struct field *chooser = NULL;
    for (size_t i = 0; i < type->field_count && !chooser; i++)
        if (type->fields[i].flags & FIELD_DISCRIMINATOR)
            chooser = &type->fields[i];
    buffer_append_char(out, '{');
    if (type->doc) {
        buffer_append_string(out, "\"description\":");
        json_print_string(type->doc, out);
        buffer_append_char(out, ',');
    }
    if (type->alternate)
        describe_alternate(type, prefix, out);
    else if (chooser)
        describe_union(type, chooser, prefix, out);
    else
        describe_object(type, 0, prefix, out);
    buffer_append_char(out, '}');
}
