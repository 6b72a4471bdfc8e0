/*
 * Check: an audit of a whole store that is not being served, for `treadle check`.
 */
#ifndef SERVER_CHECK_H
#define SERVER_CHECK_H

#include <stdbool.h>

#include "server/audit.h"

struct check_result {
    size_t contents, indexes; /* that were looked at */
    size_t found, repaired;
};

/* Calls `report` for each finding. Repairs what can be repaired with `repair`. The code is that of
 * opening the store, or of a failed check: findings are no failure. */
int check_store(const char *store, bool repair,
                void (*report)(void *context, const struct audit_finding *finding), void *context,
                struct check_result *out, struct treadle_error *error);

#endif
