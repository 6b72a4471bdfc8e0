/*
 * treadle ask: a question about files, from upload to the printed answer.
 *
 * Usage and files are checked before a server is looked for; the output comes from the server's
 * objects alone.
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/text.h"
#include "cli/ask_input.h"
#include "cli/ask_run.h"
#include "cli/ask_store.h"
#include "cli/cli.h"
#include "cli/model_options.h"
#include "cli/options.h"
#include "cli/session.h"

/* Far above the limit of a message, which the server reports. */
enum { QUESTION_LIMIT = 16 << 20, ATTEMPTS = 5, LARGEST_CONTEXT = 1000000000 };

struct ask_settings {
    struct session_options session;
    const char *question;
    const char *model;
    const char *thread;
    struct model_settings models;
    bool json;
};

static const struct option_row ask_rows[] = {
    {"question", 'q', OPTION_TEXT, "TEXT", offsetof(struct ask_settings, question), 0,
     "The question; - reads it from standard input."},
    {"model", 'm', OPTION_TEXT, "NAME", offsetof(struct ask_settings, model), 0,
     "The model that answers. Default: the first of the server's own, else treadle-extractive, "
     "which quotes."},
    {"model-url", 0, OPTION_LIST, "URL", offsetof(struct ask_settings, models.urls), 1,
     "A server of the chat completions protocol, as http://127.0.0.1:8000/v1, whose model "
     "answers."},
    {"model-key", 0, OPTION_LIST, "KEY", offsetof(struct ask_settings, models.keys), 1,
     "The key for the model server. Others can see arguments: better use the variable."},
    {"model-key-file", 0, OPTION_LIST, "FILE", offsetof(struct ask_settings, models.key_files), 1,
     "Read the key from the first line of a file instead."},
    {"model-context", 0, OPTION_COUNT, "TOKENS", offsetof(struct ask_settings, models.context),
     LARGEST_CONTEXT, "How many tokens the model holds where its server does not say."},
    {"model-tools", 0, OPTION_TEXT, "WHETHER", offsetof(struct ask_settings, models.tools), 0,
     "Whether the model calls tools: yes, no or auto. Default: auto."},
    {"thread", 't', OPTION_TEXT, "ID", offsetof(struct ask_settings, thread), 0,
     "Continue in this thread; keeps its files unless you name others."},
    {"json", 'j', OPTION_FLAG, NULL, offsetof(struct ask_settings, json), 0,
     "Print run, messages and steps as JSON objects of the protocol."},
    SESSION_PROJECT_ROW(ask_settings),
    SESSION_ROWS(ask_settings),
};

static const struct option_form ask_form = {
    .command = "ask",
    .usage = "FILE… -q QUESTION [OPTION]…",
    .doc = "Reads the files, answers the question with citations (file and page), and shows what "
           "the run did,\nstep by step. Files that the server has read before are not read again.",
    .rows = ask_rows,
    .count = sizeof ask_rows / sizeof ask_rows[0],
};

/* ---- The question --------------------------------------------------------------------------- */

static int read_stdin(struct buffer *out)
{
    char piece[4096];
    size_t got;
    while ((got = fread(piece, 1, sizeof piece, stdin)) > 0)
        if (buffer_append(out, piece, got))
            return options_usage("ask", "the question is far too long");
    if (ferror(stdin))
        return options_usage("ask", "the question cannot be read from standard input");
    while (out->length && strchr("\r\n", out->data[out->length - 1]))
        out->data[--out->length] = '\0';
    return -1;
}

/* Negative when there is a question, else an exit status. */
static int take_question(const char *named, struct buffer *out)
{
    int status = -1;
    if (!named)
        return options_usage("ask", "there is no question: give one with -q");
    if (strcmp(named, "-") == 0)
        status = read_stdin(out);
    else if (buffer_append_string(out, named))
        status = options_usage("ask", "the question is far too long");
    if (status >= 0)
        return status;
    const char *text = out->data ? out->data : "";
    if (!text[strspn(text, " \t\r\n")])
        return options_usage("ask", "the question is empty");
    if (strlen(text) != out->length || !text_is_utf8(text, out->length))
        return options_usage("ask", "the question is not text in UTF-8");
    return -1;
}

static int check_operands(const struct ask_settings *settings, const struct options *options)
{
    if (!options->operand_count && !settings->thread)
        return options_usage("ask", "name at least one file, or a thread to continue in");
    if (options->operand_count > ASK_FILES)
        return options_usage("ask", "%d files can be asked at once, not %zu", ASK_FILES,
                             options->operand_count);
    return -1;
}

/* ---- The command ---------------------------------------------------------------------------- */

/* One attempt; `lost` becomes whether the server ended before anything was printed. On a terminal
 * the answer is printed as it comes. */
static int ask_once(const struct ask_settings *settings, const char *question,
                    const struct ask_input *input, bool *lost)
{
    struct session *session = NULL;
    char store[ASK_ID_SIZE] = "";
    int status = CLI_FAILED;
    *lost = false;
    if (session_open(&session, &settings->session))
        return CLI_FAILED;
    if (settings->models.urls.count && !session_embedded(session))
        cli_complain("the model server %s is not used: the server that answers has its own models",
                     settings->models.urls.items[0]);
    struct ask_run run = {.session = session,
                          .question = question,
                          .model = settings->model,
                          .thread = settings->thread,
                          .store = input->count ? store : NULL,
                          .json = settings->json,
                          .live = !settings->json && cli_screen().terminal};
    if (!input->count || !ask_store_get(session, input, store))
        status = ask_run(&run);
    *lost = session_lost(session);
    session_close(session);
    return status;
}

/* A server inside another ask ends with that one; the files that it has read are in the store, so
 * the next attempt continues from there. */
static int ask(const struct ask_settings *settings, const char *question,
               const struct ask_input *input)
{
    bool lost = true;
    int status = CLI_FAILED;
    for (int attempt = 0; lost && attempt < ATTEMPTS; attempt++)
        status = ask_once(settings, question, input, &lost);
    if (lost)
        cli_complain("the server ended several times before it answered");
    return status;
}

int cmd_ask(int argc, char **argv)
{
    struct ask_settings settings = {.question = NULL};
    struct options options;
    struct buffer question;
    struct ask_input input = {.files = NULL};
    struct models_options models;
    int status = options_parse(&ask_form, argc, argv, &settings, &options);
    if (status >= 0)
        return status;
    buffer_init(&question, QUESTION_LIMIT);
    status = check_operands(&settings, &options);
    if (status < 0)
        status = model_options_read("ask", &settings.models, options.arena, &models);
    settings.session.models = &models;
    if (status < 0)
        status = take_question(settings.question, &question);
    if (status >= 0)
        goto done;
    if (ask_input_read(options.operands, options.operand_count, &input))
        status = CLI_FAILED;
    else
        status = cli_finish(ask(&settings, question.data, &input));
done:
    ask_input_free(&input);
    buffer_clear(&question);
    options_free(&options);
    return status;
}
