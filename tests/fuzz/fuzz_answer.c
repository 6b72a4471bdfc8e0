/*
 * Fuzzing what a model server says: the first byte says into what pieces the rest is parted. The
 * reader must not crash, must keep the sink's contract (texts without NUL, calls numbered without
 * gaps, a name with the first piece alone), and must hand on the same whatever the pieces are.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "openai/openai_server.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

struct seen {
    struct buffer text, arguments;
    size_t calls;
};

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void take_text(void *context, const char *text, size_t length)
{
    require(length > 0 && !memchr(text, '\0', length));
    buffer_append(&((struct seen *)context)->text, text, length);
}

static void take_call(void *context, size_t index, const char *id, const char *name,
                      const char *arguments, size_t length)
{
    struct seen *seen = context;
    require(index <= seen->calls && arguments);
    require((index == seen->calls) == (id && name));
    seen->calls += index == seen->calls;
    buffer_append(&seen->arguments, arguments, length);
}

static int answer(const char *bytes, size_t length, size_t step, struct seen *seen)
{
    struct openai_answer *answer = NULL;
    struct treadle_error error;
    const struct model_sink sink = {.context = seen, .text = take_text, .tool_call = take_call};
    buffer_init(&seen->text, 1 << 20);
    buffer_init(&seen->arguments, 1 << 20);
    require(openai_answer_new(&answer, &sink, "secret") == 0);
    int rc = 0;
    for (size_t at = 0; !rc && at < length; at += step) {
        size_t size = length - at < step ? length - at : step;
        rc = openai_answer_feed(answer, bytes + at, size, &error);
    }
    if (!rc)
        rc = openai_answer_finish(answer, &error);
    if (rc)
        require(error.message[0] && !strstr(error.message, "secret"));
    require(openai_answer_restart(answer) == !(seen->text.length || seen->calls));
    openai_answer_free(answer);
    return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    struct seen whole = {.calls = 0}, parted = {.calls = 0};
    if (!length)
        return 0;
    const char *text = (const char *)bytes + 1;
    int first = answer(text, length - 1, length, &whole);
    int second = answer(text, length - 1, bytes[0] % 13u + 1, &parted);
    require(first == second && whole.calls == parted.calls);
    require(whole.text.length == parted.text.length);
    require(!whole.text.length ||
            memcmp(whole.text.data, parted.text.data, whole.text.length) == 0);
    require(whole.arguments.length == parted.arguments.length);
    buffer_clear(&whole.text);
    buffer_clear(&whole.arguments);
    buffer_clear(&parted.text);
    buffer_clear(&parted.arguments);
    return 0;
}
