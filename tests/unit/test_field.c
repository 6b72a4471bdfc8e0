/*
 * Every table of the protocol, with random objects: what is printed reads back, and prints again
 * to the same bytes; what tables say of themselves is sound.
 *
 * Objects are made from the rows alone: whatever a row allows may come. The few rules that stand
 * in no row (`check` of a type) are in `words`.
 */
#include <limits.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api/error.h"
#include "api/json.h"
#include "base/error.h"
#include "base/text.h"
#include "field_types.h"

/* ---- Random objects ------------------------------------------------------------------------- */

struct maker {
    uint64_t seed;
    struct arena *arena;
    bool sparse; /* leaves out whatever may be left out */
};

static uint64_t next(struct maker *maker)
{
    maker->seed ^= maker->seed << 13;
    maker->seed ^= maker->seed >> 7;
    maker->seed ^= maker->seed << 17;
    return maker->seed;
}

static size_t below(struct maker *maker, size_t limit)
{
    return (size_t)(next(maker) >> 11) % limit;
}

/* Members whose values a type's check narrows: of strings the words, of enumerations the values
 * that are left. */
static const struct {
    const char *type, *member;
    const char *words[4];
    int values;
} narrowed[] = {
    {"FileSearchRankingOptions", "ranker", {"auto", "default_2024_08_21"}, 2},
    {"AssistantsApiResponseFormatOption", "word", {"auto"}, 1},
    {"AssistantsApiToolChoiceOption", "word", {"none", "auto", "required"}, 3},
    {"ChatCompletionToolChoiceOption", "word", {"none", "auto", "required"}, 3},
    {"AttachmentTool", "type", {NULL}, 2},
    {"ChunkingStrategy", "type", {NULL}, 2},
    {"CreateUploadRequest", "purpose", {NULL}, 1},
    {"MessageRequestContent", "type", {NULL}, 3},
    {"StaticChunkingStrategy", "chunk_overlap_tokens", {NULL}, 50},
};

static int narrowed_index(const struct treadle_type *type, const struct field *field)
{
    for (size_t i = 0; i < sizeof narrowed / sizeof narrowed[0]; i++)
        if (field->name && strcmp(narrowed[i].type, type->name) == 0 &&
            strcmp(narrowed[i].member, field->name) == 0)
            return (int)i;
    return -1;
}

static uint32_t make_character(struct maker *maker)
{
    static const uint32_t awkward[] = {'"',    '\\',   '/',    '\n',   '\t',    '\r',    1,
                                       0x1F,   0x7F,   0x80,   0x7FF,  0x800,   0xD7FF,  0xE000,
                                       0xFEFF, 0xFFFD, 0xFFFF, 0x2028, 0x10000, 0x10FFFF};
    size_t kind = below(maker, 10);
    if (kind < 5)
        return (uint32_t)(' ' + below(maker, 95));
    if (kind < 8)
        return awkward[below(maker, sizeof awkward / sizeof awkward[0])];
    uint32_t character = (uint32_t)below(maker, 0x10FFFF) + 1;
    return character >= 0xD800 && character <= 0xDFFF ? 'x' : character;
}

static const char *make_text(struct maker *maker, size_t min, size_t max, const char *pattern)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    size_t length = min + below(maker, max - min + 1);
    char *text = arena_alloc(maker->arena, length * 4 + 1);
    size_t at = 0;
    for (size_t i = 0; i < length; i++) {
        size_t extra = pattern ? strlen(pattern) : 0;
        size_t choice = below(maker, sizeof plain - 1 + extra);
        if (!pattern)
            at += text_put(text + at, make_character(maker));
        else
            text[at++] = choice < extra ? pattern[choice] : plain[choice - extra];
    }
    return text;
}

static const char *make_string(struct maker *maker, const struct treadle_type *type,
                               const struct field *field)
{
    int known = narrowed_index(type, field);
    if (known >= 0)
        return narrowed[known].words[below(maker, (size_t)narrowed[known].values)];
    size_t min = (size_t)field->min, max = field->max > 0 ? (size_t)field->max : min + 40;
    /* Mostly short; now and then as long as it may be. */
    if (max > min + 40 && (max > 1000 || below(maker, 8)))
        max = min + 40;
    return make_text(maker, min, max, field->pattern);
}

