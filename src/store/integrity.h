/*
 * Integrity: rows whose owner is gone, and owners that refer to missing rows. Each rule reads a
 * whole table, or writes it. Rows that are still being removed with their owner (remains_record.h)
 * break no rule.
 */
#ifndef STORE_INTEGRITY_H
#define STORE_INTEGRITY_H

#include "base/arena.h"
#include "store/db.h"

enum { INTEGRITY_MOST_IDS = 1000 };

/* The findings of a rule, at most this many. */
struct integrity_broken {
    const char *ids[INTEGRITY_MOST_IDS];
    size_t count;
};

/* Rules are numbered from 0. Repairs are to be made in that order. */
size_t integrity_rules(void);

/* What is wrong with a row that breaks the rule, as a sentence. */
const char *integrity_problem(size_t rule);

int integrity_find(struct db_session *session, size_t rule, struct arena *arena,
                   struct integrity_broken *out, struct treadle_error *error);

/* Repairs all rows. */
int integrity_mend(struct db_session *session, size_t rule, struct treadle_error *error);

#endif
