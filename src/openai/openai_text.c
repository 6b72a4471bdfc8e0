/*
 * The text of an answer: one pass, which holds back what may still become a tag or a call.
 */
#include "openai/openai_text.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"

enum { LARGEST_HELD = 1 << 20 };

static const char open_tag[] = "<think>", close_tag[] = "</think>";

/* What begins a call, wherever it stands. */
static const char *const call_marks[] = {"<tool_call>", "[TOOL_CALLS]", "<|python_tag|>",
                                         "<function_call>"};

enum match { NO_MATCH, MATCH, MAYBE };

void openai_text_init(struct openai_text *text, const struct model_request *request, bool thinks)
{
    *text = (struct openai_text){.request = request, .unopened = thinks};
    buffer_init(&text->held, LARGEST_HELD);
}

void openai_text_clear(struct openai_text *text)
{
    buffer_clear(&text->held);
}

static enum match match(const char *at, size_t length, const char *mark)
{
    size_t size = strlen(mark);
    if (memcmp(at, mark, length < size ? length : size) != 0)
        return NO_MATCH;
    return length < size ? MAYBE : MATCH;
}

/* Tools may be called in text, unless the answer itself is to be JSON. */
static bool may_call(const struct openai_text *text)
{
    return text->request && text->request->tool_count && !text->request->response_format;
}

static enum match match_call(const struct openai_text *text, const char *at, size_t length)
{
    enum match best = NO_MATCH;
    for (size_t i = 0; may_call(text) && i < sizeof call_marks / sizeof call_marks[0]; i++) {
        enum match one = match(at, length, call_marks[i]);
        if (one == MATCH)
            return MATCH;
        best = one == MAYBE ? MAYBE : best;
    }
    return best;
}

/* What an answer begins with that may be nothing but a call. */
static enum match match_bare_call(const struct openai_text *text, const char *at, size_t length)
{
    static const char *const starts[] = {"{", "[{", "```json"};
    enum match best = NO_MATCH;
    for (size_t i = 0; may_call(text) && i < sizeof starts / sizeof starts[0]; i++) {
        enum match one = match(at, length, starts[i]);
        if (one == MATCH)
            return MATCH;
        best = one == MAYBE ? MAYBE : best;
    }
    return best;
}

static size_t blanks(const char *at, size_t length)
{
    size_t count = 0;
    while (count < length && strchr(" \t\r\n", at[count]) && at[count])
        count++;
    return count;
}

static void drop(struct openai_text *text, size_t length)
{
    memmove(text->held.data, text->held.data + length, text->held.length - length);
    text->held.length -= length;
}

static void pass(struct openai_text *text, size_t length, const struct openai_text_target *target)
{
    if (length)
        target->text(target->context, text->held.data, length);
    drop(text, length);
}

static const char *find(const struct openai_text *text, const char *tag)
{
    return memmem(text->held.data, text->held.length, tag, strlen(tag));
}

/* ---- The states: each gives true when the next one can look at what is held ------------------ */

static bool at_start(struct openai_text *text, bool last)
{
    if (text->trims)
        drop(text, blanks(text->held.data, text->held.length));
    size_t skipped = blanks(text->held.data, text->held.length);
    const char *at = text->held.data + skipped;
    size_t length = text->held.length - skipped;
    enum match tag = match(at, length, open_tag), call = match_call(text, at, length);
    if (call != MATCH && match_bare_call(text, at, length))
        call = match_bare_call(text, at, length);
    if ((!length || tag == MAYBE || call == MAYBE) && !last)
        return false;
    if (tag == MATCH) {
        drop(text, skipped + strlen(open_tag));
        text->state = OPENAI_TEXT_THINKING;
    } else if (text->unopened) {
        text->state = OPENAI_TEXT_UNOPENED;
    } else if (call == MATCH) {
        text->state = OPENAI_TEXT_CALL;
    } else {
        text->state = OPENAI_TEXT_ANSWER;
    }
    return true;
}

/* The answer starts after the reasoning. */
static void close_reasoning(struct openai_text *text, const char *end)
{
    size_t length = (size_t)(end - text->held.data);
    text->reasoning += length;
    drop(text, length + strlen(close_tag));
    text->trims = true;
    text->unopened = false;
    text->state = OPENAI_TEXT_START;
}

static bool in_reasoning(struct openai_text *text)
{
    const char *end = find(text, close_tag);
    if (end) {
        close_reasoning(text, end);
        return true;
    }
    size_t kept = strlen(close_tag) - 1;
    if (text->held.length > kept) {
        text->reasoning += text->held.length - kept;
        drop(text, text->held.length - kept);
    }
    return false;
}

static bool maybe_reasoning(struct openai_text *text, bool last)
{
    size_t from = text->searched < text->held.length ? text->searched : text->held.length;
    const char *end =
        memmem(text->held.data + from, text->held.length - from, close_tag, strlen(close_tag));
    if (text->held.length >= strlen(close_tag))
        text->searched = text->held.length - strlen(close_tag) + 1;
    if (end) {
        text->was_closed = true;
        close_reasoning(text, end);
    } else if (last) {
        text->unopened = false;
        text->state = OPENAI_TEXT_START;
    }
    return end || last;
}

