/*
 * The log of a run as rows: one for each transaction, with its events (run/run_log.h).
 */
#ifndef STORE_RUN_EVENT_RECORD_H
#define STORE_RUN_EVENT_RECORD_H

#include "store/db.h"

/* `first` and `last` are the numbers of the events. */
int run_event_record_insert(struct db_session *session, const char *run_id, int64_t first,
                            int64_t last, const char *body, struct treadle_error *error);

/* The number of the run's last event, 0 when it has none. */
int run_event_record_last(struct db_session *session, const char *run_id, int64_t *out,
                          struct treadle_error *error);

/* A result other than 0 ends the walk, and run_event_record_each returns it. */
typedef int (*run_event_record_visit)(void *context, const char *body, struct treadle_error *error);

/* Walks the rows that have an event after `after`, in order. */
int run_event_record_each(struct db_session *session, const char *run_id, int64_t after,
                          run_event_record_visit visit, void *context, struct treadle_error *error);

/* The row after that of the event `*first` whose body has the text: its first event, and its body,
 * which is valid until the next statement. NULL when there is none. */
int run_event_record_next_with(struct db_session *session, const char *run_id, const char *text,
                               int64_t *first, const char **body, struct treadle_error *error);
int run_event_record_rewrite(struct db_session *session, const char *run_id, int64_t first,
                             const char *body, struct treadle_error *error);

#endif
