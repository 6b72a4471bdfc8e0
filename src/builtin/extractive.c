/*
 * The built-in model: quotes documents. No weights, no network, no chance: the same request gives
 * the same answer.
 *
 * A question is first searched for, when a tool that searches is offered; the passages that are
 * found are split into sentences, and those that support the question best are quoted with their
 * markers. It never writes a statement of its own about a subject: where nothing is found, it says
 * so.
 */
#include "builtin/extractive.h"

#include <stdlib.h>
#include <string.h>

#include "api/json.h"
#include "base/error.h"
#include "base/ident.h"
#include "base/text.h"
#include "builtin/extractive_internal.h"

enum {
    ARENA_BYTES = 256 << 20,
    ANSWER_BYTES = 64 << 10,
    PIECE_BYTES = 24,
    MOST_PASSAGES = 64,
    OUTPUT_BYTES = 2000, /* quoted of what a function returned */
    TEXT_TO_QUOTE = 400  /* a message shorter than this is no text to quote from */
};

static const char no_answer[] =
    "I found no passage in the files that answers this question. I am an extractive model: I "
    "answer by quoting documents and add nothing of my own.";
static const char no_documents[] =
    "I am treadle-extractive, the built-in model: I answer questions by quoting documents, and "
    "there are none to search here. Attach files and the file_search tool, or connect a "
    "generative model.";
static const char no_question[] = "I am treadle-extractive, the built-in model: I answer questions "
                                  "by quoting documents. Ask something that the files may answer.";

/* One answer being made. */
struct turn {
    const struct model_request *request;
    const struct model_sink *sink;
    struct arena *arena;
    struct buffer answer;
    size_t user;   /* the last message of the user; message_count when there is none */
    bool answered; /* tools have answered since */
    struct model_passage *passages;
    size_t passage_count;
    struct model_usage usage;
    enum model_finish finish;
};

static int64_t tokens(const char *text)
{
    return text ? (int64_t)language_tokens(text, strlen(text)) : 0;
}

/* Finds the question and what was found for it. */
static int survey(struct turn *turn, struct treadle_error *error)
{
    const struct model_request *request = turn->request;
    turn->user = request->message_count;
    for (size_t i = request->message_count; i > 0 && turn->user == request->message_count; i--)
        if (request->messages[i - 1].role == MODEL_USER)
            turn->user = i - 1;
    turn->passages = arena_array(turn->arena, MOST_PASSAGES, sizeof *turn->passages);
    if (!turn->passages)
        return error_set_memory(error);
    for (size_t i = turn->user + 1; i < request->message_count; i++) {
        const struct model_message *message = &request->messages[i];
        if (message->role != MODEL_TOOL)
            continue;
        turn->answered = true;
        for (size_t j = 0; j < message->passage_count && turn->passage_count < MOST_PASSAGES; j++)
            if (message->passages[j].text)
                turn->passages[turn->passage_count++] = message->passages[j];
    }
    return 0;
}

static const struct model_tool *find_tool(const struct model_request *request, const char *name)
{
    for (size_t i = 0; i < request->tool_count; i++)
        if (text_equal(request->tools[i].name, name))
            return &request->tools[i];
    return NULL;
}

/* The first that finds passages. */
static const struct model_tool *find_search(const struct model_request *request)
{
    for (size_t i = 0; i < request->tool_count; i++)
        if (request->tools[i].searches)
            return &request->tools[i];
    return NULL;
}

static const char *user_text(const struct turn *turn)
{
    if (turn->user >= turn->request->message_count || !turn->request->messages[turn->user].text)
        return "";
    return turn->request->messages[turn->user].text;
}

static bool calls_search(const struct model_request *request, const char *name)
{
    const struct model_tool *tool = find_tool(request, name);
    return tool && tool->searches;
}

/* Answers with a call. Owns the arguments from then on; NULL means that memory ran out. */
static int call(struct turn *turn, const char *name, json_t *arguments, struct treadle_error *error)
{
    char *text = arguments ? json_dumps(arguments, JSON_COMPACT) : NULL;
    char id[IDENT_SIZE];
    json_decref(arguments);
    if (!text)
        return error_set_memory(error);
    ident_make(id, "call_");
    turn->sink->tool_call(turn->sink->context, 0, id, name, text, strlen(text));
    turn->usage.completion_tokens = tokens(name) + tokens(text);
    turn->finish = MODEL_TOOL_CALLS;
    free(text);
    return 0;
}

