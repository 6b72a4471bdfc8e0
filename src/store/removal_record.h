/*
 * Removals: things outside of the database that are to be removed, because their row was deleted. A
 * removal is noted in the transaction that deletes the row, and its note is deleted once the thing
 * is gone, so a kill in between leaves nothing unknown.
 */
#ifndef STORE_REMOVAL_RECORD_H
#define STORE_REMOVAL_RECORD_H

#include "base/arena.h"
#include "store/db.h"

enum removal_kind {
    REMOVAL_CONTENTS = 1, /* the blob `id` */
    REMOVAL_INDEX,        /* the index of the vector store `id` */
    REMOVAL_TEXT          /* the text of `file` in the index of the vector store `id` */
};

struct removal {
    int64_t seq;
    enum removal_kind kind;
    const char *id;
    const char *file; /* NULL except for a text */
};

int removal_record_add(struct db_session *session, enum removal_kind kind, const char *id,
                       const char *file, struct treadle_error *error);

/* The oldest after `seq`, `most` of them at most, in the arena. */
int removal_record_list(struct db_session *session, int64_t seq, size_t most, struct arena *arena,
                        struct removal **out, size_t *count, struct treadle_error *error);

int removal_record_forget(struct db_session *session, int64_t seq, struct treadle_error *error);

#endif
