/*
 * The events of a run, shown to people as they come. Each change of the run, its steps and its
 * calls is a line. The text of messages flows between them, with its citations numbered.
 */
#ifndef CLI_EVENT_VIEW_H
#define CLI_EVENT_VIEW_H

#include "cli/answer.h"
#include "treadle/stream.h"

struct event_view {
    bool color;
    struct answer answer; /* its sources are those of all messages */
    /* The view's own: */
    enum { EVENT_LINE, EVENT_TEXT, EVENT_CALL } at; /* where the last print ended */
    int64_t call;                                   /* whose arguments were printed there */
    enum treadle_run_status run_status;             /* shown last */
    enum treadle_run_step_status step_status;
    char step[128];
};

void event_view_init(struct event_view *view, bool color);
void event_view_free(struct event_view *view);

/* Prints the event on stdout. */
void event_view_print(struct event_view *view, const struct treadle_event *event);

/* Prints the state of a run. */
void event_view_run(struct event_view *view, const struct treadle_run *run);

/* Ends a line that is not at its end. */
void event_view_break(struct event_view *view);

#endif
