/*
 * Vector stores: their removal, which leaves remains; removing those counts files of stores.
 */
#include "base/error.h"
#include "store/place_record.h"
#include "store/record.h"
#include "store/remains_record.h"
#include "store/removal_record.h"
#include "store/vector_store_record.h"

int vector_store_remove(struct db_session *session, const char *id, struct arena *arena,
                        struct treadle_error *error)
{
    const struct record_key keys[] = {{"id", id}};
    struct remains remains = {.kind = REMAINS_VECTOR_STORE, .id = id};
    int64_t count = 0;
    int rc = place_record_keep(session, "vector_stores", NULL, id, error);
    if (!rc)
        rc = record_delete(session, "vector_stores", keys, 1, &count, error);
    if (!rc && !count)
        rc = error_set(error, TREADLE_ENOTFOUND, "no such vector store");
    if (!rc)
        rc = remains_begin(session, &remains, arena, error);
    return rc ? rc : removal_record_add(session, REMOVAL_INDEX, id, NULL, error);
}
