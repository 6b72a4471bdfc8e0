/*
 * Upkeep. Failures are logged and tried again; no request waits for it.
 */
#include "server/upkeep.h"

#include <malloc.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "search/removal.h"
#include "server/audit.h"
#include "store/pairing.h"

enum {
    MOST_REMOVALS = 256, /* in one look */
    MOST_LINES = 50,
    IDLE_INDEX_SECONDS = 300,
    RETRY_SECONDS = 30,
    MARK_SECONDS = 60,
    FORGET_SECONDS = 3600,
    ASIDE_SECONDS = 30 * 86400
};

static int64_t seconds(void)
{
    return clock_monotonic_us() / 1000000;
}

/* ---- The audit ------------------------------------------------------------------------------ */

static void report(void *context, const struct audit_finding *finding)
{
    struct upkeep *upkeep = context;
    if (++upkeep->reported > MOST_LINES)
        return;
    log_write(upkeep->options->log, LOG_WARNING, "audit", "kind", finding->kind, "id", finding->id,
              "problem", finding->problem, "repaired",
              finding->outcome == AUDIT_REPAIRED ? "true" : "false", "error", finding->why, NULL);
}

static struct audit make_audit(struct upkeep *upkeep)
{
    const struct housekeeping_options *options = upkeep->options;
    upkeep->reported = 0;
    return (struct audit){.db = options->db,
                          .blobs = options->blobs,
                          .search = options->search,
                          .ingest = options->ingest,
                          .repair = true,
                          .stop = upkeep->stop,
                          .report = report,
                          .context = upkeep};
}

static void log_failure(struct upkeep *upkeep, const char *event, const char *id,
                        const struct treadle_error *error)
{
    log_write(upkeep->options->log, LOG_ERROR, event, "id", id, "error", error->message, NULL);
}

void upkeep_start(struct upkeep *upkeep)
{
    struct audit audit = make_audit(upkeep);
    struct treadle_error error;
    char found[24], repaired[24];
    upkeep->next_mark = seconds() + MARK_SECONDS;
    if (audit_run(&audit, &error))
        log_failure(upkeep, "audit", NULL, &error);
    snprintf(found, sizeof found, "%zu", audit.found);
    snprintf(repaired, sizeof repaired, "%zu", audit.repaired);
    if (audit.found)
        log_write(upkeep->options->log, LOG_WARNING, "audit", "found", found, "repaired", repaired,
                  NULL);
}

static void look_at_suspects(struct upkeep *upkeep, struct arena *arena)
{
    struct treadle_error error;
    const char *store_id;
    while (!atomic_load(upkeep->stop) &&
           search_next_suspect(upkeep->options->search, arena, &store_id)) {
        struct audit audit = make_audit(upkeep);
        if (audit_store(&audit, store_id, &error))
            log_failure(upkeep, "audit", store_id, &error);
    }
}

/* ---- Removals ------------------------------------------------------------------------------- */

struct removals {
    struct arena *arena;
    struct removal *items;
    size_t count;
};

static int list_removals(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct removals *removals = argument;
    return removal_record_list(session, 0, MOST_REMOVALS, removals->arena, &removals->items,
                               &removals->count, error);
}

static int forget_removals(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct removals *removals = argument;
    int rc = 0;
    for (size_t i = 0; i < removals->count && !rc; i++)
        rc = removal_record_forget(session, removals->items[i].seq, error);
    return rc;
}

/* Leaves in `removals` those that were done; false where one failed. `more` becomes true where one
 * takes longer: then other things that are due come first. */
static bool do_removals(struct upkeep *upkeep, struct removals *removals, bool *more)
{
    const struct housekeeping_options *options = upkeep->options;
    struct treadle_error error;
    size_t done = 0, count = removals->count;
    bool failed = false;
    for (size_t i = 0; i < count && !*more && !atomic_load(upkeep->stop); i++) {
        struct removal *item = &removals->items[i];
        int rc = removal_do(options->search, options->blobs, item, &error);
        if (rc < 0)
            log_failure(upkeep, "removal", item->id, &error);
        failed = failed || rc < 0;
        *more = rc > 0;
        if (rc == 0)
            removals->items[done++] = *item;
    }
    removals->count = done;
    return !failed;
}

/* True when there is more to do at once. */
static bool remove_noted(struct upkeep *upkeep, struct arena *arena)
{
    struct removals removals = {.arena = arena};
    struct treadle_error error;
    int rc = db_read(upkeep->options->db, list_removals, &removals, &error);
    if (rc || !removals.count)
        return false;
    bool more = false, all = do_removals(upkeep, &removals, &more);
    if (removals.count)
        rc = db_write(upkeep->options->db, forget_removals, &removals, &error);
    if (rc)
        log_failure(upkeep, "removal", NULL, &error);
    if (rc || !all)
        upkeep->next_removals = seconds() + RETRY_SECONDS;
    return !rc && all && more;
}

/* ---- Marks, and what was moved aside -------------------------------------------------------- */

static void mark(struct upkeep *upkeep)
{
    struct treadle_error error;
    uint64_t adopted = blob_adopted(upkeep->options->blobs);
    upkeep->next_mark = seconds() + MARK_SECONDS;
    if (adopted == upkeep->marked)
        return;
    if (pairing_advance(upkeep->options->db, upkeep->options->blobs, &error))
        log_failure(upkeep, "mark", NULL, &error);
    else
        upkeep->marked = adopted;
}

static void forget_aside(struct upkeep *upkeep)
{
    struct treadle_error error;
    char text[24];
    size_t contents = 0, indexes = 0;
    int64_t before = clock_seconds() - ASIDE_SECONDS;
    upkeep->next_forgetting = seconds() + FORGET_SECONDS;
    if (blob_forget_aside(upkeep->options->blobs, before, &contents, &error) ||
        search_forget_aside(upkeep->options->search, before, &indexes, &error))
        log_failure(upkeep, "aside", NULL, &error);
    snprintf(text, sizeof text, "%zu", contents + indexes);
    if (contents + indexes)
        log_write(upkeep->options->log, LOG_INFO, "aside_removed", "count", text, NULL);
}

/* Others who write come first: the pause is as long as the slice took. */
static bool shrink(struct upkeep *upkeep)
{
    struct treadle_error error;
    int64_t start = clock_monotonic_us();
    if (seconds() < upkeep->next_shrinking)
        return false;
    if (db_shrink(upkeep->options->db, &upkeep->shrinking, &error)) {
        log_failure(upkeep, "shrink", NULL, &error);
        upkeep->shrinking = false;
        upkeep->next_shrinking = seconds() + RETRY_SECONDS;
    }
    if (upkeep->shrinking)
        clock_rest(start);
    return upkeep->shrinking;
}

bool upkeep_look(struct upkeep *upkeep, bool busy)
{
    struct arena *arena = arena_new(0);
    int64_t now = seconds();
    if (upkeep->options->reserve)
        reserve_look(upkeep->options->reserve);
    if (!arena)
        return false;
    /* Their memory is released to the system, and not only to the allocator. */
    if (search_close_idle(upkeep->options->search, IDLE_INDEX_SECONDS))
        malloc_trim(0);
    bool more = now >= upkeep->next_removals && remove_noted(upkeep, arena);
    look_at_suspects(upkeep, arena);
    if (now >= upkeep->next_mark)
        mark(upkeep);
    if (now >= upkeep->next_forgetting)
        forget_aside(upkeep);
    arena_free(arena);
    return more || (!busy && shrink(upkeep));
}
