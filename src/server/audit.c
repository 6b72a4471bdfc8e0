/*
 * Audit: the order of its parts.
 */
#include "server/audit.h"

int audit_run(struct audit *audit, struct treadle_error *error)
{
    static int (*const parts[])(struct audit *, struct treadle_error *) = {
        audit_strays, audit_contents, audit_stray_indexes, audit_indexes};
    int rc = audit->deep ? audit_rows(audit, error) : 0;
    for (size_t i = 0; i < sizeof parts / sizeof *parts && !rc && !audit_stopped(audit); i++)
        rc = parts[i](audit, error);
    return rc;
}
