/*
 * Engine: executes runs.
 *
 * Runs wait in the database (status queued); a few workers take the oldest, one at a time each,
 * and carry it through: the model is asked, the tools that it calls are run and recorded as
 * steps, and the model is asked again, until it answers with a message or something fails. So
 * nothing that waits is lost when the process ends.
 */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include "base/log.h"
#include "model/model.h"
#include "search/search.h"
#include "store/db.h"

struct engine;

struct engine_options {
    struct db *db;
    struct search *search;
    struct model *model; /* answers whatever model a run names */
    size_t workers;      /* 0: 4 */
    struct log *log;
};

/* Fails what an earlier process left at work, and starts on what is queued. */
int engine_open(struct engine **out, const struct engine_options *options,
                struct treadle_error *error);

/* Says that a run was queued. Never blocks for long. */
void engine_wake(struct engine *engine);

/* Says that a run was ended by somebody else: whoever executes it may stop. Never blocks for long.
 */
void engine_interrupt(struct engine *engine, const char *run_id);

/* Takes up no more runs: what is queued stays so. Accepts NULL. */
void engine_drain(struct engine *engine);

/* The same; then lets runs under way end for at most that long before they are told to give up,
 * ends the workers, frees. Accepts NULL. */
void engine_close(struct engine *engine, unsigned grace_seconds);

#endif