/* Several questions in one message are searched one by one. */
static int call_search(struct turn *turn, const struct model_tool *tool, const char *query,
                       struct treadle_error *error)
{
    struct language_span clauses[CLAUSES];
    size_t count = question_part(query, strlen(query), clauses);
    json_t *queries = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(
            queries, json_stringn(query + clauses[i].start, clauses[i].end - clauses[i].start));
    return call(turn, tool->name, json_pack("{s:o}", "queries", queries), error);
}

static bool takes_a_string(const json_t *schema, const char *name)
{
    const json_t *property = json_object_get(json_object_get(schema, "properties"), name);
    const char *type = json_string_value(json_object_get(property, "type"));
    return type && strcmp(type, "string") == 0 && !json_object_get(property, "enum");
}

/* A forced call of a function: possible when it needs nothing, or one string, which then is what
 * the user wrote. */
static int call_function(struct turn *turn, const struct model_tool *tool,
                         struct treadle_error *error)
{
    json_t *schema = NULL;
    struct treadle_error ignored; /* what is no schema names no arguments */
    if (tool->parameters && json_read(tool->parameters, strlen(tool->parameters),
                                      JSON_READ_REPEATED, &schema, &ignored) == TREADLE_EMEMORY)
        return error_set_memory(error);
    const json_t *required = json_object_get(schema, "required");
    size_t count = json_array_size(required);
    const char *name = count == 1 ? json_string_value(json_array_get(required, 0)) : NULL;
    int rc;
    if (count == 0)
        rc = call(turn, tool->name, json_object(), error);
    else if (name && takes_a_string(schema, name))
        rc = call(turn, tool->name, json_pack("{s:s}", name, user_text(turn)), error);
    else
        rc = error_set(error, TREADLE_EUNSUPPORTED,
                       "%s quotes documents; it cannot make up the arguments of the function "
                       "%s.",
                       EXTRACTIVE, tool->name);
    json_decref(schema);
    return rc;
}

/* The calls that a request leaves no choice about. */
static int forced_call(struct turn *turn, const char *query, struct treadle_error *error)
{
    const struct model_request *request = turn->request;
    bool named = request->tool_choice == MODEL_CHOICE_NAMED;
    const struct model_tool *tool =
        named && request->tool_name ? find_tool(request, request->tool_name) : find_search(request);
    if (!named && !tool && request->tool_count)
        tool = &request->tools[0];
    if (!tool)
        return error_set(error, TREADLE_EINVALID, "The tool that must be called is not offered.");
    if (tool->searches)
        return call_search(turn, tool, *query ? query : user_text(turn), error);
    return call_function(turn, tool, error);
}

/* Quotes what answers the question; leaves the answer empty when nothing does. */
static int quote(struct turn *turn, const char *question_text, size_t length,
                 struct treadle_error *error)
{
    struct question question;
    struct sentences sentences = {0};
    struct selection selection;
    if (turn->passage_count == 0)
        return 0;
    int rc = question_read(&question, question_text, length, turn->passages, turn->passage_count,
                           turn->arena, error);
    if (!rc && question.unit_count)
        rc = sentences_gather(&sentences, &question, turn->passages, turn->passage_count,
                              turn->arena, error);
    if (!rc) {
        sentences_choose(&sentences, &question, &selection);
        if (selection.count)
            answer_write(&turn->answer, &sentences, &selection);
    }
    question_clear(&question);
    return rc;
}

/* Answers each of the questions in a message, below it. */
static int quote_clauses(struct turn *turn, const char *query, struct treadle_error *error)
{
    struct language_span clauses[CLAUSES];
    size_t count = question_part(query, strlen(query), clauses);
    if (count == 1)
        return quote(turn, query, strlen(query), error);
    bool found = false;
    int rc = 0;
    for (size_t i = 0; i < count && !rc; i++) {
        const char *clause = query + clauses[i].start;
        size_t length = clauses[i].end - clauses[i].start;
        buffer_append_format(&turn->answer, "%s%.*s\n\n", i ? "\n\n" : "", (int)length, clause);
        size_t before = turn->answer.length;
        rc = quote(turn, clause, length, error);
        found |= turn->answer.length > before;
        if (turn->answer.length == before)
            buffer_append_string(&turn->answer, no_answer);
    }
    if (!found)
        buffer_reset(&turn->answer);
    return rc;
}

