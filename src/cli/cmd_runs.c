/*
 * treadle runs: lists runs, newest first.
 */
#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "base/text.h"
#include "cli/cli.h"
#include "cli/json.h"
#include "cli/options.h"
#include "cli/session.h"
#include "cli/show.h"
#include "cli/table.h"

enum { PAGE = 100, DEFAULT_LIMIT = 20, LARGEST_LIMIT = 100000 };

struct runs_settings {
    struct session_options session;
    int64_t limit;
    const char *status;
    const char *thread;
    bool json;
};

static const struct option_row runs_rows[] = {
    {"limit", 'n', OPTION_COUNT, "NUMBER", offsetof(struct runs_settings, limit), LARGEST_LIMIT,
     "How many runs to list. Default: 20."},
    {"status", 0, OPTION_TEXT, "STATUS", offsetof(struct runs_settings, status), 0,
     "Only runs of that status, such as completed or failed."},
    {"thread", 't', OPTION_TEXT, "ID", offsetof(struct runs_settings, thread), 0,
     "Only runs of that thread."},
    {"json", 'j', OPTION_FLAG, NULL, offsetof(struct runs_settings, json), 0,
     "Print the list of runs as JSON, as the protocol has it."},
    SESSION_PROJECT_ROW(runs_settings),
    SESSION_ROWS(runs_settings),
};

static const struct option_form runs_form = {
    .command = "runs",
    .usage = "[OPTION]…",
    .doc = "Lists runs, newest first.",
    .rows = runs_rows,
    .count = sizeof runs_rows / sizeof runs_rows[0],
};

static const struct table_column columns[] = {
    {.title = "RUN"},
    {.title = "STATUS", .status = true},
    {.title = "CREATED"},
    {.title = "DURATION", .right = true},
    {.title = "MODEL", .least = 8, .spare = true},
    {.title = "THREAD", .least = 10, .spare = true},
    {.title = "TOKENS", .right = true},
};

/* ---- Rows ----------------------------------------------------------------------------------- */

static int64_t ended_at(const struct treadle_run *run)
{
    const struct treadle_integer *ends[] = {&run->completed_at, &run->failed_at,
                                            &run->cancelled_at};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
        if (ends[i]->state == TREADLE_SET)
            return ends[i]->value;
    return -1;
}

static const char *or_dash(const char *text)
{
    return text ? text : "-";
}

static int add_run(struct table *table, const struct treadle_run *run)
{
    char created[32], duration[32], tokens[24] = "-";
    int64_t end = ended_at(run);
    show_time(created, sizeof created, run->created_at);
    show_duration(duration, sizeof duration, end < 0 ? -1 : end - run->created_at);
    if (run->usage)
        snprintf(tokens, sizeof tokens, "%" PRId64, run->usage->total_tokens);
    const char *cells[] = {run->id,
                           or_dash(treadle_run_status_name(run->status)),
                           created,
                           duration,
                           or_dash(run->model),
                           or_dash(run->thread_id),
                           tokens};
    return table_add(table, cells);
}

/* ---- Pages ---------------------------------------------------------------------------------- */

struct reading {
    struct session *session;
    const struct runs_settings *settings;
    enum treadle_run_status status; /* 0: any */
    size_t taken;
    struct table *table; /* one of the two */
    json_t *list;
};

/* The list of one thread's runs has no filter by status, so they are filtered here. */
static int take_page(struct reading *reading, const struct treadle_run_page_response *reply)
{
    json_t *whole = reading->list ? json_of(&reply->base) : NULL;
    json_t *data = json_object_get(whole, "data");
    int rc = reading->list && !whole ? TREADLE_EMEMORY : 0;
    for (size_t i = 0; i < reply->page.data_count && !rc; i++) {
        const struct treadle_run *run = &reply->page.data[i];
        if ((reading->status && run->status != reading->status) ||
            (int64_t)reading->taken == reading->settings->limit)
            continue;
        reading->taken++;
        rc = reading->list ? json_list_append(reading->list, json_incref(json_array_get(data, i)))
                           : add_run(reading->table, run);
    }
    if (reading->list)
        json_object_set_new(reading->list, "has_more", json_boolean(reply->page.has_more));
    json_decref(whole);
    if (rc)
        cli_complain("out of memory");
    return rc;
}

