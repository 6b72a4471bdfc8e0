/*
 * The transitions of runs and steps, as tables: what may follow what, and which event tells of it.
 */
#ifndef RUN_TRANSITIONS_H
#define RUN_TRANSITIONS_H

#include <stdbool.h>

#include "treadle/objects.h"

bool run_may_become(enum treadle_run_status from, enum treadle_run_status to);
bool step_may_become(enum treadle_run_step_status from, enum treadle_run_step_status to);

/* The event that tells that a status was reached; 0 where none does, since the making of the object
 * told of it. */
enum treadle_event_type run_event_of(enum treadle_run_status status);
enum treadle_event_type step_event_of(enum treadle_run_step_status status);
enum treadle_event_type message_event_of(enum treadle_message_status status);

/* Nothing follows these. */
bool run_is_final(enum treadle_run_status status);

#endif
