/*
 * treadle steps: what a run did.
 */
#include <stddef.h>
#include <stdio.h>

#include "cli/cli.h"
#include "cli/json.h"
#include "cli/options.h"
#include "cli/session.h"
#include "cli/show.h"
#include "cli/step_view.h"

struct steps_settings {
    struct session_options session;
    bool json;
};

static const struct option_row steps_rows[] = {
    {"json", 'j', OPTION_FLAG, NULL, offsetof(struct steps_settings, json), 0,
     "Print the list of steps as JSON, as the protocol has it, with the run's times."},
    SESSION_PROJECT_ROW(steps_settings),
    SESSION_ROWS(steps_settings),
};

static const struct option_form steps_form = {
    .command = "steps",
    .usage = "RUN [OPTION]…",
    .doc = "Shows the steps of the run with that id: type, status, start, duration, tokens, and "
           "what each did;\nthen what the run spent its time on.",
    .rows = steps_rows,
    .count = sizeof steps_rows / sizeof steps_rows[0],
};

/* ---- Times ---------------------------------------------------------------------------------- */

static void print_times(const struct treadle_run_times *times)
{
    char queue[32], model[32], tools[32], first[32];
    show_span(queue, sizeof queue, times->queue_us);
    show_span(model, sizeof model, times->model_us);
    show_span(tools, sizeof tools, times->tool_us);
    printf("\nQueued %s, model %s, tools %s", queue, model, tools);
    if (times->first_us.state == TREADLE_SET) {
        show_span(first, sizeof first, times->first_us.value);
        printf("; the first word came after %s", first);
    }
    printf(".\n");
}

/* Under the table, or into the list. A server that has no times answers 404. */
static int add_times(struct session *session, const char *run_id, json_t *list)
{
    struct treadle_run_times_response *reply = NULL;
    struct treadle_error error = {0};
    int rc = treadle_run_times(&reply, session_client(session), run_id, &error);
    if (rc && error.http_status == 404)
        rc = 0;
    else if (rc)
        session_complain(session, "the run's times cannot be read", &error);
    else if (!list)
        print_times(&reply->times);
    else if (json_object_set_new(list, "times", json_of(&reply->base)))
        rc = TREADLE_EMEMORY;
    treadle_run_times_response_free(reply);
    return rc;
}

/* ---- The command ---------------------------------------------------------------------------- */

static int show_list(struct session *session, const struct treadle_run *run)
{
    json_t *list = NULL;
    int status = CLI_FAILED;
    if (step_view_json(session, run->thread_id, run->id, &list))
        return CLI_FAILED;
    if (!add_times(session, run->id, list))
        status = json_show(list);
    json_decref(list);
    return status;
}

static int show_table(struct session *session, const struct treadle_run *run)
{
    if (step_view_table(session, run->thread_id, run->id) || add_times(session, run->id, NULL))
        return CLI_FAILED;
    return CLI_OK;
}

static int show_steps(struct session *session, const char *run_id, bool as_json)
{
    struct treadle_run_response *run = NULL;
    struct treadle_error error = {0};
    int status = CLI_FAILED;
    if (treadle_run_find(&run, session_client(session), run_id, &error))
        session_complain(session, "the run cannot be found", &error);
    else if (!run->run.thread_id)
        cli_complain("the server does not say to which thread the run belongs");
    else
        status = as_json ? show_list(session, &run->run) : show_table(session, &run->run);
    treadle_run_response_free(run);
    return status;
}

int cmd_steps(int argc, char **argv)
{
    struct steps_settings settings = {.json = false};
    struct options options;
    struct session *session = NULL;
    int status = options_parse(&steps_form, argc, argv, &settings, &options);
    if (status >= 0)
        return status;
    if (options.operand_count != 1 || !options.operands[0][0]) {
        status = options_usage("steps", "name one run, as run_…");
    } else if (session_open(&session, &settings.session)) {
        status = CLI_FAILED;
    } else {
        status = cli_finish(show_steps(session, options.operands[0], settings.json));
        session_close(session);
    }
    options_free(&options);
    return status;
}
