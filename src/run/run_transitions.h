/*
 * The transitions of runs and steps, as tables: what may follow what, and which event reports it.
 */
#ifndef RUN_TRANSITIONS_H
#define RUN_TRANSITIONS_H

#include <stdbool.h>

#include "treadle/objects.h"

bool run_may_become(enum treadle_run_status from, enum treadle_run_status to);
bool step_may_become(enum treadle_run_step_status from, enum treadle_run_step_status to);

/* The event that reports that a status was reached; 0 where the event of the object's creation has
 * reported it. */
enum treadle_event_type run_event_of(enum treadle_run_status status);
enum treadle_event_type step_event_of(enum treadle_run_step_status status);
enum treadle_event_type message_event_of(enum treadle_message_status status);

/* Nothing follows these. */
bool run_is_final(enum treadle_run_status status);

#endif
