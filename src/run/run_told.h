/*
 * What was told of a message or of calls, and is not in the database yet: what run_end.c keeps of
 * it when they end before they are whole.
 *
 * May be used by the files of run_state.h alone.
 */
#ifndef RUN_TOLD_H
#define RUN_TOLD_H

#include "run/run_change.h"

/* Puts what was told of a message into it, where a live run knows that. */
int run_told_content(struct run_change *change, struct treadle_message *message,
                     struct treadle_error *error);

/* The same of the calls of a step. */
int run_told_calls(struct run_change *change, struct treadle_run_step *step,
                   struct treadle_error *error);

/* Some clients take a message only from its pieces: gives one that has none an empty one. */
int run_told_nothing(struct run_change *change, struct treadle_message *message,
                     struct treadle_error *error);

/* Tells of a message that a process has left what its content has and the log does not: the pieces
 * of a message that broke off are lost but for that. */
int run_told_remains(struct run_change *change, struct treadle_message *message,
                     struct treadle_error *error);

#endif