static double make_number(struct maker *maker, const struct field *field)
{
    static const double awkward[] = {0, 0.1, 1e-300, 1e300, -2.5, 3, 5e-324, 1e15, 123456789.125};
    double part = (double)(next(maker) >> 11) / 9007199254740992.0;
    if (field->max > field->min)
        return below(maker, 4) ? field->min + part * (field->max - field->min) : field->max;
    return below(maker, 2) ? awkward[below(maker, sizeof awkward / sizeof awkward[0])] : part;
}

static int64_t make_integer(struct maker *maker, const struct treadle_type *type,
                            const struct field *field)
{
    int known = narrowed_index(type, field);
    if (known >= 0)
        return (int64_t)below(maker, (size_t)narrowed[known].values);
    if (field->max > field->min)
        return (int64_t)field->min + (int64_t)below(maker, (size_t)(field->max - field->min) + 1);
    switch (below(maker, 4)) {
    case 0:
        return INT64_MAX;
    case 1:
        return INT64_MIN;
    default:
        return (int64_t)next(maker);
    }
}

static const char *make_raw(struct maker *maker)
{
    static const char *const values[] = {"{}",
                                         "[]",
                                         "true",
                                         "-1",
                                         "0.5",
                                         "\"x\\u0001\xC3\xA9\"",
                                         "{\"type\":\"object\",\"properties\":{}}",
                                         "[null,[1,2.5,{\"a\":\"b\"}],\"\"]",
                                         "9223372036854775807"};
    return values[below(maker, sizeof values / sizeof values[0])];
}

static const char *make_key(struct maker *maker, size_t index)
{
    return arena_format(maker->arena, "%zu%s", index, make_text(maker, 0, 62, NULL));
}

static struct treadle_map *make_map(struct maker *maker)
{
    struct treadle_map *map = arena_alloc(maker->arena, sizeof *map);
    map->count = below(maker, 17);
    map->pairs = arena_array(maker->arena, map->count, sizeof *map->pairs);
    for (size_t i = 0; i < map->count; i++)
        map->pairs[i] = (struct treadle_pair){make_key(maker, i), make_text(maker, 0, 512, NULL)};
    return map;
}

static struct treadle_attributes *make_attributes(struct maker *maker)
{
    static const struct field any = {.kind = FIELD_NUMBER};
    struct treadle_attributes *all = arena_alloc(maker->arena, sizeof *all);
    all->count = below(maker, 17);
    all->items = arena_array(maker->arena, all->count, sizeof *all->items);
    for (size_t i = 0; i < all->count; i++)
        all->items[i] = (struct treadle_attribute){
            .key = make_key(maker, i),
            .kind = (enum treadle_value_kind)(1 + below(maker, 3)),
            .string = make_text(maker, 0, 512, NULL),
            .number = make_number(maker, &any),
            .boolean = below(maker, 2),
        };
    return all;
}

static void make_object(struct maker *maker, const struct treadle_type *type, void *object);

static void make_array(struct maker *maker, const struct field *field, void *object)
{
    static const struct field plain = {.kind = FIELD_STRING};
    size_t min = (size_t)field->min;
    size_t count = min + below(maker, field->max > 0 && field->max < 4 ? 2 : 4);
    size_t size = field->element == FIELD_STRING ? sizeof(char *) : field->type->size;
    char *items = arena_array(maker->arena, count, size);
    for (size_t i = 0; i < count; i++) {
        if (field->element == FIELD_STRING)
            ((const char **)(void *)items)[i] = make_string(maker, &treadle_file_type, &plain);
        else
            make_object(maker, field->type, items + i * size);
    }
    *(void **)((char *)object + field->offset) = items;
    *(size_t *)((char *)object + field->count_offset) = count;
}

static void make_scalar(struct maker *maker, const struct treadle_type *type,
                        const struct field *field, void *at)
{
    bool maybe = field->flags & FIELD_MAYBE;
    if (field->kind == FIELD_NUMBER) {
        double value = make_number(maker, field);
        if (maybe)
            *(struct treadle_number *)at = (struct treadle_number){TREADLE_SET, value};
        else
            *(double *)at = value;
    } else if (field->kind == FIELD_BOOLEAN) {
        bool value = below(maker, 2);
        if (maybe)
            *(struct treadle_boolean *)at = (struct treadle_boolean){TREADLE_SET, value};
        else
            *(bool *)at = value;
    } else {
        int64_t value = make_integer(maker, type, field);
        if (maybe)
            *(struct treadle_integer *)at = (struct treadle_integer){TREADLE_SET, value};
        else
            *(int64_t *)at = value;
    }
}

