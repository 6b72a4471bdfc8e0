/*
 * Run steps as rows. A step has two printed forms, with the content of its search results and
 * without; `content` asks for the former.
 */
#ifndef STORE_RUN_STEP_RECORD_H
#define STORE_RUN_STEP_RECORD_H

#include <stdbool.h>

#include "base/arena.h"
#include "store/db.h"
#include "store/record_page.h"
#include "treadle/objects.h"

/* The step of that run, thread and project, as it was printed. TREADLE_ENOTFOUND. */
int run_step_record_body(struct db_session *session, const char *project, const char *thread_id,
                         const char *run_id, const char *id, bool content, struct arena *arena,
                         const char **out, struct treadle_error *error);

int run_step_record_page(struct db_session *session, const char *project, const char *run_id,
                         bool content, const struct record_page_request *request,
                         struct arena *arena, struct record_page *out, struct treadle_error *error);

/* ---- For the engine: steps of whatever project ---------------------------------------------- */

/* `body` is the step as it is printed without content. */
int run_step_record_insert(struct db_session *session, const char *project,
                           const struct treadle_run_step *step, const char *body,
                           struct treadle_error *error);

/* Writes both forms (`detail` may be NULL), the status, and the usage where the step has one. */
int run_step_record_save(struct db_session *session, const struct treadle_run_step *step,
                         const char *body, const char *detail, struct treadle_error *error);

/* As it was printed. TREADLE_ENOTFOUND. */
int run_step_record_text(struct db_session *session, const char *id, bool content,
                         struct arena *arena, const char **out, struct treadle_error *error);

/* The step of the run that is in progress; NULL when there is none. */
int run_step_record_open(struct db_session *session, const char *run_id, struct arena *arena,
                         const char **out, struct treadle_error *error);

/* What a step that waits for outputs has used so far, printed; NULL for nothing. */
int run_step_record_hold_usage(struct db_session *session, const char *id, const char *usage,
                               struct treadle_error *error);
int run_step_record_held_usage(struct db_session *session, const char *id, struct arena *arena,
                               const char **out, struct treadle_error *error);

/* What is needed to recall the step's searches. */
int run_step_record_set_recall(struct db_session *session, const char *id, const char *recall,
                               struct treadle_error *error);

/* The sums over the steps of a run. */
struct run_step_sums {
    int64_t prompt_tokens, completion_tokens;
    bool detailed; /* the next two are known */
    int64_t cached_tokens, reasoning_tokens;
};

int run_step_record_sums(struct db_session *session, const char *run_id, struct run_step_sums *out,
                         struct treadle_error *error);

/* `body` is the form with content, `recall` may be NULL; both are valid until it returns. A result
 * other than 0 ends the walk, and run_step_record_each_completed returns it. */
typedef int (*run_step_record_visit)(void *context, const char *body, size_t length,
                                     const char *recall, struct treadle_error *error);

/* Walks the first steps of the run that are completed. */
int run_step_record_each_completed(struct db_session *session, const char *run_id, size_t most,
                                   run_step_record_visit visit, void *context,
                                   struct treadle_error *error);

#endif
