/*
 * The run of ask. For each model one assistant is kept and used again: it is recognised by its
 * metadata.
 */
#include "cli/ask_run.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli/answer.h"
#include "cli/ask_store.h"
#include "cli/cli.h"
#include "cli/json.h"
#include "cli/source_view.h"
#include "cli/step_view.h"
#include "treadle/stream.h"

/* A server inside another command that does not answer again soon has ended with it. */
enum { PAGE = 100, PAGES = 10, REATTACH_SECONDS = 2 };

static struct treadle_client *client_of(const struct ask_run *ask)
{
    return session_client(ask->session);
}

/* ---- Model ---------------------------------------------------------------------------------- */

/* A list says only by the name what a model is for. */
static bool may_answer(const struct treadle_model *model)
{
    static const char *const others[] = {"embed", "rerank", "whisper", "tts"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (strcasestr(model->id, others[i]))
            return false;
    return !text_equal(model->owned_by, "treadle");
}

/* The name is in the reply, which the caller frees. */
static const char *choose_model(const struct ask_run *ask,
                                struct treadle_model_list_response **reply)
{
    struct treadle_error error = {0};
    if (ask->model)
        return ask->model;
    if (treadle_model_list(reply, client_of(ask), &error) == 0)
        for (size_t i = 0; i < (*reply)->list.data_count; i++)
            if ((*reply)->list.data[i].id && may_answer(&(*reply)->list.data[i]))
                return (*reply)->list.data[i].id;
    return "treadle-extractive";
}

/* ---- Assistant ------------------------------------------------------------------------------ */

static bool is_ours(const struct treadle_assistant *assistant, const char *model)
{
    const struct treadle_map *metadata = assistant->metadata;
    for (size_t i = 0; metadata && i < metadata->count; i++)
        if (text_equal(metadata->pairs[i].key, "treadle") &&
            text_equal(metadata->pairs[i].value, "ask"))
            return text_equal(assistant->model, model);
    return false;
}

static int create_assistant(const struct ask_run *ask, char out[ASK_ID_SIZE])
{
    struct treadle_pair pair = {"treadle", "ask"};
    struct treadle_map metadata = {1, &pair};
    struct treadle_tool tool = {.type = TREADLE_TOOL_FILE_SEARCH};
    struct treadle_assistant_create_request request = {.model = ask->model,
                                                       .name = "treadle ask",
                                                       .tools = &tool,
                                                       .tool_count = 1,
                                                       .metadata = &metadata};
    struct treadle_assistant_response *reply = NULL;
    struct treadle_error error = {0};
    int rc = treadle_assistant_create(&reply, client_of(ask), &request, &error);
    if (rc)
        session_complain(ask->session, "the assistant cannot be made", &error);
    else
        snprintf(out, ASK_ID_SIZE, "%s", reply->assistant.id);
    treadle_assistant_response_free(reply);
    return rc;
}

static int get_assistant(const struct ask_run *ask, char out[ASK_ID_SIZE])
{
    struct treadle_list_options options = TREADLE_LIST_OPTIONS_INIT;
    struct treadle_error error = {0};
    char after[ASK_ID_SIZE] = "";
    bool more = true;
    options.limit = PAGE;
    for (int page = 0; more && !out[0] && page < PAGES; page++) {
        struct treadle_assistant_page_response *reply = NULL;
        options.after = page ? after : NULL;
        int rc = treadle_assistant_list(&reply, client_of(ask), &options, &error);
        if (rc) {
            session_complain(ask->session, "the assistants cannot be listed", &error);
            treadle_assistant_page_response_free(reply);
            return rc;
        }
        for (size_t i = 0; i < reply->page.data_count && !out[0]; i++)
            if (is_ours(&reply->page.data[i], ask->model))
                snprintf(out, ASK_ID_SIZE, "%s", reply->page.data[i].id);
        more = reply->page.has_more && reply->page.last_id;
        snprintf(after, sizeof after, "%s", more ? reply->page.last_id : "");
        treadle_assistant_page_response_free(reply);
    }
    return out[0] ? 0 : create_assistant(ask, out);
}

/* ---- Thread and message --------------------------------------------------------------------- */

static int get_thread(const struct ask_run *ask, char out[ASK_ID_SIZE])
{
    const char *stores[] = {ask->store};
    struct treadle_file_search_resources search = {.vector_store_ids = stores,
                                                   .vector_store_id_count = 1};
    struct treadle_tool_resources resources = {.file_search = &search};
    struct treadle_thread_response *reply = NULL;
    struct treadle_error error = {0};
    int rc;
    if (ask->thread && !ask->store) {
        rc = treadle_thread_retrieve(&reply, client_of(ask), ask->thread, &error);
    } else if (ask->thread) {
        struct treadle_thread_modify_request request = {.tool_resources = &resources};
        rc = treadle_thread_modify(&reply, client_of(ask), ask->thread, &request, &error);
    } else {
        struct treadle_thread_create_request request = {.tool_resources = &resources};
        rc = treadle_thread_create(&reply, client_of(ask), &request, &error);
    }
    if (rc)
        session_complain(ask->session,
                         ask->thread ? "the thread cannot be used" : "no thread can be made",
                         &error);
    else
        snprintf(out, ASK_ID_SIZE, "%s", reply->thread.id);
    treadle_thread_response_free(reply);
    return rc;
}

static int add_question(const struct ask_run *ask, const char *thread)
{
    struct treadle_message_content content = {.text = ask->question};
    struct treadle_message_create_request request = {.role = TREADLE_ROLE_USER,
                                                     .content = &content};
    struct treadle_error error = {0};
    int rc = treadle_message_create(NULL, client_of(ask), thread, &request, &error);
    if (rc)
        session_complain(ask->session, "the question is not accepted", &error);
    return rc;
}

/* ---- Run ------------------------------------------------------------------------------------ */

/* Prints the text as it comes, up to the end of the run, whose id goes to `run`. */
static int read_live(const struct ask_run *ask, struct treadle_stream *stream,
                     struct answer *answer, char run[ASK_ID_SIZE], struct treadle_error *error)
{
    struct treadle_event event;
    int rc;
    while ((rc = treadle_stream_next(stream, &event, error)) > 0) {
        if (event.run)
            snprintf(run, ASK_ID_SIZE, "%s", event.run->id);
        if (!event.message_delta)
            continue;
        answer_add_piece(answer, event.message_delta);
        session_settle(ask->session);
        fputs(answer->text.data ? answer->text.data : "", stdout);
        fflush(stdout);
        buffer_reset(&answer->text);
    }
    return rc;
}

static int start_live(const struct ask_run *ask, const char *thread,
                      const struct treadle_run_create_request *request, struct answer *answer,
                      char run[ASK_ID_SIZE], struct treadle_error *error)
{
    struct treadle_stream_options options = TREADLE_STREAM_OPTIONS_INIT;
    struct treadle_stream *stream = NULL;
    options.reattach_seconds = REATTACH_SECONDS;
    int rc = treadle_run_create_stream(&stream, client_of(ask), thread, request, &options, error);
    if (!rc)
        rc = read_live(ask, stream, answer, run, error);
    treadle_stream_free(stream);
    if (answer->message[0])
        putchar('\n');
    return rc;
}

static int start_quietly(const struct ask_run *ask, const char *thread,
                         const struct treadle_run_create_request *request, char run[ASK_ID_SIZE],
                         struct treadle_error *error)
{
    struct treadle_run_response *started = NULL;
    int rc = treadle_run_create(&started, client_of(ask), thread, request, error);
    if (!rc)
        snprintf(run, ASK_ID_SIZE, "%s", started->run.id);
    treadle_run_response_free(started);
    return rc;
}

static int run_to_end(const struct ask_run *ask, const char *assistant, const char *thread,
                      struct answer *answer, struct treadle_run_response **out)
{
    const struct treadle_run_create_request request = {.assistant_id = assistant,
                                                       .model = ask->model};
    struct treadle_error error = {0};
    char run[ASK_ID_SIZE] = "";
    int rc = ask->live ? start_live(ask, thread, &request, answer, run, &error)
                       : start_quietly(ask, thread, &request, run, &error);
    if (!rc)
        rc = treadle_run_wait(out, client_of(ask), thread, run, &error);
    if (rc) {
        session_complain(ask->session, "the question cannot be run", &error);
        treadle_run_response_free(*out);
        *out = NULL;
    }
    return rc;
}

static void complain_of_run(const struct treadle_run *run)
{
    const char *status = treadle_run_status_name(run->status);
    if (run->last_error && run->last_error->message)
        cli_complain("the run %s ended as %s: %s", run->id, status ? status : "unknown",
                     run->last_error->message);
    else
        cli_complain("the run %s ended as %s%s%s", run->id, status ? status : "unknown",
                     run->incomplete_details && run->incomplete_details->reason ? ": " : "",
                     run->incomplete_details && run->incomplete_details->reason
                         ? run->incomplete_details->reason
                         : "");
}

/* The built-in model says so itself. */
static void warn_of_support(const struct ask_run *ask, const struct answer *answer)
{
    if (ask->store && !answer->source_count && !text_equal(ask->model, "treadle-extractive"))
        cli_complain("no passage of the files supports this answer: it is the model's own");
}

/* ---- Printing ------------------------------------------------------------------------------- */

static void add_messages(const struct treadle_message_page *messages, struct answer *answer)
{
    for (size_t i = 0; i < messages->data_count; i++)
        if (messages->data[i].role == TREADLE_ROLE_ASSISTANT)
            answer_add(answer, &messages->data[i]);
}

/* Text that was printed as it came only lacks its sources. */
static void print_answer(const struct ask_run *ask, const struct treadle_message_page *messages,
                         struct answer *answer)
{
    if (!answer->message[0]) {
        add_messages(messages, answer);
        printf("%s\n", answer->text.data ? answer->text.data : "(no answer)");
    }
    source_view_print(ask->session, answer);
    putchar('\n');
}

static int list_messages(const struct ask_run *ask, const struct treadle_run *run,
                         struct treadle_message_page_response **out)
{
    struct treadle_list_options options = TREADLE_LIST_OPTIONS_INIT;
    struct treadle_error error = {0};
    options.limit = PAGE;
    options.order = TREADLE_ORDER_ASCENDING;
    options.run_id = run->id;
    int rc = treadle_message_list(out, client_of(ask), run->thread_id, &options, &error);
    if (rc)
        session_complain(ask->session, "the answer cannot be read", &error);
    return rc;
}

static int show_json(const struct ask_run *ask, const struct treadle_run_response *run,
                     const struct treadle_message_page_response *messages)
{
    json_t *steps = NULL;
    if (step_view_json(ask->session, run->run.thread_id, run->run.id, &steps))
        return CLI_FAILED;
    json_t *whole = json_pack("{s:o, s:o, s:o}", "run", json_of(&run->base), "messages",
                              json_of(&messages->base), "steps", steps);
    int status = json_show(whole);
    json_decref(whole);
    return status;
}

static int show_outcome(const struct ask_run *ask, const struct treadle_run_response *run,
                        struct answer *answer)
{
    struct treadle_message_page_response *messages = NULL;
    bool completed = run->run.status == TREADLE_RUN_COMPLETED;
    bool printed = completed || run->run.status == TREADLE_RUN_INCOMPLETE;
    int status = CLI_FAILED;
    if (list_messages(ask, &run->run, &messages))
        goto done;
    session_settle(ask->session);
    if (ask->json) {
        status = show_json(ask, run, messages);
    } else {
        if (printed)
            print_answer(ask, &messages->page, answer);
        status =
            step_view_table(ask->session, run->run.thread_id, run->run.id) ? CLI_FAILED : CLI_OK;
    }
    if (completed) {
        if (!ask->json)
            warn_of_support(ask, answer);
        goto done;
    }
    complain_of_run(&run->run);
    status = CLI_FAILED;
done:
    treadle_message_page_response_free(messages);
    return status;
}

int ask_run(const struct ask_run *asked)
{
    char assistant[ASK_ID_SIZE] = "", thread[ASK_ID_SIZE] = "";
    struct treadle_model_list_response *models = NULL;
    struct ask_run chosen = *asked;
    const struct ask_run *ask = &chosen;
    struct treadle_run_response *run = NULL;
    struct answer answer;
    int status = CLI_FAILED;
    answer_init(&answer);
    chosen.model = choose_model(asked, &models);
    if (!get_assistant(ask, assistant) && !get_thread(ask, thread) && !add_question(ask, thread) &&
        !run_to_end(ask, assistant, thread, &answer, &run) && run->run.thread_id)
        status = show_outcome(ask, run, &answer);
    treadle_run_response_free(run);
    treadle_model_list_response_free(models);
    answer_free(&answer);
    return status;
}