/* Answers from what the tools found, or from what functions returned. */
static int answer_from_tools(struct turn *turn, const char *query, struct treadle_error *error)
{
    const struct model_request *request = turn->request;
    int rc = quote_clauses(turn, query, error);
    if (rc || turn->answer.length)
        return rc;
    bool searched = false;
    for (size_t i = turn->user + 1; i < request->message_count; i++) {
        const struct model_message *message = &request->messages[i];
        bool returned = message->role == MODEL_TOOL && message->passage_count == 0 &&
                        message->text && *message->text;
        searched |= message->passage_count > 0;
        for (size_t j = 0; j < message->call_count; j++)
            searched |= calls_search(request, message->calls[j].name);
        if (!returned || searched)
            continue;
        size_t length = strlen(message->text);
        size_t cut = length > OUTPUT_BYTES ? text_cut(message->text, OUTPUT_BYTES) : length;
        buffer_append_format(&turn->answer, "%sThe tool returned: %.*s%s",
                             turn->answer.length ? "\n" : "", (int)cut, message->text,
                             cut < length ? " …" : "");
    }
    if (turn->answer.length == 0)
        buffer_append_string(&turn->answer, no_answer);
    return 0;
}

/* Adds what the user wrote, apart from the question itself, as a passage to quote from. */
static int add_own_text(struct turn *turn, const char *text, struct treadle_error *error)
{
    struct model_page *page = arena_alloc(turn->arena, sizeof *page);
    if (!page)
        return error_set_memory(error);
    turn->passages[turn->passage_count++] =
        (struct model_passage){.text = text, .score = 1, .pages = page, .page_count = 1};
    return 0;
}

/* Without documents: the conversation itself may hold a text that answers. */
static int answer_from_conversation(struct turn *turn, struct treadle_error *error)
{
    const struct model_request *request = turn->request;
    const char *text = user_text(turn);
    struct language *language;
    struct language_span span;
    int rc = language_new(&language, language_detect(text, strlen(text)), error);
    if (rc)
        return rc;
    question_find(language, text, TEXT_TO_QUOTE, turn->arena, &span);
    language_free(language);
    char *own = arena_string(turn->arena, text);
    if (!own)
        return error_set_memory(error);
    memset(own + span.start, ' ', span.end - span.start);
    if (strlen(text) - (span.end - span.start) >= TEXT_TO_QUOTE)
        rc = add_own_text(turn, own, error);
    for (size_t i = 0; !rc && i < turn->user && turn->passage_count < MOST_PASSAGES; i++)
        if (request->messages[i].role == MODEL_USER && request->messages[i].text &&
            strlen(request->messages[i].text) >= TEXT_TO_QUOTE)
            rc = add_own_text(turn, request->messages[i].text, error);
    if (!rc)
        rc = quote(turn, text + span.start, span.end - span.start, error);
    if (!rc && turn->answer.length == 0)
        buffer_append_string(&turn->answer, turn->passage_count ? no_answer : no_documents);
    return rc;
}

static bool is_cancelled(const struct model_request *request)
{
    return request->cancelled && atomic_load(request->cancelled);
}

/* The length of the passage's marker that starts here; 0 for none. */
static size_t marker_at(const struct turn *turn, const char *text)
{
    for (size_t i = 0; i < turn->passage_count; i++)
        if (turn->passages[i].marker && text_starts_with(text, turn->passages[i].marker))
            return strlen(turn->passages[i].marker);
    return 0;
}

/* Whether a piece may end before this byte: at a space, or at a character of a script that may be
 * written without any. */
static bool is_gap(char byte)
{
    return byte == ' ' || (unsigned char)byte >= 0xE0;
}

/* Where the piece of the answer that starts at `at` ends: a marker is one piece, other pieces are a
 * few words. */
static size_t piece_end(const struct turn *turn, size_t at)
{
    const char *text = turn->answer.data;
    size_t end = at, marker = marker_at(turn, text + at);
    if (marker)
        return at + marker;
    do
        end++;
    while (end < turn->answer.length && !(end - at >= PIECE_BYTES && is_gap(text[end])) &&
           !marker_at(turn, text + end));
    return end;
}