static int read_page(struct reading *reading, const char *after,
                     struct treadle_run_page_response **out)
{
    const struct runs_settings *settings = reading->settings;
    struct treadle_client *client = session_client(reading->session);
    struct treadle_list_options options = TREADLE_LIST_OPTIONS_INIT;
    struct treadle_error error = {0};
    int64_t left = settings->limit - (int64_t)reading->taken;
    options.limit = left < PAGE && !(reading->status && settings->thread) ? (int)left : PAGE;
    options.order = TREADLE_ORDER_DESCENDING;
    options.after = after[0] ? after : NULL;
    int rc;
    if (settings->thread) {
        rc = treadle_run_list(out, client, settings->thread, &options, &error);
    } else {
        options.status = reading->status;
        rc = treadle_run_list_all(out, client, &options, &error);
    }
    if (rc)
        session_complain(reading->session, "the runs cannot be listed", &error);
    return rc;
}

static int read_pages(struct reading *reading)
{
    char after[128] = "";
    bool more = true;
    int rc = 0;
    while (more && !rc) {
        struct treadle_run_page_response *reply = NULL;
        rc = read_page(reading, after, &reply);
        if (!rc)
            rc = take_page(reading, reply);
        more = !rc && reply->page.has_more && reply->page.last_id && reply->page.data_count &&
               (int64_t)reading->taken < reading->settings->limit;
        if (more)
            snprintf(after, sizeof after, "%s", reply->page.last_id);
        treadle_run_page_response_free(reply);
    }
    return rc;
}

/* ---- The command ---------------------------------------------------------------------------- */

static int parse_status(const char *name, enum treadle_run_status *out)
{
    for (int status = TREADLE_RUN_QUEUED; name && status <= TREADLE_RUN_EXPIRED; status++) {
        if (text_equal(treadle_run_status_name((enum treadle_run_status)status), name)) {
            *out = (enum treadle_run_status)status;
            return -1;
        }
    }
    return name ? options_usage("runs", "'%s' is not a status of a run", name) : -1;
}

static int show_runs(struct session *session, const struct runs_settings *settings,
                     enum treadle_run_status wanted)
{
    struct reading reading = {.session = session, .settings = settings, .status = wanted};
    struct cli_screen screen = cli_screen();
    int status = CLI_FAILED;
    if (settings->json)
        reading.list = json_list();
    else
        reading.table = table_new(columns, sizeof columns / sizeof columns[0]);
    if (!reading.list && !reading.table)
        cli_complain("out of memory");
    else if (!read_pages(&reading))
        status = CLI_OK;
    if (status == CLI_OK && reading.list)
        status = json_show(reading.list);
    else if (status == CLI_OK)
        table_print(reading.table, stdout, (size_t)screen.width, screen.color);
    json_decref(reading.list);
    table_free(reading.table);
    return status;
}

int cmd_runs(int argc, char **argv)
{
    struct runs_settings settings = {.limit = DEFAULT_LIMIT};
    struct options options;
    struct session *session = NULL;
    enum treadle_run_status wanted = 0;
    int status = options_parse(&runs_form, argc, argv, &settings, &options);
    if (status >= 0)
        return status;
    if (options.operand_count)
        status = options_usage("runs", "'%s' is one argument too many", options.operands[0]);
    else
        status = parse_status(settings.status, &wanted);
    if (status < 0 && session_open(&session, &settings.session))
        status = CLI_FAILED;
    if (status < 0)
        status = cli_finish(show_runs(session, &settings, wanted));
    session_close(session);
    options_free(&options);
    return status;
}
