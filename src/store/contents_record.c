/*
 * Contents as rows know them.
 */
#include "store/contents_record.h"

int contents_record_known(struct db_session *session, const char *id, bool leaving, bool *out,
                          struct treadle_error *error)
{
#define OWNED "SELECT 1 FROM files WHERE id = ?1 UNION ALL SELECT 1 FROM upload_parts WHERE id = ?1"
    static const char owned[] = OWNED,
                      kept[] = OWNED " UNION ALL SELECT 1 FROM removals WHERE id = ?1";
#undef OWNED
    struct db_statement *statement;
    int rc = db_prepare(session, &statement, leaving ? kept : owned, error);
    if (rc)
        return rc;
    db_bind_text(statement, 1, id);
    rc = db_step(statement, error);
    if (rc >= 0)
        *out = rc > 0;
    return rc < 0 ? rc : 0;
}
