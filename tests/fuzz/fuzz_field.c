/*
 * Fuzz target: the object parser.
 *
 * The first line names a table, the rest is JSON text; without such a name the first byte chooses.
 * Whatever the text, the parser must not crash; what the strict parser takes must print to text
 * that it takes again and that prints alike; and every error must itself print as JSON.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/field_types.h"
#include "api/error.h"
#include "api/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void check_error(const struct treadle_error *error, struct arena *arena)
{
    struct treadle_error again, ignored;
    struct buffer out;
    json_t *value = NULL;
    buffer_init(&out, 1 << 20);
    error_print(error, &out);
    require(!out.failed && json_parse(out.data, out.length, &value, &ignored) == 0);
    require(error_parse(out.data, out.length, 400, arena, &again) == 0);
    require(strcmp(again.message, error->message) == 0);
    json_decref(value);
    buffer_clear(&out);
}

static void check_object(const struct treadle_type *type, const void *object, struct arena *arena)
{
    struct treadle_error error;
    void *again = arena_alloc(arena, type->size);
    const char *first = field_text(type, object, arena);
    require(again && first);
    require(field_parse(type, first, strlen(first), FIELD_STRICT, arena, again, &error) == 0);
    const char *second = field_text(type, again, arena);
    require(second && strcmp(first, second) == 0);
}

/* The table that an input is for; `*start` is where its text begins. */
static const struct treadle_type *choose(const uint8_t *bytes, size_t length, size_t *start)
{
    const struct treadle_type *all[FIELD_TYPES_MOST];
    size_t count = field_types(all);
    const uint8_t *end = memchr(bytes, '\n', length);
    size_t name = end ? (size_t)(end - bytes) : 0;
    *start = name + 1;
    for (size_t i = 0; end && i < count; i++)
        if (strlen(all[i]->name) == name && memcmp(all[i]->name, bytes, name) == 0)
            return all[i];
    *start = 1;
    return all[bytes[0] % count];
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    size_t start;
    if (!length)
        return 0;
    const struct treadle_type *type = choose(bytes, length, &start);
    length -= start;
    /* Copied to a block of just that length, so that reading beyond it is seen. */
    char *text = malloc(length + !length);
    memcpy(text, bytes + start, length);
    for (int strictness = FIELD_STRICT; strictness <= FIELD_TOLERANT; strictness++) {
        struct arena *arena = arena_new(0);
        struct treadle_error error;
        void *object = arena_alloc(arena, type->size);
        int rc = field_parse(type, text, length, (enum field_strictness)strictness, arena, object,
                             &error);
        if (rc == TREADLE_EINVALID)
            check_error(&error, arena);
        else if (rc == 0 && strictness == FIELD_STRICT)
            check_object(type, object, arena);
        arena_free(arena);
    }
    free(text);
    return 0;
}
