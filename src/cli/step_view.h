/*
 * The steps of a run, as a table or as JSON.
 */
#ifndef CLI_STEP_VIEW_H
#define CLI_STEP_VIEW_H

#include <jansson.h>

#include "base/buffer.h"
#include "cli/session.h"

/* Prints the steps as a table: id, type, status, started, duration, tokens, what it did. Prints an
 * error and returns a negative code on failure. */
int step_view_table(struct session *session, const char *thread_id, const char *run_id);

/* The steps as one list object. Prints an error and returns a negative code on failure. */
int step_view_json(struct session *session, const char *thread_id, const char *run_id,
                   json_t **out);

/* Appends a few words about what calls of tools did. */
void step_view_describe_calls(struct buffer *out, const struct treadle_step_details *details,
                              bool in_progress);

#endif