static int make_enum(struct maker *maker, const struct treadle_type *type,
                     const struct field *field)
{
    int known = narrowed_index(type, field);
    size_t count = 0;
    while (field->names[count + 1])
        count++;
    if (known >= 0)
        count = (size_t)narrowed[known].values;
    return 1 + (int)below(maker, count);
}

static void make_value(struct maker *maker, const struct treadle_type *type,
                       const struct field *field, void *object)
{
    void *at = (char *)object + field->offset;
    switch (field->kind) {
    case FIELD_STRING:
        *(const char **)at = make_string(maker, type, field);
        break;
    case FIELD_CONSTANT:
        *(const char **)at = field->constant;
        break;
    case FIELD_RAW:
        *(const char **)at = make_raw(maker);
        break;
    case FIELD_ENUM:
        *(int *)at = make_enum(maker, type, field);
        break;
    case FIELD_STRUCT:
        *(void **)at = arena_alloc(maker->arena, field->type->size);
        make_object(maker, field->type, *(void **)at);
        break;
    case FIELD_MAP:
        *(struct treadle_map **)at = make_map(maker);
        break;
    case FIELD_ATTRIBUTES:
        *(struct treadle_attributes **)at = make_attributes(maker);
        break;
    case FIELD_ARRAY:
        make_array(maker, field, object);
        break;
    default:
        make_scalar(maker, type, field, at);
    }
}

/* What a member is to be: a value unless it may be absent or null. */
static enum treadle_state choose_state(struct maker *maker, const struct field *field)
{
    bool value_only = field->flags & FIELD_REQUIRED && !(field->flags & FIELD_NULLABLE);
    bool plain = field->kind == FIELD_CONSTANT ||
                 (field->kind >= FIELD_INTEGER && field->kind <= FIELD_BOOLEAN &&
                  !(field->flags & FIELD_MAYBE));
    if (value_only || plain)
        return TREADLE_SET;
    if (maker->sparse)
        return TREADLE_ABSENT;
    switch (below(maker, 4)) {
    case 0:
        return TREADLE_ABSENT;
    case 1:
        return TREADLE_NULL;
    default:
        return TREADLE_SET;
    }
}

static void make_row(struct maker *maker, const struct treadle_type *type, size_t row, void *object)
{
    const struct field *field = &type->fields[row];
    struct treadle_presence *presence = type->presence ? object : NULL;
    enum treadle_state state = choose_state(maker, field);
    if (state == TREADLE_SET)
        make_value(maker, type, field, object);
    if (state == TREADLE_NULL && field->flags & FIELD_MAYBE)
        *(enum treadle_state *)((char *)object + field->offset) = TREADLE_NULL;
    if (presence && state != TREADLE_ABSENT)
        presence->set |= UINT64_C(1) << row;
    if (presence && state == TREADLE_NULL)
        presence->null |= UINT64_C(1) << row;
}

/* The rules between several members, and those of members that a check demands. */
static void settle(struct maker *maker, const struct treadle_type *type, void *object)
{
    if (strcmp(type->name, "CreateFileSearchResources") == 0) {
        struct treadle_file_search_resources *resources = object;
        if (resources->vector_store_ids)
            resources->vector_stores = NULL;
    } else if (strcmp(type->name, "TruncationObject") == 0) {
        struct treadle_truncation_strategy *strategy = object;
        if (strategy->last_messages.state != TREADLE_SET)
            strategy->last_messages = (struct treadle_integer){TREADLE_SET, 1};
    } else if (strcmp(type->name, "ToolOutput") == 0) {
        struct treadle_tool_output *output = object;
        if (!output->tool_call_id)
            output->tool_call_id = "call_x";
    } else if (strcmp(type->name, "CreateVectorStoreFileBatchRequest") == 0) {
        struct treadle_vector_store_file_batch_create_request *request = object;
        if (request->file_ids)
            request->files = NULL;
        while (!request->file_ids && !request->files)
            make_array(maker, field_find(type, "file_ids"), object);
    }
}

static void make_object(struct maker *maker, const struct treadle_type *type, void *object)
{
    int chosen = 0;
    if (type->alternate) {
        make_value(maker, type, &type->fields[below(maker, type->field_count)], object);
        return;
    }
    for (size_t i = 0; i < type->field_count; i++)
        if (type->fields[i].flags & FIELD_DISCRIMINATOR) {
            make_row(maker, type, i, object);
            chosen = *(int *)((char *)object + type->fields[i].offset);
        }
    for (size_t i = 0; i < type->field_count; i++) {
        const struct field *field = &type->fields[i];
        if (field->flags & FIELD_DISCRIMINATOR || (field->when && field->when != chosen))
            continue;
        make_row(maker, type, i, object);
    }
    settle(maker, type, object);
}

