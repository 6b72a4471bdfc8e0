/*
 * Inboxes.
 */
#include "engine/inbox.h"

#include <stdlib.h>
#include <string.h>

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

/* A new entry, NULL when there is no room. Under the lock. */
static struct inbox_entry *add_entry(struct inbox *inbox)
{
    struct inbox_batch *batch = &inbox->batch;
    if (batch->count == batch->room) {
        size_t room = batch->room ? batch->room * 2 : 8;
        struct inbox_entry *entries =
            room <= MOST_ENTRIES ? realloc(batch->entries, room * sizeof *entries) : NULL;
        if (!entries)
            return NULL;
        batch->entries = entries;
        batch->room = room;
    }
    return &batch->entries[batch->count++];
}

static bool fits(struct inbox *inbox, size_t length)
{
    inbox->total += length;
    return inbox->total <= LARGEST_ANSWER;
}

/* Appends to the last entry where it is of the same kind, else makes one. Under the lock. */
static bool add(struct inbox *inbox, enum inbox_kind kind, size_t index, const char *name,
                const char *text, size_t length)
{
    struct inbox_batch *batch = &inbox->batch;
    struct inbox_entry *last = batch->count ? &batch->entries[batch->count - 1] : NULL;
    size_t name_at = SIZE_MAX;
    if (!fits(inbox, length + (name ? strlen(name) : 0)))
        return false;
    if (!inbox->first_at)
        inbox->first_at = clock_monotonic_us();
    if (last && last->kind == kind && last->index == index && !name) {
        last->length += length;
        return buffer_append(&batch->bytes, text, length) == 0;
    }
    if (name) {
        name_at = batch->bytes.length;
        if (buffer_append(&batch->bytes, name, strlen(name) + 1))
            return false;
    }
    struct inbox_entry *entry = add_entry(inbox);
    if (!entry)
        return false;
    *entry = (struct inbox_entry){kind, index, name_at, batch->bytes.length, length};
    return buffer_append(&batch->bytes, text, length) == 0;
}

static void take_in(struct inbox *inbox, enum inbox_kind kind, size_t index, const char *name,
                    const char *text, size_t length)
{
    pthread_mutex_lock(&inbox->mutex);
    inbox->overflow = inbox->overflow || !add(inbox, kind, index, name, text, length);
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

static void on_done(void *context, const struct model_outcome *outcome)
{
    struct inbox *inbox = context;
    /* Once the owner has seen `done` it waits for nothing but the pin. */
    void (*wake)(void *) = inbox->wake;
    void (*pin)(void *, bool) = inbox->pin;
    void *owner = inbox->owner;
    pin(owner, true);
    pthread_mutex_lock(&inbox->mutex);
    inbox->outcome = *outcome;
    if (outcome->error)
        inbox->error = *outcome->error;
    else if (inbox->overflow)
        error_set(&inbox->error, TREADLE_ELIMIT, "The model's answer is too large.");
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
    inbox->done = inbox->overflow = false;
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

bool inbox_overflows(struct inbox *inbox)
{
    pthread_mutex_lock(&inbox->mutex);
    bool overflow = inbox->overflow;
    pthread_mutex_unlock(&inbox->mutex);
    return overflow;
}
