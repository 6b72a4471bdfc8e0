/*
 * An inbox: carries what a model says from the model's thread to the execution. Texts that follow
 * each other in one part become one entry, so a slow execution finds few and long entries.
 * Everything is bounded; more than that is an error of the answer.
 */
#ifndef ENGINE_INBOX_H
#define ENGINE_INBOX_H

#include <pthread.h>

#include "base/buffer.h"
#include "model/model.h"

enum inbox_kind { INBOX_TEXT, INBOX_REFUSAL, INBOX_CALL };

struct inbox_entry {
    enum inbox_kind kind;
    size_t index;         /* of a call */
    size_t name;          /* where the name of a call is in the bytes; SIZE_MAX: none came */
    size_t start, length; /* of the text or the arguments in the bytes */
};

/* What came since the last look. */
struct inbox_batch {
    struct inbox_entry *entries;
    size_t count, room;
    struct buffer bytes;
};

struct inbox {
    pthread_mutex_t mutex; /* guards what follows */
    struct inbox_batch batch;
    size_t total; /* bytes of the answer so far */
    int overflow; /* why nothing is added any more: TREADLE_ELIMIT or TREADLE_EMEMORY */
    bool done;
    struct model_outcome outcome;
    struct treadle_error error;
    int64_t first_at; /* when the first piece came, by clock_monotonic_us; 0: not yet */
    /* Called after each group of pieces that came together, and at the end, on the model's
     * thread. */
    void (*wake)(void *owner);
    void (*pin)(void *owner, bool pinned); /* keeps the owner while it is woken for the last time */
    void *owner;
};

void inbox_init(struct inbox *inbox, void (*wake)(void *owner),
                void (*pin)(void *owner, bool pinned), void *owner);
void inbox_clear(struct inbox *inbox);

/* Makes it ready for the next answer, which goes to the sink. */
void inbox_open(struct inbox *inbox);
struct model_sink inbox_sink(struct inbox *inbox);

/* Replaces the batch with what came. True when the answer is over and nothing comes after it. */
bool inbox_take(struct inbox *inbox, struct inbox_batch *batch);

/* What there is, without taking it. */
struct inbox_state {
    bool calls, done, failed;
    size_t bytes;
};
struct inbox_state inbox_look(struct inbox *inbox);

/* Not 0 when more came than an answer may have, or than fitted into memory: nothing is added any
 * more then. inbox_error makes the error of that value, and returns it. */
int inbox_overflows(struct inbox *inbox);
int inbox_error(int overflow, struct treadle_error *error);

void inbox_batch_clear(struct inbox_batch *batch);

#endif
