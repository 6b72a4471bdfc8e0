/*
 * Retain.
 *
 * A walk continues slice by slice and pauses after each for as long as the slice took, so other
 * writes come first. When it has reached what is to be kept, the next walk begins after a while.
 */
#include "server/retain.h"

#include <stdio.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"

enum { BETWEEN_WALKS = 30 };

struct slice {
    struct retention *walk;
    struct arena *arena;
};

static int work(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct slice *slice = argument;
    return retention_continue(session, slice->walk, slice->arena, error);
}

static void note(const struct retain *retain, enum retention_kind kind, size_t removed)
{
    static const char *const names[RETENTION_KINDS] = {"thread", "run", "event", "upload"};
    char count[24];
    snprintf(count, sizeof count, "%zu", removed);
    if (removed)
        log_write(retain->log, LOG_INFO, "retention", "kind", names[kind], "removed", count, NULL);
}

/* True when the walk continues. */
static bool walk_on(struct retain *retain, enum retention_kind kind)
{
    struct retention walk = retain->walks[kind];
    struct slice slice = {&walk, arena_new(0)};
    struct treadle_error error;
    int64_t start = clock_monotonic_us();
    int rc = slice.arena ? db_write(retain->db, work, &slice, &error) : error_set_memory(&error);
    arena_free(slice.arena);
    if (rc) {
        log_write(retain->log, LOG_ERROR, "retention", "error", error.message, NULL);
        retain->next[kind] = clock_monotonic_us() + BETWEEN_WALKS * INT64_C(1000000);
        return false;
    }
    retain->walks[kind] = walk;
    note(retain, kind, walk.removed);
    clock_rest(start);
    return !walk.ended;
}

bool retain_look(struct retain *retain)
{
    bool more = false;
    for (enum retention_kind kind = 0; kind < RETENTION_KINDS; kind++) {
        int64_t now = clock_monotonic_us();
        struct retention *walk = &retain->walks[kind];
        if (!retain->keep[kind] || now < retain->next[kind])
            continue;
        walk->kind = kind;
        walk->before = clock_seconds() - retain->keep[kind];
        if (walk_on(retain, kind)) {
            more = true;
        } else {
            walk->seq = 0;
            retain->next[kind] = clock_monotonic_us() + BETWEEN_WALKS * INT64_C(1000000);
        }
    }
    return more;
}
