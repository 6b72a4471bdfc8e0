/*
 * Audit of search indexes: those that no vector store has, and stores whose index is missing, is
 * damaged, or has not the text of the files that it should have.
 *
 * Ingest writes an index before the row, and a deletion deletes the row before the text. So rows
 * are read before the index to find missing text, and after it to find surplus text.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "server/audit.h"
#include "store/vector_store_record.h"

/* ---- Indexes without stores ----------------------------------------------------------------- */

struct owner {
    const char *id;
    struct vector_store_index_state state;
};

static int find_owner(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct owner *owner = argument;
    return vector_store_index_state(session, owner->id, &owner->state, error);
}

static int visit_index(void *context, const char *store_id)
{
    struct audit *audit = context;
    struct owner owner = {.id = store_id};
    struct treadle_error error;
    if (audit_stopped(audit))
        return TREADLE_ESTATE;
    int rc = db_read(audit->db, find_owner, &owner, &error);
    if (rc)
        return rc;
    audit->indexes++;
    if (owner.state.leaving || (owner.state.there && !owner.state.expired))
        return 0;
    if (audit->repair)
        rc = owner.state.there ? search_remove_store(audit->search, store_id, &error)
                               : search_set_aside(audit->search, store_id, &error);
    audit_note(audit, "index", store_id,
               owner.state.there ? "its vector store has expired" : "no vector store has it", rc,
               &error);
    return 0;
}

int audit_stray_indexes(struct audit *audit, struct treadle_error *error)
{
    int rc = search_each_store(audit->search, visit_index, audit, error);
    if (rc == TREADLE_ESTATE && audit_stopped(audit))
        return 0;
    return rc;
}

/* ---- One store ------------------------------------------------------------------------------ */

struct look {
    struct audit *audit;
    struct arena *arena;
    const char *id;
    const char **wanted; /* the files that are searchable, then those of them that are missing */
    size_t wanted_count;
    const char **present; /* what the index has */
    size_t present_count;
};

static int compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int read_wanted(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct look *look = argument;
    return vector_store_completed(session, look->id, look->arena, &look->wanted,
                                  &look->wanted_count, error);
}

static int read_again(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct look *look = argument;
    int rc = vector_store_read_again(session, look->id, look->wanted, look->wanted_count,
                                     look->arena, error);
    return rc == TREADLE_ENOTFOUND ? 0 : rc;
}

/* Has the files in `wanted` read again. */
static int lose(struct look *look, const char *problem, struct treadle_error *error)
{
    struct audit *audit = look->audit;
    int rc = audit->repair && look->wanted_count ? db_write(audit->db, read_again, look, error) : 0;
    if (audit->repair && audit->ingest && !rc)
        ingest_wake(audit->ingest);
    audit_note(audit, "index", look->id, problem, rc, error);
    return 0;
}

static void keep_missing(struct look *look)
{
    size_t missing = 0;
    if (look->present_count)
        qsort(look->present, look->present_count, sizeof *look->present, compare);
    for (size_t i = 0; i < look->wanted_count; i++)
        if (!look->present_count || !bsearch(&look->wanted[i], look->present, look->present_count,
                                             sizeof *look->present, compare))
            look->wanted[missing++] = look->wanted[i];
    look->wanted_count = missing;
}

static int check_missing(struct look *look, struct treadle_error *error)
{
    char problem[128];
    keep_missing(look);
    if (!look->wanted_count)
        return 0;
    snprintf(problem, sizeof problem, "it has not the text of %zu of the vector store's files",
             look->wanted_count);
    return lose(look, problem, error);
}

static int check_strays(struct look *look, struct treadle_error *error)
{
    struct audit *audit = look->audit;
    size_t strays = 0;
    int rc = 0;
    for (size_t i = 0; i < look->present_count && !rc; i++) {
        int wanted = search_wanted(audit->search, look->id, look->present[i], error);
        if (wanted < 0)
            return wanted;
        strays += !wanted;
        while (!wanted && audit->repair &&
               (rc = search_remove_file(audit->search, look->id, look->present[i], error)) > 0)
            continue;
    }
    if (strays)
        audit_note(audit, "index", look->id, "it has text of files that the vector store has not",
                   rc, error);
    return 0;
}

static int check_damaged(struct look *look, const char *why, struct treadle_error *error)
{
    char problem[256];
    snprintf(problem, sizeof problem, "it is damaged: %.200s", why);
    int rc = look->audit->repair ? search_set_aside(look->audit->search, look->id, error) : 0;
    if (!rc)
        return lose(look, problem, error);
    audit_note(look->audit, "index", look->id, problem, rc, error);
    return 0;
}

static int look_at(struct look *look, struct treadle_error *error)
{
    struct audit *audit = look->audit;
    struct treadle_error problem;
    int rc = db_read(audit->db, read_wanted, look, error);
    if (rc)
        return rc;
    rc = search_check(audit->search, look->id, audit->deep, &problem);
    if (!rc)
        rc = search_list_files(audit->search, look->id, look->arena, &look->present,
                               &look->present_count, &problem);
    if (rc == TREADLE_ENOTFOUND && !look->wanted_count)
        return 0;
    if (rc == TREADLE_ENOTFOUND)
        return lose(look, "it is missing", error);
    if (rc == TREADLE_EPARSE || (rc && strcmp(problem.wire_code, "index_damaged") == 0))
        return check_damaged(look, problem.message, error);
    if (rc) {
        *error = problem;
        return rc;
    }
    rc = check_missing(look, error);
    return rc ? rc : check_strays(look, error);
}

int audit_store(struct audit *audit, const char *store_id, struct treadle_error *error)
{
    struct look look = {.audit = audit, .arena = arena_new(0), .id = store_id};
    int rc =
        look.arena ? search_wanted(audit->search, store_id, NULL, error) : error_set_memory(error);
    if (rc > 0)
        rc = look_at(&look, error);
    arena_free(look.arena);
    return rc;
}

int audit_indexes(struct audit *audit, struct treadle_error *error)
{
    struct audit_page page = {.walk = vector_store_walk_indexed};
    int rc;
    do {
        page.arena = arena_new(0);
        rc = page.arena ? audit_next_page(audit, &page, error) : error_set_memory(error);
        for (size_t i = 0; i < page.at.count && !rc && !audit_stopped(audit); i++)
            rc = audit_store(audit, page.at.ids[i], error);
        arena_free(page.arena);
    } while (!rc && page.at.count == RECORD_WALK_MOST && !audit_stopped(audit));
    return rc;
}
