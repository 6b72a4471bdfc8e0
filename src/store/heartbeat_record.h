/*
 * Heartbeat: one row, written to find out whether the store accepts writes.
 */
#ifndef STORE_HEARTBEAT_RECORD_H
#define STORE_HEARTBEAT_RECORD_H

#include "store/db.h"

/* `at` in seconds. */
int heartbeat_record_write(struct db_session *session, int64_t at, struct treadle_error *error);

#endif
