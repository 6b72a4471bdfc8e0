/*
 * Heartbeat.
 */
#include "store/heartbeat_record.h"

int heartbeat_record_write(struct db_session *session, int64_t at, struct treadle_error *error)
{
    struct db_statement *statement;
    int rc = db_prepare(session, &statement,
                        "INSERT INTO heartbeats (id, at) VALUES (1, ?) "
                        "ON CONFLICT (id) DO UPDATE SET at = excluded.at",
                        error);
    if (rc)
        return rc;
    db_bind_integer(statement, 1, at);
    return db_step(statement, error);
}
