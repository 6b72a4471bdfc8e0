/*
 * Tokens: finds the text of an event by its key instead of parsing JSON, which is sound for tokens,
 * since no character of them is ever escaped: anything else does not compare equal.
 */
#include "tokens.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

enum { LARGEST = 16 << 20 };

/* The string that follows the first `key` in `data`; NULL when there is none. */
static const char *find_text(const char *data, const char *key, size_t *length)
{
    const char *found = strstr(data, key);
    if (!found)
        return NULL;
    found += strlen(key);
    *length = strcspn(found, "\"");
    return found;
}

static void take_token(struct tokens *tokens, const char *text, int64_t now)
{
    unsigned number;
    int64_t due, late;
    if (sscanf(text, "%u@%" SCNd64 "+%" SCNd64, &number, &due, &late) != 3 ||
        number != tokens->next) {
        tokens->wrong = true;
        return;
    }
    tokens->next++;
    if (now - due > tokens->latest)
        tokens->latest = now - due;
    if (now - due - late > tokens->held)
        tokens->held = now - due - late;
}

/* A piece may hold several tokens, or end within one. */
static void take_text(struct tokens *tokens, const char *text, size_t length)
{
    int64_t now = clock_monotonic_us();
    if (!length)
        return;
    if (!tokens->first)
        tokens->first = now;
    buffer_append(&tokens->text, text, length);
    for (char *space; tokens->read < tokens->text.length &&
                      (space = strchr(tokens->text.data + tokens->read, ' '));) {
        take_token(tokens, tokens->text.data + tokens->read, now);
        tokens->read = (size_t)(space - tokens->text.data) + 1;
    }
}

static void take_event(struct tokens *tokens, const char *name, const char *data)
{
    const char *text = NULL;
    size_t size = 0;
    tokens->events++;
    if (strcmp(data, "[DONE]") == 0)
        tokens->end = true;
    else if (!*name && (text = find_text(data, "\"content\":\"", &size)))
        take_text(tokens, text, size);
    else if (strcmp(name, "thread.message.delta") == 0 &&
             (text = find_text(data, "\"value\":\"", &size)))
        take_text(tokens, text, size);
    else if (strcmp(name, "thread.run.completed") == 0)
        tokens->run = true;
    else if (strcmp(name, "thread.message.completed") == 0) {
        text = find_text(data, "\"value\":\"", &size);
        tokens->message = text && size == tokens->text.length &&
                          (!size || memcmp(text, tokens->text.data, size) == 0);
        tokens->wrong |= !tokens->message;
    }
}

void tokens_init(struct tokens *tokens, unsigned expected)
{
    *tokens = (struct tokens){.expected = expected};
    sse_init(&tokens->sse, LARGEST);
    buffer_init(&tokens->text, LARGEST);
}

void tokens_feed(struct tokens *tokens, const char *bytes, size_t length)
{
    int rc;
    while ((rc = sse_read(&tokens->sse, &bytes, &length)) > 0)
        take_event(tokens, tokens->sse.name, tokens->sse.data.data ? tokens->sse.data.data : "");
    if (rc < 0)
        tokens->wrong = true;
}

bool tokens_are_whole(const struct tokens *tokens, bool of_run)
{
    return !tokens->wrong && tokens->end && tokens->next == tokens->expected &&
           tokens->read == tokens->text.length && (!of_run || (tokens->message && tokens->run));
}

void tokens_clear(struct tokens *tokens)
{
    sse_clear(&tokens->sse);
    buffer_clear(&tokens->text);
}
