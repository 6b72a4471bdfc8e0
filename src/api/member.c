/*
 * Members by name: how a program distinguishes absent from null in an object, and sends null in a
 * request.
 */
#include "treadle/client.h"

#include "api/field.h"
#include "base/error.h"

static int find_row(const struct treadle_type *type, const char *name, size_t *out)
{
    const struct field *field = type->presence ? field_find(type, name) : NULL;
    if (!field)
        return TREADLE_ENOTFOUND;
    *out = (size_t)(field - type->fields);
    return 0;
}

enum treadle_state treadle_member_state(const struct treadle_type *type, const void *object,
                                        const char *name)
{
    const struct treadle_presence *presence = object;
    size_t row = 0;
    if (find_row(type, name, &row) || !(presence->set >> row & 1))
        return TREADLE_ABSENT;
    return presence->null >> row & 1 ? TREADLE_NULL : TREADLE_SET;
}

int treadle_member_set_null(const struct treadle_type *type, void *object, const char *name,
                            struct treadle_error *error)
{
    struct treadle_presence *presence = object;
    size_t row = 0;
    if (find_row(type, name, &row))
        return error_set(error, TREADLE_EINVALID, "'%s' has no member '%s' that can be set to null",
                         type->name, name);
    presence->set |= UINT64_C(1) << row;
    presence->null |= UINT64_C(1) << row;
    return 0;
}
