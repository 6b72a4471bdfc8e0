/*
 * Run steps as rows: what handlers ask for. `content` asks for the form that has the content of
 * search results.
 */
#ifndef STORE_RUN_STEP_RECORD_H
#define STORE_RUN_STEP_RECORD_H

#include <stdbool.h>

#include "base/arena.h"
#include "store/db.h"
#include "store/record_page.h"

/* The step of that run, thread and project, as it was printed. TREADLE_ENOTFOUND. */
int run_step_record_body(struct db_session *session, const char *project, const char *thread_id,
                         const char *run_id, const char *id, bool content, struct arena *arena,
                         const char **out, struct treadle_error *error);

int run_step_record_page(struct db_session *session, const char *project, const char *run_id,
                         bool content, const struct record_page_request *request,
                         struct arena *arena, struct record_page *out, struct treadle_error *error);

#endif
