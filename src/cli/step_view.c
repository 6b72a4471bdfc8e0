/*
 * The steps of a run: all pages are read, oldest first, and each step is described in a few words.
 */
#include "cli/step_view.h"

#include <inttypes.h>
#include <string.h>

#include "base/buffer.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/json.h"
#include "cli/show.h"
#include "cli/table.h"
#include "tool/tool.h"

enum { PAGE = 100, DESCRIPTION_LIMIT = 4096 };

static const struct table_column columns[] = {
    {.title = "STEP"},
    {.title = "TYPE", .least = 10},
    {.title = "STATUS", .status = true},
    {.title = "STARTED", .spare = true},
    {.title = "DURATION", .right = true},
    {.title = "TOKENS", .right = true},
    {.title = "WHAT IT DID", .least = 48, .below = true},
};

/* ---- What a step did ------------------------------------------------------------------------ */

void step_view_describe_calls(struct buffer *out, const struct treadle_step_details *details,
                              bool in_progress)
{
    if (!details->tool_call_count)
        buffer_append_string(out, "calls tools");
    for (size_t i = 0; i < details->tool_call_count; i++) {
        const struct treadle_tool_call *call = &details->tool_calls[i];
        buffer_append_string(out, i ? "; " : "");
        const struct tool_kind *kind = tool_kind_find(tool_kinds, call->type);
        if (kind)
            kind->describe(call, in_progress, out);
        else
            buffer_append_string(out, "a tool that this version does not know");
    }
}

static void describe_message(struct session *session, struct buffer *out,
                             const struct treadle_run_step *step)
{
    const struct treadle_message_creation *creation = step->step_details->message_creation;
    struct treadle_message_response *reply = NULL;
    if (!creation || !creation->message_id)
        return;
    buffer_append_format(out, "%s %s",
                         step->status == TREADLE_STEP_IN_PROGRESS ? "writes" : "wrote",
                         creation->message_id);
    /* A message may have been deleted since: then only its id is shown. */
    if (step->thread_id && !treadle_message_retrieve(&reply, session_client(session),
                                                     step->thread_id, creation->message_id, NULL)) {
        size_t characters = 0, citations = 0;
        for (size_t i = 0; i < reply->message.content_count; i++) {
            const struct treadle_text *text = reply->message.content[i].text;
            if (!text || !text->value)
                continue;
            characters += text_characters(text->value, strlen(text->value));
            citations += text->annotation_count;
        }
        buffer_append_format(out, ": %zu characters, %zu citation%s", characters, citations,
                             citations == 1 ? "" : "s");
    }
    treadle_message_response_free(reply);
}

static void describe_step(struct session *session, struct buffer *out,
                          const struct treadle_run_step *step)
{
    if (step->step_details && step->step_details->type == TREADLE_STEP_TOOL_CALLS)
        step_view_describe_calls(out, step->step_details, step->status == TREADLE_STEP_IN_PROGRESS);
    else if (step->step_details && step->step_details->type == TREADLE_STEP_MESSAGE_CREATION)
        describe_message(session, out, step);
    if (step->last_error && step->last_error->message)
        buffer_append_format(out, " (%s)", step->last_error->message);
}

/* ---- The table ------------------------------------------------------------------------------ */

static int64_t ended_at(const struct treadle_run_step *step)
{
    const struct treadle_integer *ends[] = {&step->completed_at, &step->failed_at,
                                            &step->cancelled_at, &step->expired_at};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
        if (ends[i]->state == TREADLE_SET)
            return ends[i]->value;
    return -1;
}

static const char *or_dash(const char *text)
{
    return text ? text : "-";
}

static int add_step(struct session *session, struct table *table,
                    const struct treadle_run_step *step)
{
    char started[32], duration[32], tokens[24] = "-";
    struct buffer text;
    int64_t end = ended_at(step);
    show_clock(started, sizeof started, step->created_at);
    show_duration(duration, sizeof duration, end < 0 ? -1 : end - step->created_at);
    if (step->usage)
        snprintf(tokens, sizeof tokens, "%" PRId64, step->usage->total_tokens);
    buffer_init(&text, DESCRIPTION_LIMIT);
    describe_step(session, &text, step);
    const char *cells[] = {step->id,
                           or_dash(treadle_run_step_type_name(step->type)),
                           or_dash(treadle_run_step_status_name(step->status)),
                           started,
                           duration,
                           tokens,
                           text.data ? text.data : ""};
    int rc = table_add(table, cells);
    buffer_clear(&text);
    return rc;
}

/* ---- Pages ---------------------------------------------------------------------------------- */

struct taker {
    struct session *session;
    struct table *table; /* one of the two */
    json_t *list;
};

static int take_page(const struct taker *taker, const struct treadle_run_step_page_response *reply)
{
    if (taker->list)
        return json_list_add(taker->list, &reply->base, SIZE_MAX);
    int rc = 0;
    for (size_t i = 0; i < reply->page.data_count && !rc; i++)
        rc = add_step(taker->session, taker->table, &reply->page.data[i]);
    return rc;
}

static int read_pages(const struct taker *taker, const char *thread_id, const char *run_id)
{
    struct treadle_list_options options = TREADLE_LIST_OPTIONS_INIT;
    struct treadle_error error = {0};
    char after[128] = "";
    bool more = true;
    int rc = 0;
    options.limit = PAGE;
    options.order = TREADLE_ORDER_ASCENDING;
    while (more && !rc) {
        struct treadle_run_step_page_response *reply = NULL;
        options.after = after[0] ? after : NULL;
        rc = treadle_run_step_list(&reply, session_client(taker->session), thread_id, run_id,
                                   &options, &error);
        if (rc) {
            session_complain(taker->session, "the steps cannot be listed", &error);
        } else {
            rc = take_page(taker, reply);
            if (rc)
                cli_complain("out of memory");
            more = reply->page.has_more && reply->page.data_count && reply->page.last_id;
            if (more)
                snprintf(after, sizeof after, "%s", reply->page.last_id);
        }
        treadle_run_step_page_response_free(reply);
    }
    return rc;
}

int step_view_table(struct session *session, const char *thread_id, const char *run_id)
{
    struct taker taker = {.session = session,
                          .table = table_new(columns, sizeof columns / sizeof columns[0])};
    if (!taker.table) {
        cli_complain("out of memory");
        return TREADLE_EMEMORY;
    }
    int rc = read_pages(&taker, thread_id, run_id);
    struct cli_screen screen = cli_screen();
    if (!rc)
        table_print(taker.table, stdout, (size_t)screen.width, screen.color);
    table_free(taker.table);
    return rc;
}

int step_view_json(struct session *session, const char *thread_id, const char *run_id, json_t **out)
{
    struct taker taker = {.session = session, .list = json_list()};
    if (!taker.list) {
        cli_complain("out of memory");
        return TREADLE_EMEMORY;
    }
    int rc = read_pages(&taker, thread_id, run_id);
    if (rc)
        json_decref(taker.list);
    else
        *out = taker.list;
    return rc;
}
