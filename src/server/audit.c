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
    struct db_statement *statement;
    int rc = db_prepare(session, &statement, page->query, error);
    if (rc)
        return rc;
    db_bind_integer(statement, 1, page->after);
    while (page->count < AUDIT_PAGE && (rc = db_step(statement, error)) > 0) {
        const char *id = arena_string(page->arena, db_column_text(statement, 1, NULL));
        if (!id)
            return error_set_memory(error);
        page->after = db_column_integer(statement, 0);
        page->ids[page->count++] = id;
    }
    return rc < 0 ? rc : 0;
}

int audit_next_page(struct audit *audit, struct audit_page *page, struct treadle_error *error)
{
    page->count = 0;
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
