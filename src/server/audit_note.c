/*
 * Audit: what its parts share: how they report, stop, and walk over rows.
 */
#include "server/audit.h"

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
