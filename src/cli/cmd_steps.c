/*
 * treadle steps: what a run did.
 */
#include <stddef.h>

#include "cli/cli.h"
#include "cli/json.h"
#include "cli/options.h"
#include "cli/session.h"
#include "cli/step_view.h"

struct steps_settings {
    struct session_options session;
    bool json;
};

static const struct option_row steps_rows[] = {
    {"json", 'j', OPTION_FLAG, NULL, offsetof(struct steps_settings, json), 0,
     "Print the list of steps as the protocol has it."},
    SESSION_PROJECT_ROW(steps_settings),
    SESSION_ROWS(steps_settings),
};

static const struct option_form steps_form = {
    .command = "steps",
    .usage = "RUN [OPTION]…",
    .doc = "Shows the steps of the run with that id: type, status, start, duration, tokens, and "
           "what each did.",
    .rows = steps_rows,
    .count = sizeof steps_rows / sizeof steps_rows[0],
};

static int show_steps(struct session *session, const char *run_id, bool as_json)
{
    struct treadle_run_response *run = NULL;
    struct treadle_error error = {0};
    json_t *list = NULL;
    int status = CLI_FAILED;
    if (treadle_run_find(&run, session_client(session), run_id, &error)) {
        session_complain(session, "the run cannot be found", &error);
    } else if (!run->run.thread_id) {
        cli_complain("the server does not say which thread the run is in");
    } else if (!as_json) {
        status = step_view_table(session, run->run.thread_id, run_id) ? CLI_FAILED : CLI_OK;
    } else if (!step_view_json(session, run->run.thread_id, run_id, &list)) {
        status = json_show(list);
        json_decref(list);
    }
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