/* The end of the last piece up to which the answer has at most so many tokens. */
static size_t cut_to_tokens(const struct turn *turn, int64_t tokens_allowed)
{
    size_t cut = 0;
    for (size_t end = 0; end < turn->answer.length; cut = end) {
        end = piece_end(turn, end);
        if ((int64_t)language_tokens(turn->answer.data, end) > tokens_allowed)
            break;
    }
    return cut;
}

/* Hands the answer over, a few words at a time. */
static void speak(struct turn *turn)
{
    const struct treadle_integer *most = &turn->request->max_completion_tokens;
    const char *text = turn->answer.data;
    size_t length = turn->answer.length;
    if (most->state == TREADLE_SET && (int64_t)language_tokens(text, length) > most->value) {
        length = cut_to_tokens(turn, most->value);
        turn->finish = MODEL_LENGTH;
    }
    for (size_t at = 0; at < length;) {
        if (is_cancelled(turn->request)) {
            turn->finish = MODEL_CANCELLED;
            break;
        }
        size_t end = piece_end(turn, at);
        turn->sink->text(turn->sink->context, text + at, end - at);
        at = end;
    }
    turn->usage.completion_tokens = (int64_t)language_tokens(text ? text : "", length);
}

static int answer(struct turn *turn, struct treadle_error *error)
{
    const struct model_request *request = turn->request;
    int rc = survey(turn, error);
    if (rc)
        return rc;
    const char *query =
        turn->user < request->message_count ? question_query(request, turn->user, turn->arena) : "";
    if (!query)
        return error_set_memory(error);
    if (turn->answered) {
        rc = answer_from_tools(turn, query, error);
    } else if (request->tool_choice == MODEL_CHOICE_REQUIRED ||
               request->tool_choice == MODEL_CHOICE_NAMED) {
        return forced_call(turn, query, error);
    } else if (request->tool_choice == MODEL_CHOICE_AUTO && *query && find_search(request)) {
        return call_search(turn, find_search(request), query, error);
    } else if (*query) {
        rc = answer_from_conversation(turn, error);
    } else {
        buffer_append_string(&turn->answer, no_question);
    }
    if (!rc && turn->answer.failed)
        rc = error_set_memory(error);
    if (!rc)
        speak(turn);
    return rc;
}

static void extractive_start(struct model *model, const struct model_request *request,
                             const struct model_sink *sink)
{
    (void)model;
    struct treadle_error error;
    struct turn turn = {.request = request, .sink = sink, .finish = MODEL_STOP};
    buffer_init(&turn.answer, ANSWER_BYTES);
    turn.usage.prompt_tokens = model_prompt_tokens(request);
    turn.arena = arena_new(ARENA_BYTES);
    int rc = 0;
    if (is_cancelled(request))
        turn.finish = MODEL_CANCELLED;
    else
        rc = turn.arena ? answer(&turn, &error) : error_set_memory(&error);
    struct model_outcome outcome = {
        .finish = turn.finish, .usage = turn.usage, .error = rc ? &error : NULL};
    arena_free(turn.arena);
    buffer_clear(&turn.answer);
    sink->done(sink->context, &outcome);
}

/* ---- The model ------------------------------------------------------------------------------ */

static bool extractive_blocks(struct model *model, const char *name)
{
    (void)model, (void)name;
    return true;
}

static bool extractive_knows(struct model *model, const char *name)
{
    (void)model;
    return strcmp(name, EXTRACTIVE) == 0;
}

static int extractive_list(struct model *model, struct arena *arena, struct model_info *out,
                           size_t room, size_t *count, struct treadle_error *error)
{
    (void)model, (void)arena, (void)error;
    if (*count < room)
        out[(*count)++] = (struct model_info){EXTRACTIVE, 0, "treadle"};
    return 0;
}

static void extractive_destroy(struct model *model)
{
    free(model);
}

/* It calls what it needs. */
static void get_facts(struct model *model, const char *name, struct model_facts *out)
{
    (void)model, (void)name;
    out->tools = MODEL_TOOLS_YES;
}

static const struct model_driver extractive_driver = {.name = EXTRACTIVE,
                                                      .start = extractive_start,
                                                      .blocks = extractive_blocks,
                                                      .knows = extractive_knows,
                                                      .list = extractive_list,
                                                      .facts = get_facts,
                                                      .destroy = extractive_destroy};

int extractive_new(struct model **out, struct treadle_error *error)
{
    struct model *model = malloc(sizeof *model);
    if (!model)
        return error_set_memory(error);
    model->driver = &extractive_driver;
    *out = model;
    return 0;
}