static bool in_answer(struct openai_text *text, const struct openai_text_target *target, bool last)
{
    for (size_t i = 0; i < text->held.length; i++) {
        const char *at = text->held.data + i;
        size_t length = text->held.length - i;
        if (*at != '<' && *at != '[')
            continue;
        enum match opened = match(at, length, open_tag), closed = match(at, length, close_tag);
        enum match call = match_call(text, at, length);
        if (!opened && !closed && !call)
            continue;
        if (opened != MATCH && closed != MATCH && call != MATCH) {
            if (last)
                continue;
            pass(text, i, target);
            return false;
        }
        pass(text, i, target);
        if (call == MATCH) {
            text->state = OPENAI_TEXT_CALL;
            return true;
        }
        drop(text, strlen(closed == MATCH ? close_tag : open_tag));
        text->was_closed |= closed == MATCH;
        if (opened == MATCH) {
            text->state = OPENAI_TEXT_THINKING;
            return true;
        }
        i = SIZE_MAX; /* from the start of what is left */
    }
    pass(text, text->held.length, target);
    return false;
}

static void advance(struct openai_text *text, const struct openai_text_target *target, bool last)
{
    bool more = true;
    while (more && text->held.length) {
        switch (text->state) {
        case OPENAI_TEXT_START:
            more = at_start(text, last);
            break;
        case OPENAI_TEXT_UNOPENED:
            more = maybe_reasoning(text, last);
            break;
        case OPENAI_TEXT_THINKING:
            more = in_reasoning(text);
            break;
        case OPENAI_TEXT_ANSWER:
            more = in_answer(text, target, last);
            break;
        case OPENAI_TEXT_CALL:
            more = false;
        }
    }
}

int openai_text_feed(struct openai_text *text, const char *bytes, size_t length,
                     const struct openai_text_target *target)
{
    /* Most of it: text of an answer without anything that may be a tag. */
    if (text->state == OPENAI_TEXT_ANSWER && !text->held.length && !memchr(bytes, '<', length) &&
        !memchr(bytes, '[', length)) {
        target->text(target->context, bytes, length);
        return 0;
    }
    int rc = buffer_append(&text->held, bytes, length);
    if (!rc)
        advance(text, target, false);
    return rc;
}

/* ---- Calls ---------------------------------------------------------------------------------- */

static bool is_offered(const struct openai_text *text, const char *name)
{
    for (size_t i = 0; name && i < text->request->tool_count; i++)
        if (text_equal(text->request->tools[i].name, name))
            return true;
    return false;
}

/* A call as {"name", "arguments"} or {"name", "parameters"}, also below "function"; calls in a
 * list, or below "tool_calls". Counts those of tools that are offered. */
static int take_calls(const struct openai_text *text, const json_t *value,
                      const struct openai_text_target *target, size_t *count)
{
    int rc = 0;
    const json_t *list = json_is_array(value) ? value : json_object_get(value, "tool_calls");
    for (size_t i = 0; !rc && i < json_array_size(list); i++)
        rc = take_calls(text, json_array_get(list, i), target, count);
    const json_t *inner = json_object_get(value, "function");
    const json_t *call = json_is_object(inner) ? inner : value;
    const char *name = json_string_value(json_object_get(call, "name"));
    if (rc || !is_offered(text, name))
        return rc;
    const json_t *arguments = json_object_get(call, "arguments");
    if (!arguments)
        arguments = json_object_get(call, "parameters");
    ++*count;
    return target->call ? target->call(target->context, name, arguments) : 0;
}

/* Every JSON value that stands in what is held. */
static int take_values(struct openai_text *text, const struct openai_text_target *target,
                       size_t *count)
{
    const char *end = text->held.data + text->held.length;
    int rc = 0;
    for (const char *at = text->held.data; at < end && !rc; at++) {
        json_error_t where;
        if (*at != '{' && !(*at == '[' && at + 1 < end && at[1] != 'T'))
            continue;
        json_t *value = json_loadb(at, (size_t)(end - at), JSON_DISABLE_EOF_CHECK, &where);
        if (!value)
            continue;
        rc = take_calls(text, value, target, count);
        json_decref(value);
        at += where.position > 0 ? where.position - 1 : 0;
    }
    return rc;
}

int openai_text_finish(struct openai_text *text, const struct openai_text_target *target)
{
    size_t calls = 0;
    advance(text, target, true);
    int rc = text->state == OPENAI_TEXT_CALL ? take_values(text, target, &calls) : 0;
    if (text->state == OPENAI_TEXT_THINKING)
        text->reasoning += text->held.length;
    else if (!rc && !calls && text->held.length)
        target->text(target->context, text->held.data, text->held.length);
    buffer_reset(&text->held);
    return rc;
}