/* ---- Round trips ---------------------------------------------------------------------------- */

static void round_trip(const struct treadle_type *type, uint64_t seed,
                       enum field_strictness strictness)
{
    struct maker maker = {
        .seed = seed * UINT64_C(0x9E3779B97F4A7C15) | 1, .arena = arena_new(0), .sparse = !seed};
    struct treadle_error error = {0};
    void *object = arena_alloc(maker.arena, type->size);
    void *again = arena_alloc(maker.arena, type->size);
    make_object(&maker, type, object);
    const char *first = field_text(type, object, maker.arena);
    assert_non_null(first);
    assert_true(text_is_utf8(first, strlen(first)));
    if (field_parse(type, first, strlen(first), strictness, maker.arena, again, &error))
        fail_msg("%s, seed %llu: %s\n%s", type->name, (unsigned long long)seed, error.message,
                 first);
    const char *second = field_text(type, again, maker.arena);
    if (strcmp(first, second) != 0)
        fail_msg("%s, seed %llu:\n%s\n%s", type->name, (unsigned long long)seed, first, second);
    if (type->presence) {
        const struct treadle_presence *before = object, *after = again;
        assert_true(before->set == after->set);
        assert_true(before->null == after->null);
    }
    arena_free(maker.arena);
}

static void every_type_goes_round(void **state)
{
    (void)state;
    const struct treadle_type *all[FIELD_TYPES_MOST];
    size_t count = field_types(all);
    assert_in_range(count, 70, FIELD_TYPES_MOST - 1);
    for (size_t i = 0; i < count; i++)
        for (uint64_t seed = 0; seed < 40; seed++)
            round_trip(all[i], seed, FIELD_STRICT);
}

static void every_type_goes_round_when_tolerant(void **state)
{
    (void)state;
    const struct treadle_type *all[FIELD_TYPES_MOST];
    size_t count = field_types(all);
    for (size_t i = 0; i < count; i++)
        for (uint64_t seed = 1000; seed < 1010; seed++)
            round_trip(all[i], seed, FIELD_TOLERANT);
}

/* A copy prints the same once everything that it was made from is gone. */
static void copy(const struct treadle_type *type, uint64_t seed)
{
    struct maker maker = {
        .seed = seed * UINT64_C(0x9E3779B97F4A7C15) | 1, .arena = arena_new(0), .sparse = !seed};
    struct arena *own = arena_new(0);
    void *object = arena_alloc(maker.arena, type->size);
    void *again = arena_alloc(own, type->size);
    make_object(&maker, type, object);
    const char *first = field_text(type, object, own);
    assert_int_equal(field_copy(type, object, own, again), 0);
    arena_free(maker.arena);
    assert_string_equal(field_text(type, again, own), first);
    arena_free(own);
}

static void every_type_is_copied(void **state)
{
    (void)state;
    const struct treadle_type *all[FIELD_TYPES_MOST];
    size_t count = field_types(all);
    for (size_t i = 0; i < count; i++)
        for (uint64_t seed = 0; seed < 10; seed++)
            copy(all[i], seed);
}

/* An object whose members are all absent prints, and reads back where nothing is required. */
static void an_empty_object_prints_as_json(void **state)
{
    (void)state;
    const struct treadle_type *all[FIELD_TYPES_MOST];
    size_t count = field_types(all);
    for (size_t i = 0; i < count; i++) {
        struct arena *arena = arena_new(0);
        struct treadle_error error;
        json_t *value = NULL;
        const char *text = field_text(all[i], arena_alloc(arena, all[i]->size), arena);
        assert_int_equal(json_parse(text, strlen(text), &value, &error), 0);
        json_decref(value);
        arena_free(arena);
    }
}

static void absent_and_null_stay_apart(void **state)
{
    (void)state;
    static const char *const bodies[] = {"{}", "{\"metadata\":null}", "{\"metadata\":{}}",
                                         "{\"metadata\":null,\"tool_resources\":null}"};
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        struct arena *arena = arena_new(0);
        struct treadle_error error;
        struct treadle_thread_modify_request request;
        assert_int_equal(field_parse(&treadle_thread_modify_request_type, bodies[i],
                                     strlen(bodies[i]), FIELD_STRICT, arena, &request, &error),
                         0);
        const struct field *row = field_find(&treadle_thread_modify_request_type, "metadata");
        uint64_t bit = UINT64_C(1) << (row - treadle_thread_modify_request_type.fields);
        assert_int_equal(!!(request.presence.set & bit), i > 0);
        assert_int_equal(!!(request.presence.null & bit), i == 1 || i == 3);
        assert_int_equal(request.metadata != NULL, i == 2);
        arena_free(arena);
    }
}

