/*
 * Forgetting a message: its pieces, citations and earlier states are taken out of its run's log,
 * line by line (run_log.c says what a line is). Numbers of other events stay.
 */
#include <string.h>

#include "base/error.h"
#include "run/run_log.h"
#include "store/run_event_record.h"

enum { LARGEST_ROW = 64 << 20 };

/* Points to the word after some others of a line; its end where there are fewer. */
static const char *skip_words(const char *line, const char *end, int words)
{
    for (; words > 0 && line < end; words--) {
        const char *space = memchr(line, ' ', (size_t)(end - line));
        line = space ? space + 1 : end;
    }
    return line;
}

static bool begins(const char *text, const char *end, const char *word)
{
    size_t length = strlen(word);
    return (size_t)(end - text) >= length && memcmp(text, word, length) == 0;
}

/* A step that names its message has the id, too, and stays. */
static bool is_of_message(const char *line, const char *end, const char *id)
{
    if (line[0] == 'P')
        return begins(skip_words(line, end, 3), end, id);
    return begins(skip_words(line, end, 2), end, "thread.message.") &&
           memmem(line, (size_t)(end - line), id, strlen(id));
}

static void keep_others(const char *body, const char *id, struct buffer *out)
{
    buffer_append(out, "", 0);
    while (*body) {
        const char *end = body + strcspn(body, "\n");
        const char *next = end + (*end != '\0');
        if (!is_of_message(body, end, id))
            buffer_append(out, body, (size_t)(next - body));
        body = next;
    }
}

int run_log_forget_message(struct db_session *session, const char *run_id, const char *message_id,
                           struct treadle_error *error)
{
    struct buffer rest;
    int64_t first = 0;
    int rc;
    buffer_init(&rest, LARGEST_ROW);
    for (;;) {
        const char *body = NULL;
        rc = run_event_record_next_with(session, run_id, message_id, &first, &body, error);
        if (rc || !body)
            break;
        buffer_reset(&rest);
        keep_others(body, message_id, &rest);
        rc = rest.failed ? error_set_memory(error)
                         : run_event_record_rewrite(session, run_id, first, rest.data, error);
        if (rc)
            break;
    }
    buffer_clear(&rest);
    return rc;
}
