/*
 * Copying objects by their tables: everything that an object points to comes along.
 */
#include <string.h>

#include "api/field.h"

static int copy_into(const struct treadle_type *type, void *object, struct arena *arena);

static int copy_text(const char **text, struct arena *arena)
{
    if (!*text)
        return 0;
    *text = arena_string(arena, *text);
    return *text ? 0 : TREADLE_EMEMORY;
}

static int copy_map(struct treadle_map **at, struct arena *arena)
{
    const struct treadle_map *from = *at;
    struct treadle_map *map = arena_alloc(arena, sizeof *map);
    if (!map || !(map->pairs = arena_array(arena, from->count, sizeof *map->pairs)))
        return TREADLE_EMEMORY;
    for (map->count = 0; map->count < from->count; map->count++) {
        struct treadle_pair *pair = &map->pairs[map->count];
        *pair = from->pairs[map->count];
        if (copy_text(&pair->key, arena) || copy_text(&pair->value, arena))
            return TREADLE_EMEMORY;
    }
    *at = map;
    return 0;
}

static int copy_attributes(struct treadle_attributes **at, struct arena *arena)
{
    const struct treadle_attributes *from = *at;
    struct treadle_attributes *made = arena_alloc(arena, sizeof *made);
    if (!made || !(made->items = arena_array(arena, from->count, sizeof *made->items)))
        return TREADLE_EMEMORY;
    for (made->count = 0; made->count < from->count; made->count++) {
        struct treadle_attribute *item = &made->items[made->count];
        *item = from->items[made->count];
        if (copy_text(&item->key, arena) || copy_text(&item->string, arena))
            return TREADLE_EMEMORY;
    }
    *at = made;
    return 0;
}

static int copy_array(const struct field *field, void **at, size_t count, struct arena *arena)
{
    bool texts = field->element == FIELD_STRING;
    size_t size = texts ? sizeof(const char *) : field->type->size;
    char *items = arena_array(arena, count, size);
    if (!items)
        return TREADLE_EMEMORY;
    if (count)
        memcpy(items, *at, count * size);
    for (size_t i = 0; i < count; i++) {
        void *item = items + i * size;
        if (texts ? copy_text(item, arena) : copy_into(field->type, item, arena))
            return TREADLE_EMEMORY;
    }
    *at = items;
    return 0;
}

static int copy_struct(const struct treadle_type *type, void **at, struct arena *arena)
{
    void *copy = arena_alloc(arena, type->size);
    if (!copy)
        return TREADLE_EMEMORY;
    memcpy(copy, *at, type->size);
    *at = copy;
    return copy_into(type, copy, arena);
}

static int copy_member(const struct field *field, char *object, struct arena *arena)
{
    void *at = object + field->offset;
    void *value;
    switch (field->kind) {
    case FIELD_STRING:
    case FIELD_RAW:
        return copy_text(at, arena);
    case FIELD_STRUCT:
    case FIELD_MAP:
    case FIELD_ATTRIBUTES:
    case FIELD_ARRAY:
        memcpy(&value, at, sizeof value);
        break;
    case FIELD_CONSTANT:
        memcpy(at, &field->constant, sizeof field->constant);
        return 0;
    default:
        return 0;
    }
    if (!value)
        return 0;
    if (field->kind == FIELD_STRUCT)
        return copy_struct(field->type, at, arena);
    if (field->kind == FIELD_MAP)
        return copy_map(at, arena);
    if (field->kind == FIELD_ATTRIBUTES)
        return copy_attributes(at, arena);
    return copy_array(field, at, *(const size_t *)(const void *)(object + field->count_offset),
                      arena);
}

/* The object is a flat copy; what it points to is replaced by copies. */
static int copy_into(const struct treadle_type *type, void *object, struct arena *arena)
{
    for (size_t i = 0; i < type->field_count; i++)
        if (copy_member(&type->fields[i], object, arena))
            return TREADLE_EMEMORY;
    return type->others ? copy_text((const char **)(void *)((char *)object + type->others), arena)
                        : 0;
}

int field_copy(const struct treadle_type *type, const void *object, struct arena *arena, void *out)
{
    memcpy(out, object, type->size);
    return copy_into(type, out, arena);
}