static void scalars_know_absent_null_and_set(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum treadle_state state;
        double value;
        const char *printed;
    } cases[] = {
        {"{\"model\":\"m\"}", TREADLE_ABSENT, 0, "{\"model\":\"m\"}"},
        {"{\"temperature\":null,\"model\":\"m\"}", TREADLE_NULL, 0,
         "{\"model\":\"m\",\"temperature\":null}"},
        {"{\"model\":\"m\",\"temperature\":0}", TREADLE_SET, 0,
         "{\"model\":\"m\",\"temperature\":0.0}"},
        {"{\"model\":\"m\",\"temperature\":1.5}", TREADLE_SET, 1.5,
         "{\"model\":\"m\",\"temperature\":1.5}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct arena *arena = arena_new(0);
        struct treadle_error error;
        struct treadle_assistant_create_request request;
        assert_int_equal(field_parse(&treadle_assistant_create_request_type, cases[i].text,
                                     strlen(cases[i].text), FIELD_STRICT, arena, &request, &error),
                         0);
        assert_int_equal(request.temperature.state, cases[i].state);
        assert_true(request.temperature.value == cases[i].value);
        assert_string_equal(field_text(&treadle_assistant_create_request_type, &request, arena),
                            cases[i].printed);
        arena_free(arena);
    }
}

