/*
 * The events of a run, told to people as they come.
 *
 * What changes is a line each: the run, its steps, its calls. The text of messages flows between
 * them, with its citations numbered.
 */
#ifndef CLI_EVENT_VIEW_H
#define CLI_EVENT_VIEW_H

#include "cli/answer.h"
#include "treadle/stream.h"

struct event_view {
    bool color;
    struct answer answer; /* its sources are those of all messages */
    /* The view's own: */
    enum { EVENT_LINE, EVENT_TEXT, EVENT_CALL } at; /* where the last print left off */
    int64_t call;                                   /* whose arguments stand there */
    enum treadle_run_status run_status;             /* told last */
    enum treadle_run_step_status step_status;
    char step[128];
};

void event_view_init(struct event_view *view, bool color);
void event_view_free(struct event_view *view);

/* Prints what the event tells, on stdout. */
void event_view_print(struct event_view *view, const struct treadle_event *event);

/* Prints how a run stands. */
void event_view_run(struct event_view *view, const struct treadle_run *run);

/* Ends a line that is not at its end. */
void event_view_break(struct event_view *view);

#endif
