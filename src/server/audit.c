/*
 * Audit: its order, and what its parts share.
 */
#include "server/audit.h"

#include "base/arena.h"
#include "base/error.h"

void audit_note(struct audit *audit, const char *kind, const char *id, const char *problem, int rc,
                const struct treadle_error *error)
{
    struct audit_finding finding = {.kind = kind, .id = id, .problem = problem};
    audit->found++;
    if (audit->repair && !rc) {
        finding.outcome = AUDIT_REPAIRED;
        audit->repaired++;
    } else if (audit->repair) {
        finding.outcome = AUDIT_NOT_REPAIRED;
        finding.why = error->message;
    }
    if (audit->report)
        audit->report(audit->context, &finding);
}

bool audit_stopped(const struct audit *audit)
{
    return audit->stop && atomic_load(audit->stop);
}

static int read_page(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct audit_page *page = argument;
    return page->walk(session, &page->at, page->arena, error);
}

int audit_next_page(struct audit *audit, struct audit_page *page, struct treadle_error *error)
{
    page->at.count = 0;
    return db_read(audit->db, read_page, page, error);
}

int audit_run(struct audit *audit, struct treadle_error *error)
{
    static int (*const parts[])(struct audit *, struct treadle_error *) = {
        audit_strays, audit_contents, audit_stray_indexes, audit_indexes};
    int rc = audit->deep ? audit_rows(audit, error) : 0;
    for (size_t i = 0; i < sizeof parts / sizeof *parts && !rc && !audit_stopped(audit); i++)
        rc = parts[i](audit, error);
    return rc;
}
