/*
 * Places: where objects stood in their lists, kept for a day after they were deleted.
 *
 * A client that deletes while it lists asks for the page after an object that it has just deleted.
 * Nothing of the object is kept but its id and its place.
 */
#ifndef STORE_PLACE_RECORD_H
#define STORE_PLACE_RECORD_H

#include "store/record.h"

enum { PLACE_SECONDS = 24 * 3600 };

/* To be called before the row with that id is deleted, within the same transaction. `scope` names
 * the list where an id may stand in several (a file of vector stores), else NULL. */
int place_record_keep(struct db_session *session, const char *table, const char *scope,
                      const char *id, struct treadle_error *error);

/* The place of a deleted object of the query's list: 1, or 0 where none is known. */
int place_record_find(struct db_session *session, const struct record_query *query, const char *id,
                      int64_t *out, struct treadle_error *error);

/* Whether the oldest place was kept before that time. */
int place_record_due(struct db_session *session, int64_t before, bool *out,
                     struct treadle_error *error);

/* Forgets some of those that were kept before that time, the oldest first. */
int place_record_sweep(struct db_session *session, int64_t before, struct treadle_error *error);

#endif
