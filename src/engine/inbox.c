/*
 * Inboxes.
 */
#include "engine/inbox.h"

#include <stdlib.h>
#include <string.h>

#include "api/error.h"
#include "base/array.h"
#include "base/clock.h"
#include "base/error.h"

enum { LARGEST_ANSWER = 4 << 20, MOST_ENTRIES = 1 << 20 };

void inbox_init(struct inbox *inbox, void (*wake)(void *owner),
                void (*pin)(void *owner, bool pinned), void *owner)
{
    *inbox = (struct inbox){.wake = wake, .pin = pin, .owner = owner};
    pthread_mutex_init(&inbox->mutex, NULL);
    buffer_init(&inbox->batch.bytes, LARGEST_ANSWER + 4096);
}

void inbox_batch_clear(struct inbox_batch *batch)
{
    free(batch->entries);
    buffer_clear(&batch->bytes);
    batch->entries = NULL;
    batch->count = batch->room = 0;
}

void inbox_clear(struct inbox *inbox)
{
    inbox_batch_clear(&inbox->batch);
    pthread_mutex_destroy(&inbox->mutex);
}

/* Under the lock. */
static int add_entry(struct inbox_batch *batch, struct inbox_entry entry)
{
    if (batch->count >= MOST_ENTRIES)
        return TREADLE_ELIMIT;
    struct inbox_entry *entries =
        array_grow(batch->entries, batch->count, &batch->room, sizeof *entries);
    if (!entries)
        return TREADLE_EMEMORY;
    batch->entries = entries;
    batch->entries[batch->count++] = entry;
    return 0;
}

/* Appends to the last entry where it is of the same kind, else makes one. The bytes are stored
 * first, so no entry ever names bytes that are not there. Under the lock. */
static int add(struct inbox *inbox, enum inbox_kind kind, size_t index, const char *name,
               const char *text, size_t length)
{
    struct inbox_batch *batch = &inbox->batch;
    struct inbox_entry *last = batch->count ? &batch->entries[batch->count - 1] : NULL;
    bool joins = last && last->kind == kind && last->index == index && !name;
    size_t name_at = name ? batch->bytes.length : SIZE_MAX;
    inbox->total += length + (name ? strlen(name) : 0);
    if (inbox->total > LARGEST_ANSWER)
        return TREADLE_ELIMIT;
    if (!inbox->first_at)
        inbox->first_at = clock_monotonic_us();
    int rc = name ? buffer_append(&batch->bytes, name, strlen(name) + 1) : 0;
    size_t start = batch->bytes.length;
    if (!rc)
        rc = buffer_append(&batch->bytes, text, length);
    if (rc)
        return rc;
    if (joins) {
        last->length += length;
        return 0;
    }
    return add_entry(batch, (struct inbox_entry){kind, index, name_at, start, length});
}

static void take_in(struct inbox *inbox, enum inbox_kind kind, size_t index, const char *name,
                    const char *text, size_t length)
{
    pthread_mutex_lock(&inbox->mutex);
    if (!inbox->overflow)
        inbox->overflow = add(inbox, kind, index, name, text, length);
    pthread_mutex_unlock(&inbox->mutex);
}

static void on_flush(void *context)
{
    struct inbox *inbox = context;
    inbox->wake(inbox->owner);
}

static void on_text(void *context, const char *text, size_t length)
{
    take_in(context, INBOX_TEXT, 0, NULL, text, length);
}

static void on_refusal(void *context, const char *text, size_t length)
{
    take_in(context, INBOX_REFUSAL, 0, NULL, text, length);
}

static void on_call(void *context, size_t index, const char *id, const char *name,
                    const char *arguments, size_t length)
{
    (void)id;
    take_in(context, INBOX_CALL, index, name, arguments, length);
}

int inbox_error(int overflow, struct treadle_error *error)
{
    if (overflow == TREADLE_EMEMORY)
        return error_set_memory(error);
    return overflow ? error_set(error, overflow, ERROR_ANSWER_TOO_LARGE) : 0;
}

static void on_done(void *context, const struct model_outcome *outcome)
{
    struct inbox *inbox = context;
    /* Once the owner has seen `done` it waits for the pin alone. */
    void (*wake)(void *) = inbox->wake;
    void (*pin)(void *, bool) = inbox->pin;
    void *owner = inbox->owner;
    pin(owner, true);
    pthread_mutex_lock(&inbox->mutex);
    inbox->outcome = *outcome;
    if (outcome->error)
        inbox->error = *outcome->error;
    else
        inbox_error(inbox->overflow, &inbox->error);
    if (outcome->error || inbox->overflow)
        inbox->outcome.error = &inbox->error;
    inbox->done = true;
    pthread_mutex_unlock(&inbox->mutex);
    wake(owner);
    pin(owner, false);
}

void inbox_open(struct inbox *inbox)
{
    pthread_mutex_lock(&inbox->mutex);
    inbox->done = false;
    inbox->overflow = 0;
    inbox->total = 0;
    inbox->first_at = 0;
    pthread_mutex_unlock(&inbox->mutex);
}

struct model_sink inbox_sink(struct inbox *inbox)
{
    return (struct model_sink){.context = inbox,
                               .text = on_text,
                               .refusal = on_refusal,
                               .tool_call = on_call,
                               .flush = on_flush,
                               .done = on_done};
}

bool inbox_take(struct inbox *inbox, struct inbox_batch *batch)
{
    pthread_mutex_lock(&inbox->mutex);
    struct inbox_batch empty = *batch;
    *batch = inbox->batch;
    inbox->batch = empty;
    inbox->batch.count = 0;
    buffer_reset(&inbox->batch.bytes);
    bool done = inbox->done;
    pthread_mutex_unlock(&inbox->mutex);
    return done;
}

struct inbox_state inbox_look(struct inbox *inbox)
{
    pthread_mutex_lock(&inbox->mutex);
    struct inbox_state state = {.done = inbox->done,
                                .failed = inbox->done && inbox->outcome.error,
                                .bytes = inbox->batch.bytes.length};
    for (size_t i = 0; i < inbox->batch.count && !state.calls; i++)
        state.calls = inbox->batch.entries[i].kind == INBOX_CALL;
    pthread_mutex_unlock(&inbox->mutex);
    return state;
}

int inbox_overflows(struct inbox *inbox)
{
    pthread_mutex_lock(&inbox->mutex);
    int overflow = inbox->overflow;
    pthread_mutex_unlock(&inbox->mutex);
    return overflow;
}
