/*
 * Audit of rows: those whose owner is gone, and owners that refer to missing rows
 * (store/integrity.h). Each rule reads a whole table, so only `treadle check` does this.
 */
#include "base/arena.h"
#include "base/error.h"
#include "server/audit.h"
#include "store/integrity.h"

struct look {
    size_t rule;
    struct arena *arena;
    struct integrity_broken broken;
};

static int find(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct look *look = argument;
    return integrity_find(session, look->rule, look->arena, &look->broken, error);
}

static int mend(struct db_session *session, void *argument, struct treadle_error *error)
{
    const struct look *look = argument;
    return integrity_mend(session, look->rule, error);
}

int audit_rows(struct audit *audit, struct treadle_error *error)
{
    struct treadle_error why;
    int rc = 0;
    for (size_t i = 0; i < integrity_rules() && !rc; i++) {
        struct look look = {.rule = i, .arena = arena_new(0)};
        rc = look.arena ? db_read(audit->db, find, &look, error) : error_set_memory(error);
        int mended = 0;
        if (!rc && look.broken.count && audit->repair)
            mended = db_write(audit->db, mend, &look, &why);
        for (size_t k = 0; k < look.broken.count && !rc; k++)
            audit_note(audit, "row", look.broken.ids[k], integrity_problem(i), mended, &why);
        arena_free(look.arena);
    }
    return rc;
}
