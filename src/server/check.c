/*
 * Check: the database's own check first, since all else is read from it; a database that is damaged
 * is not used for any repair.
 */
#include "server/check.h"

#include <stdio.h>
#include <unistd.h>

#include "base/error.h"
#include "server/opening.h"

struct database_check {
    struct audit *audit;
    size_t found;
};

static void note_database(struct audit *audit, const char *problem)
{
    const struct audit_finding finding = {.kind = "database",
                                          .id = "treadle.db",
                                          .problem = problem,
                                          .outcome =
                                              audit->repair ? AUDIT_NOT_REPAIRED : AUDIT_FOUND,
                                          .why = audit->repair ? "only a backup has it" : NULL};
    audit->found++;
    audit->report(audit->context, &finding);
}

static void on_problem(void *context, const char *problem)
{
    struct database_check *check = context;
    note_database(check->audit, problem);
    check->found++;
}

static int read_database(struct db_session *session, void *argument, struct treadle_error *error)
{
    return db_check(session, on_problem, argument, error);
}

/* Unused pages are no damage: they are reported only where they are freed. */
static void compact(struct opening *opening, struct audit *audit)
{
    struct treadle_error why;
    char problem[80];
    int64_t freed = 0;
    int rc = db_compact(opening->db, &freed, &why);
    if (!rc && !freed)
        return;
    snprintf(problem, sizeof problem, "%lld KiB of it were not in use", (long long)freed / 1024);
    audit_note(audit, "database", "treadle.db", rc ? "it cannot be compacted" : problem, rc, &why);
}

static int check_all(struct opening *opening, const char *store, struct audit *audit,
                     struct treadle_error *error)
{
    struct treadle_error problem;
    struct database_check database = {.audit = audit};
    int rc = db_read(opening->db, read_database, &database, &problem);
    if (rc)
        note_database(audit, problem.message);
    if (rc || database.found)
        return 0;
    /* It would be no repair to move aside what another database knows. */
    if (audit->repair && opening->pairing == PAIRING_FOREIGN) {
        rc = opening_check(opening, store, NULL, error);
        if (rc)
            return rc;
    }
    if (audit->repair)
        rc = opening_settle(opening, NULL, error);
    if (!rc)
        rc = audit_run(audit, error);
    if (!rc && audit->repair)
        compact(opening, audit);
    return rc;
}

int check_store(const char *store, bool repair,
                void (*report)(void *context, const struct audit_finding *finding), void *context,
                struct check_result *out, struct treadle_error *error)
{
    struct opening opening = {.presence = -1};
    /* A check must not create a store. */
    if (access(store, F_OK))
        return error_set(error, TREADLE_ENOTFOUND, "there is no store %s", store);
    int rc = opening_open(&opening, store, error);
    if (rc)
        return rc;
    struct audit audit = {.db = opening.db,
                          .blobs = opening.blobs,
                          .search = opening.search,
                          .deep = true,
                          .repair = repair,
                          .report = report,
                          .context = context};
    rc = check_all(&opening, store, &audit, error);
    opening_close(&opening);
    *out = (struct check_result){audit.contents, audit.indexes, audit.found, audit.repaired};
    return rc;
}
