/*
 * What was published of a message or of calls, and is not in the database yet: what run_end.c keeps
 * of them when they end before they are complete. May be used by the files of run_state.h alone.
 */
#ifndef RUN_PUBLISHED_H
#define RUN_PUBLISHED_H

#include "run/run_change.h"

/* Sets the content of a message to what was published of it, where a live run has that. */
int run_published_content(struct run_change *change, struct treadle_message *message,
                          struct treadle_error *error);

/* The same of the calls of a step. */
int run_published_calls(struct run_change *change, struct treadle_run_step *step,
                        struct treadle_error *error);

/* Publishes an empty piece of a message that has none: some clients read a message from its pieces
 * only. */
int run_publish_empty(struct run_change *change, struct treadle_message *message,
                      struct treadle_error *error);

/* Publishes what the content of a message has and the log does not, after the process that wrote it
 * has crashed: its last pieces are lost otherwise. */
int run_publish_rest(struct run_change *change, struct treadle_message *message,
                     struct treadle_error *error);

#endif
