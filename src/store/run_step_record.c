/*
 * Run steps as rows.
 */
#include "store/run_step_record.h"

#include "store/record.h"
#include "store/remains_record.h"

/* Steps without search results have no detail. */
static const char *body_column(bool content)
{
    return content ? "COALESCE(detail, body)" : "body";
}

int run_step_record_body(struct db_session *session, const char *project, const char *thread_id,
                         const char *run_id, const char *id, bool content, struct arena *arena,
                         const char **out, struct treadle_error *error)
{
    const struct record_key keys[] = {
        {"id", id}, {"run", run_id}, {REMAINS_SPARES("thread"), thread_id}, {"project", project}};
    return record_text(session, "run_steps", body_column(content), keys, 4, arena, out, error);
}

int run_step_record_page(struct db_session *session, const char *project, const char *run_id,
                         bool content, const struct record_page_request *request,
                         struct arena *arena, struct record_page *out, struct treadle_error *error)
{
    const struct record_key keys[] = {{"run", run_id}, {"project", project}};
    const struct record_query query = {.table = "run_steps",
                                       .index = "run_steps_run",
                                       .body_column = body_column(content),
                                       .keys = keys,
                                       .key_count = 2};
    return record_list(session, &query, request, arena, out, error);
}
