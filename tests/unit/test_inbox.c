/*
 * The inbox of a run: what a model says comes out whole and in order, and where memory runs out it
 * names no byte that it does not hold, and the answer ends with the true reason.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "engine/inbox.h"
#include "failing_memory.h"

enum { PIECES = 400 };

static void wake(void *owner)
{
    (void)owner;
}

static void pin(void *owner, bool pinned)
{
    (void)owner, (void)pinned;
}

/* Every entry lies within the bytes, and so does the name of a call. */
static void assert_within(const struct inbox_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        const struct inbox_entry *entry = &batch->entries[i];
        assert_true(entry->start <= batch->bytes.length);
        assert_true(entry->length <= batch->bytes.length - entry->start);
        if (entry->name != SIZE_MAX)
            assert_true(entry->name < batch->bytes.length);
    }
}

/* Texts and calls in turn, so that both the entries and the bytes grow. */
static void say(struct model_sink sink)
{
    for (size_t i = 0; i < PIECES; i++) {
        sink.text(sink.context, "some text ", 10);
        sink.tool_call(sink.context, i, "call", "note", "{\"text\":\"abc\"}", 14);
    }
    sink.done(sink.context, &(struct model_outcome){.error = NULL});
}

static int hear(void *argument)
{
    struct inbox inbox;
    struct inbox_batch batch = {0};
    (void)argument;
    inbox_init(&inbox, wake, pin, NULL);
    buffer_init(&batch.bytes, inbox.batch.bytes.cap);
    inbox_open(&inbox);
    say(inbox_sink(&inbox));
    assert_true(inbox_take(&inbox, &batch));
    assert_within(&batch);
    int rc = inbox.outcome.error ? inbox.outcome.error->code : 0;
    if (!rc) {
        assert_int_equal(batch.count, 2 * PIECES);
        assert_string_equal(batch.bytes.data + batch.entries[1].name, "note");
    }
    inbox_batch_clear(&batch);
    inbox_clear(&inbox);
    return rc == TREADLE_ELIMIT ? 1 : rc; /* nothing here is too large */
}

static void wants_memory(void **state)
{
    (void)state;
    assert_int_equal(memory_exhaust("inbox", hear, NULL, NULL), 0);
    assert_false(memory_leaks());
}

/* An answer beyond the limit is refused for its size, and what came before stays. */
static void too_large(void **state)
{
    static char text[1 << 20];
    struct inbox inbox;
    struct inbox_batch batch = {0};
    (void)state;
    memset(text, 'a', sizeof text);
    inbox_init(&inbox, wake, pin, NULL);
    buffer_init(&batch.bytes, inbox.batch.bytes.cap);
    inbox_open(&inbox);
    struct model_sink sink = inbox_sink(&inbox);
    for (int i = 0; i < 6; i++)
        sink.text(sink.context, text, sizeof text);
    sink.done(sink.context, &(struct model_outcome){.error = NULL});
    assert_true(inbox_overflows(&inbox));
    assert_true(inbox_take(&inbox, &batch));
    assert_within(&batch);
    assert_int_equal(batch.entries[0].length, 4 << 20);
    assert_int_equal(inbox.outcome.error->code, TREADLE_ELIMIT);
    inbox_batch_clear(&batch);
    inbox_clear(&inbox);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wants_memory),
        cmocka_unit_test(too_large),
    };
    memory_prepare();
    return cmocka_run_group_tests_name("inbox", tests, NULL, NULL);
}