static void numbers_print_in_their_shortest_form(void **state)
{
    (void)state;
    static const struct {
        double value;
        const char *text;
    } cases[] = {{0.1, "0.1"},       {1, "1.0"},      {0.30000000000000004, "0.30000000000000004"},
                 {-2.5, "-2.5"},     {1e21, "1e+21"}, {100, "100.0"},
                 {INFINITY, "null"}, {NAN, "null"},   {5e-324, "4.94065645841247e-324"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buffer out;
        buffer_init(&out, 100);
        json_print_number(cases[i].value, &out);
        assert_string_equal(out.data, cases[i].text);
        if (isfinite(cases[i].value))
            assert_true(strtod(out.data, NULL) == cases[i].value);
        buffer_clear(&out);
    }
}

/* ---- Tables --------------------------------------------------------------------------------- */

static void check_row(const struct treadle_type *type, const struct field *field)
{
    static const size_t sizes[] = {
        [FIELD_STRING] = sizeof(char *),   [FIELD_CONSTANT] = sizeof(char *),
        [FIELD_INTEGER] = sizeof(int64_t), [FIELD_TIME] = sizeof(int64_t),
        [FIELD_NUMBER] = sizeof(double),   [FIELD_BOOLEAN] = sizeof(bool),
        [FIELD_ENUM] = sizeof(int),        [FIELD_STRUCT] = sizeof(void *),
        [FIELD_MAP] = sizeof(void *),      [FIELD_ATTRIBUTES] = sizeof(void *),
        [FIELD_RAW] = sizeof(char *),      [FIELD_ARRAY] = sizeof(void *)};
    assert_in_range(field->kind, FIELD_STRING, FIELD_ARRAY);
    assert_true(field->offset + sizes[field->kind] <= type->size);
    assert_true(field->name && field->name[0]);
    if (!type->alternate)
        assert_true(field->doc && field->doc[0]);
    if (field->kind == FIELD_ARRAY)
        assert_true(field->element == FIELD_STRING ||
                    (field->element == FIELD_STRUCT && field->type));
    if (field->kind == FIELD_STRUCT)
        assert_non_null(field->type);
    if (field->kind == FIELD_ENUM)
        assert_true(field->names && !field->names[0] && field->names[1]);
    assert_true(field->max == 0 || field->max >= field->min);
}

static void rows_are_sound(void **state)
{
    (void)state;
    const struct treadle_type *all[FIELD_TYPES_MOST];
    size_t count = field_types(all);
    for (size_t i = 0; i < count; i++) {
        const struct treadle_type *type = all[i];
        assert_true(type->name && type->name[0]);
        /* A bit a row in struct treadle_presence. */
        assert_true(!type->presence || type->field_count <= 64);
        for (size_t j = 0; j < type->field_count; j++) {
            check_row(type, &type->fields[j]);
            for (size_t k = 0; k < j; k++)
                if (strcmp(type->fields[j].name, type->fields[k].name) == 0)
                    fail_msg("%s has two rows '%s'", type->name, type->fields[j].name);
            assert_ptr_equal(field_find(type, type->fields[j].name), &type->fields[j]);
        }
        for (size_t j = 0; j < i; j++)
            if (strcmp(all[i]->name, all[j]->name) == 0)
                fail_msg("two tables are called %s", all[i]->name);
    }
}

static void words_are_looked_up_within_bounds(void **state)
{
    (void)state;
    assert_string_equal(field_word(run_status_names, TREADLE_RUN_QUEUED), "queued");
    assert_string_equal(field_word(run_status_names, TREADLE_RUN_EXPIRED), "expired");
    assert_null(field_word(run_status_names, 0));
    assert_null(field_word(run_status_names, -1));
    assert_null(field_word(run_status_names, TREADLE_RUN_EXPIRED + 1));
    assert_null(field_word(run_status_names, INT_MAX));
    assert_null(field_find(&treadle_run_type, "nothing"));
}

/* ---- Descriptions --------------------------------------------------------------------------- */

static const char prefix[] = "#/components/schemas/";

/* Every reference within a description must name a table. */
static void check_references(const json_t *value, const struct treadle_type **all, size_t count)
{
    const char *key;
    json_t *item;
    size_t index;
    json_array_foreach(value, index, item) check_references(item, all, count);
    json_object_foreach((json_t *)value, key, item)
    {
        if (strcmp(key, "$ref") == 0) {
            bool known = false;
            assert_true(text_starts_with(json_string_value(item), prefix));
            for (size_t i = 0; i < count; i++)
                known =
                    known || strcmp(json_string_value(item) + sizeof prefix - 1, all[i]->name) == 0;
            assert_true(known);
        }
        check_references(item, all, count);
    }
}

static void every_description_is_json_that_names_its_members(void **state)
{
    (void)state;
    const struct treadle_type *all[FIELD_TYPES_MOST];
    size_t count = field_types(all);
    for (size_t i = 0; i < count; i++) {
        struct buffer out;
        struct treadle_error error;
        json_t *value = NULL;
        buffer_init(&out, 1 << 20);
        field_describe(all[i], prefix, &out);
        assert_int_equal(json_parse(out.data, out.length, &value, &error), 0);
        check_references(value, all, count);
        for (size_t j = 0; j < all[i]->field_count && !all[i]->alternate; j++) {
            char name[128];
            snprintf(name, sizeof name, "\"%s\":{", all[i]->fields[j].name);
            assert_non_null(strstr(out.data, name));
        }
        json_decref(value);
        buffer_clear(&out);
    }
}

static void a_union_describes_one_variant_a_word(void **state)
{
    (void)state;
    struct buffer out;
    struct treadle_error error;
    json_t *value = NULL;
    buffer_init(&out, 1 << 20);
    field_describe(&treadle_tool_type, prefix, &out);
    assert_int_equal(json_parse(out.data, out.length, &value, &error), 0);
    json_t *variants = json_object_get(value, "oneOf");
    assert_int_equal(json_array_size(variants), 3);
    json_t *search = json_object_get(json_array_get(variants, 1), "properties");
    assert_non_null(json_object_get(search, "file_search"));
    assert_null(json_object_get(search, "function"));
    json_t *words = json_object_get(json_object_get(search, "type"), "enum");
    assert_int_equal(json_array_size(words), 1);
    assert_string_equal(json_string_value(json_array_get(words, 0)), "file_search");
    json_decref(value);
    buffer_clear(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_goes_round),
        cmocka_unit_test(every_type_goes_round_when_tolerant),
        cmocka_unit_test(every_type_is_copied),
        cmocka_unit_test(an_empty_object_prints_as_json),
        cmocka_unit_test(absent_and_null_stay_apart),
        cmocka_unit_test(scalars_know_absent_null_and_set),
        cmocka_unit_test(numbers_print_in_their_shortest_form),
        cmocka_unit_test(rows_are_sound),
        cmocka_unit_test(words_are_looked_up_within_bounds),
        cmocka_unit_test(every_description_is_json_that_names_its_members),
        cmocka_unit_test(a_union_describes_one_variant_a_word),
    };
    return cmocka_run_group_tests_name("field", tests, NULL, NULL);
}
