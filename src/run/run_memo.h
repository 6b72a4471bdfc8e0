/*
 * A memo: the run, step and message that an execution works on, beside their printed form. Where
 * the database still has that form, the object need not be parsed again, which was half of the cost
 * of a transition; where others have changed it, the forms differ.
 */
#ifndef RUN_MEMO_H
#define RUN_MEMO_H

#include "api/field.h"
#include "base/arena.h"

enum { RUN_MEMO_KINDS = 3 };

struct run_memo {
    struct arena *arena; /* of what it holds */
    struct {
        const struct treadle_type *type;
        const char *body;
        void *object;
    } items[RUN_MEMO_KINDS]; /* one a type */
};

/* Notes an object, in place of the one of its type that was noted before. Accepts NULL, and notes
 * nothing when memory runs out. */
void run_memo_put(struct run_memo *memo, const struct treadle_type *type, const void *object,
                  const char *body);

/* Copies the object to `out` where its printed form is this one; what it points to lives as long as
 * the memo's arena and must not be changed. Accepts NULL. */
bool run_memo_get(const struct run_memo *memo, const struct treadle_type *type, const char *body,
                  void *out);

#endif
