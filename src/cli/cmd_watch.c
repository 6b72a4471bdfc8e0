/*
 * treadle watch: follows a run. A stream ends where the run waits for outputs; then the run is
 * followed further, from after the last event, until it has ended.
 */
#include <stddef.h>
#include <string.h>

#include "api/json.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/event_view.h"
#include "cli/json.h"
#include "cli/options.h"
#include "cli/session.h"
#include "cli/source_view.h"

struct watch_settings {
    struct session_options session;
    int64_t after;
    bool json;
};

static const struct option_row watch_rows[] = {
    {"after", 0, OPTION_NUMBER, "NUMBER", offsetof(struct watch_settings, after), INT64_MAX,
     "Begin after the event of that number. Default: at the first."},
    {"json", 'j', OPTION_FLAG, NULL, offsetof(struct watch_settings, json), 0,
     "Print a JSON object on each line, with number, event and data."},
    SESSION_PROJECT_ROW(watch_settings),
    SESSION_ROWS(watch_settings),
};

static const struct option_form watch_form = {
    .command = "watch",
    .usage = "RUN [OPTION]…",
    .doc =
        "Shows live what the run with that id does, from its beginning to its end: states, steps, "
        "calls\nwith their arguments, text, sources, tokens. The run continues when this is "
        "interrupted.\nThe exit status is 0 when the run completed, 1 when it ended otherwise.",
    .rows = watch_rows,
    .count = sizeof watch_rows / sizeof watch_rows[0],
};

struct watch {
    struct session *session;
    const char *thread_id, *run_id;
    bool json;
    int64_t number; /* of the last event */
    enum treadle_run_status status;
    bool has_failed;
    struct event_view view;
};

static bool is_final(enum treadle_run_status status)
{
    return status == TREADLE_RUN_COMPLETED || status == TREADLE_RUN_FAILED ||
           status == TREADLE_RUN_CANCELLED || status == TREADLE_RUN_EXPIRED ||
           status == TREADLE_RUN_INCOMPLETE;
}

/* ---- Events --------------------------------------------------------------------------------- */

static int show_json(const struct treadle_event *event)
{
    json_t *data = NULL;
    json_read(event->data, event->data_length, JSON_READ_STRICT, &data, NULL);
    json_t *number = event->number ? json_integer(event->number) : json_null();
    json_t *line =
        json_pack("{s:o, s:s, s:o?}", "number", number, "event", event->name, "data", data);
    int status = json_show_line(line);
    json_decref(line);
    return status;
}

/* Not 0 when there is no use in continuing. */
static int take_event(struct watch *watch, const struct treadle_event *event)
{
    int status = CLI_OK;
    if (event->number)
        watch->number = event->number;
    if (event->run)
        watch->status = event->run->status;
    if (watch->json)
        status = show_json(event);
    else
        event_view_print(&watch->view, event);
    if (event->error) {
        watch->has_failed = true;
        event_view_break(&watch->view);
        cli_complain("the server ends the stream: %s", event->error->message);
    }
    return fflush(stdout) ? CLI_FAILED : status;
}

/* Reads one stream to its end. Not 0 when there is no use in another. */
static int read_stream(struct watch *watch)
{
    struct treadle_stream *stream = NULL;
    struct treadle_event event;
    struct treadle_error error = {0};
    int status = CLI_OK;
    int rc = treadle_run_events(&stream, session_client(watch->session), watch->thread_id,
                                watch->run_id, watch->number, NULL, &error);
    while (!rc && !status && (rc = treadle_stream_next(stream, &event, &error)) > 0) {
        status = take_event(watch, &event);
        rc = 0;
    }
    if (rc < 0) {
        event_view_break(&watch->view);
        session_complain(watch->session, "the run cannot be followed", &error);
        status = CLI_FAILED;
    }
    treadle_stream_free(stream);
    return status;
}

/* A stream without an end may have begun after the run's end. */
static int look_again(struct watch *watch)
{
    struct treadle_run_response *reply = NULL;
    struct treadle_error error = {0};
    int status = CLI_OK;
    if (treadle_run_find(&reply, session_client(watch->session), watch->run_id, &error)) {
        session_complain(watch->session, "the run cannot be found", &error);
        status = CLI_FAILED;
    } else if (!is_final(reply->run.status)) {
        cli_complain("the server ended the stream before the run");
        status = CLI_FAILED;
    } else {
        watch->status = reply->run.status;
        if (!watch->json)
            event_view_run(&watch->view, &reply->run);
    }
    treadle_run_response_free(reply);
    return status;
}

static int follow(struct watch *watch)
{
    int status = CLI_OK;
    while (!status && !watch->has_failed && !is_final(watch->status)) {
        int64_t before = watch->number;
        status = read_stream(watch);
        if (!status && !watch->has_failed && !is_final(watch->status) &&
            (watch->number == before || watch->status != TREADLE_RUN_REQUIRES_ACTION))
            status = look_again(watch);
    }
    event_view_break(&watch->view);
    if (!watch->json)
        source_view_print(watch->session, &watch->view.answer);
    return status || watch->status == TREADLE_RUN_COMPLETED ? status : CLI_FAILED;
}

/* ---- The command ---------------------------------------------------------------------------- */

static int watch_run(struct session *session, const char *run_id,
                     const struct watch_settings *settings)
{
    struct watch watch = {
        .session = session, .run_id = run_id, .json = settings->json, .number = settings->after};
    struct treadle_run_response *run = NULL;
    struct treadle_error error = {0};
    int status = CLI_FAILED;
    session_settle(session);
    event_view_init(&watch.view, cli_screen().color);
    if (treadle_run_find(&run, session_client(session), run_id, &error)) {
        session_complain(session, "the run cannot be found", &error);
    } else if (!run->run.thread_id) {
        cli_complain("the server does not say to which thread the run belongs");
    } else {
        watch.thread_id = run->run.thread_id;
        status = follow(&watch);
    }
    event_view_free(&watch.view);
    treadle_run_response_free(run);
    return status;
}

int cmd_watch(int argc, char **argv)
{
    struct watch_settings settings = {.json = false};
    struct options options;
    struct session *session = NULL;
    int status = options_parse(&watch_form, argc, argv, &settings, &options);
    if (status >= 0)
        return status;
    if (options.operand_count != 1 || !options.operands[0][0]) {
        status = options_usage("watch", "name one run, as run_…");
    } else if (session_open(&session, &settings.session)) {
        status = CLI_FAILED;
    } else {
        status = cli_finish(watch_run(session, options.operands[0], &settings));
        session_close(session);
    }
    options_free(&options);
    return status;
}
