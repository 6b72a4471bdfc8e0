/*
 * The tables against the published contract: operations, query parameters, members, events.
 *
 * The facts are those of tests/contract/contract.tsv, whose path is the first argument. Every
 * operation's request and reply is walked together with its schema. Where the tables differ on
 * purpose, `differences` says why, and an entry that no longer applies fails too.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api/endpoint.h"
#include "api/error.h"
#include "api/types.h"

/* ---- What is known to differ ---------------------------------------------------------------- */

/* Operations that only Treadle has. */
static const char *const own[] = {"GET /threads",
                                  "GET /threads/{thread_id}/usage",
                                  "GET /threads/{thread_id}/runs/{run_id}/events",
                                  "GET /runs",
                                  "GET /runs/{run_id}",
                                  "GET /runs/{run_id}/times",
                                  "POST /treadle/backups",
                                  "POST /treadle/exports",
                                  "POST /treadle/imports",
                                  "POST /treadle/keys",
                                  "GET /treadle/keys",
                                  "POST /treadle/keys/{key_id}/revoke"};

enum kind { EXTRA = 1, MISSING, WORDS, NULLABLE, REQUIRED };

static const char *const kind_names[] = {
    [EXTRA] = "is not in the contract",
    [MISSING] = "has no row",
    [WORDS] = "has other words",
    [NULLABLE] = "may be null only in the table",
    [REQUIRED] = "is required in one of the two only",
};

struct difference {
    const char *type; /* the table's name */
    const char *property;
    enum kind kind;
    const char *reason;
    bool used;
};

static struct difference differences[] = {
    {"VectorStoreSearchRequest", "page", EXTRA, "Treadle's own: pages of results", false},
    {"VectorStoreSearchResultItem", "page", EXTRA, "Treadle's own: where the passage is", false},
    {"VectorStoreSearchResultItem", "last_page", EXTRA, "Treadle's own: where it ends", false},
    {"VectorStoreSearchResultItem", "page_label", EXTRA, "what the page calls itself", false},
    {"VectorStoreSearchResultItem", "heading", EXTRA, "Treadle's own: what it is about", false},
    {"VectorStoreSearchResultItem", "start_index", EXTRA, "Treadle's own: its place", false},
    {"VectorStoreSearchResultItem", "end_index", EXTRA, "Treadle's own: its place", false},
    {"AssistantObject", "reasoning_effort", EXTRA, "recorded, and the request takes it", false},
    {"AssistantsNamedToolChoice", "function", REQUIRED, "required with type function alone", false},
    {"Attachment", "file_id", REQUIRED, "the contract requires it a level too high", false},
    {"AttachmentTool", "type", WORDS, "the type's check refuses function", false},
    {"ChatCompletionChoice", "finish_reason", WORDS,
     "function_call is the older form of tool_calls", false},
    {"ChatCompletionChunkChoice", "finish_reason", WORDS, "as of the whole answer", false},
    {"ChatCompletionMessageToolCall", "custom", MISSING, "functions alone are called", false},
    {"ChatCompletionMessageToolCall", "function", EXTRA, "the contract's other kind has none",
     false},
    {"ChatCompletionMessageToolCall", "type", WORDS, "functions alone are called", false},
    {"ChatCompletionNamedToolChoice", "allowed_tools", MISSING, "functions alone are called",
     false},
    {"ChatCompletionNamedToolChoice", "custom", MISSING, "functions alone are called", false},
    {"ChatCompletionNamedToolChoice", "function", EXTRA, "the contract's other kinds have none",
     false},
    {"ChatCompletionNamedToolChoice", "type", WORDS, "functions alone are called", false},
    {"ChatCompletionRequestMessage", "audio", EXTRA,
     "one table for all roles; chat_read.c looks at each", false},
    {"ChatCompletionRequestMessage", "function_call", EXTRA,
     "one table for all roles; chat_read.c looks at each", false},
    {"ChatCompletionRequestMessage", "name", EXTRA,
     "one table for all roles; chat_read.c looks at each", false},
    {"ChatCompletionRequestMessage", "refusal", EXTRA,
     "one table for all roles; chat_read.c looks at each", false},
    {"ChatCompletionRequestMessage", "tool_call_id", EXTRA,
     "one table for all roles; chat_read.c looks at each", false},
    {"ChatCompletionRequestMessage", "tool_calls", EXTRA,
     "one table for all roles; chat_read.c looks at each", false},
    {"ChatCompletionRequestMessage", "content", REQUIRED,
     "one table for all roles; chat_read.c looks at each", false},
    {"ChatCompletionRequestMessage", "name", REQUIRED,
     "one table for all roles; chat_read.c looks at each", false},
    {"ChatCompletionRequestMessage", "tool_call_id", REQUIRED,
     "one table for all roles; chat_read.c looks at each", false},
    {"ChatCompletionRequestMessage", "role", WORDS,
     "one table for all roles; function is the older tool", false},
    {"ChatCompletionResponseMessage", "annotations", MISSING, "optional, and nothing to say",
     false},
    {"ChatCompletionResponseMessage", "audio", MISSING, "optional, and nothing to say", false},
    {"ChatCompletionResponseMessage", "function_call", MISSING, "optional, and nothing to say",
     false},
    {"ChatCompletionStreamResponseDelta", "function_call", MISSING, "optional, and nothing to say",
     false},
    {"ChatCompletionTool", "custom", MISSING, "functions alone are called", false},
    {"ChatCompletionTool", "function", EXTRA, "the contract's other kind has none", false},
    {"ChatCompletionTool", "type", WORDS, "functions alone are called", false},
    {"ChatCompletionTokensDetails", "accepted_prediction_tokens", MISSING,
     "optional, and not distinguished", false},
    {"ChatCompletionTokensDetails", "audio_tokens", MISSING, "optional, and not distinguished",
     false},
    {"ChatCompletionTokensDetails", "rejected_prediction_tokens", MISSING,
     "optional, and not distinguished", false},
    {"ChatCompletionTokensDetails", "text_tokens", MISSING, "optional, and not distinguished",
     false},
    {"ChatPromptTokensDetails", "audio_tokens", MISSING, "optional, and not distinguished", false},
    {"ChatPromptTokensDetails", "cache_write_tokens", MISSING, "optional, and not distinguished",
     false},
    {"ChatPromptTokensDetails", "image_tokens", MISSING, "optional, and not distinguished", false},
    {"ChatPromptTokensDetails", "text_tokens", MISSING, "optional, and not distinguished", false},
    {"CreateChatCompletionResponse", "metadata", MISSING, "optional, and nothing to say", false},
    {"CreateChatCompletionResponse", "moderation", MISSING, "optional, and nothing to say", false},
    {"CreateChatCompletionResponse", "service_tier", MISSING, "optional, and nothing to say",
     false},
    {"CreateChatCompletionResponse", "system_fingerprint", MISSING, "optional, and nothing to say",
     false},
    {"CreateChatCompletionStreamResponse", "moderation", MISSING, "optional, and nothing to say",
     false},
    {"CreateChatCompletionStreamResponse", "obfuscation", MISSING, "optional, and nothing to say",
     false},
    {"CreateChatCompletionStreamResponse", "service_tier", MISSING, "optional, and nothing to say",
     false},
    {"CreateChatCompletionStreamResponse", "system_fingerprint", MISSING,
     "optional, and nothing to say", false},
    {"ChunkingStrategy", "type", WORDS, "one table for three schemas; its check refuses other",
     false},
    {"CreateUploadRequest", "purpose", WORDS, "as of files; its check refuses outputs", false},
    {"FileCitation", "quote", EXTRA, "Treadle's own: what supports the statement", false},
    {"FileCitation", "page", EXTRA, "Treadle's own: the page of the passage", false},
    {"FileCitationDelta", "page", EXTRA, "Treadle's own: the page of the passage", false},
    {"FileCitation", "page_label", EXTRA, "Treadle's own: what it calls itself", false},
    {"FileCitationDelta", "page_label", EXTRA, "Treadle's own: what it calls itself", false},
    {"FileSearchRankingOptions", "hybrid_search", EXTRA, "recorded, always null", false},
    {"MessageRequestContent", "type", WORDS, "the type's check refuses refusal", false},
    {"OpenAIFile", "expires_at", NULLABLE, "recorded: null where it does not expire", false},
    {"OpenAIFile", "purpose", WORDS, "evals may be uploaded, so a file may have it", false},
    {"OpenAIFile", "status_details", NULLABLE, "recorded: null", false},
    {"RunCompletionUsage", "completion_tokens_details", EXTRA, "recorded", false},
    {"RunCompletionUsage", "prompt_token_details", EXTRA, "recorded", false},
    {"RunObject", "unavailable_tools", EXTRA, "Treadle's own: tools that are not here", false},
    {"RunObject", "reasoning_effort", EXTRA, "recorded", false},
    {"RunObject", "tool_resources", EXTRA, "recorded", false},
    {"RunStepDetailsToolCallsFileSearchResultObject", "attributes", EXTRA, "recorded", false},
    {"RunStepObject", "expires_at", EXTRA, "recorded", false},
    {"RunToolCallObject", "type", WORDS, "one list of words; only function is ever set", false},
    {"Upload", "purpose", WORDS, "as of files; the contract names no words", false},
    {"VectorStoreFileObject", "notices", EXTRA, "Treadle's own: pages that were not read in full",
     false},
    {"VectorStoreObject", "description", EXTRA, "recorded, and the request takes it", false},
    {"VectorStoreObject", "expires_after", NULLABLE, "recorded: null without a policy", false},
    {"ListAssistantsResponse", "first_id", NULLABLE, "recorded: null on an empty list", false},
    {"ListAssistantsResponse", "last_id", NULLABLE, "recorded: null on an empty list", false},
    {"ListFilesResponse", "first_id", NULLABLE, "recorded: null on an empty list", false},
    {"ListFilesResponse", "last_id", NULLABLE, "recorded: null on an empty list", false},
    {"ListMessagesResponse", "first_id", NULLABLE, "recorded: null on an empty list", false},
    {"ListMessagesResponse", "last_id", NULLABLE, "recorded: null on an empty list", false},
    {"ListRunStepsResponse", "first_id", NULLABLE, "recorded: null on an empty list", false},
    {"ListRunStepsResponse", "last_id", NULLABLE, "recorded: null on an empty list", false},
    {"ListRunsResponse", "first_id", NULLABLE, "recorded: null on an empty list", false},
    {"ListRunsResponse", "last_id", NULLABLE, "recorded: null on an empty list", false},
    {"ListVectorStoreFilesResponse", "first_id", NULLABLE, "recorded: null on an empty list",
     false},
    {"ListVectorStoreFilesResponse", "last_id", NULLABLE, "recorded: null on an empty list", false},
    {"ListVectorStoresResponse", "first_id", NULLABLE, "recorded: null on an empty list", false},
    {"ListVectorStoresResponse", "last_id", NULLABLE, "recorded: null on an empty list", false},
};

static bool excused(const char *type, const char *property, enum kind kind)
{
    for (size_t i = 0; i < sizeof differences / sizeof differences[0]; i++) {
        struct difference *known = &differences[i];
        if (strcmp(known->type, type) == 0 && strcmp(known->property, property) == 0 &&
            known->kind == kind) {
            known->used = true;
            return true;
        }
    }
    return false;
}

/* ---- The facts ------------------------------------------------------------------------------ */

enum { COLUMNS = 8, FACTS = 2000 };

/* operation: method, path, request, reply; query: method, path, name; stream: method, path, schema;
 * event: name, schema; property: as named. */
struct fact {
    const char *column[COLUMNS];
};

enum { SCHEMA = 1, PROPERTY, TYPES, IS_REQUIRED, IS_NULLABLE, WORD_LIST, INNER };
enum { METHOD = 1, PATH, REQUEST, REPLY, QUERY = REQUEST, EVENTS = REQUEST };
enum { EVENT = 1, EVENT_OBJECT };

static struct fact facts[FACTS];
static size_t fact_count;
static char *text;
static int problems;

static int load(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return -1;
    size_t size = 1 << 20;
    text = calloc(1, size + 1);
    size_t length = fread(text, 1, size, file);
    fclose(file);
    char *rest = NULL;
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        if (line[0] == '#')
            continue;
        if (fact_count == FACTS)
            return -1;
        struct fact *fact = &facts[fact_count++];
        for (int i = 0; i < COLUMNS && line; i++)
            fact->column[i] = strsep(&line, "\t");
    }
    return length < size && fact_count > 400 ? 0 : -1;
}

static const struct fact *find_fact(const char *kind, const char *first, const char *second)
{
    for (size_t i = 0; i < fact_count; i++)
        if (strcmp(facts[i].column[0], kind) == 0 && strcmp(facts[i].column[1], first) == 0 &&
            strcmp(facts[i].column[2], second) == 0)
            return &facts[i];
    return NULL;
}

/* The next of several parted by '|', copied to `out`; false at the end. */
static bool next_part(const char **list, char out[256])
{
    size_t length = strcspn(*list, "|");
    if (!**list || strcmp(*list, "-") == 0)
        return false;
    snprintf(out, 256, "%.*s", (int)length, *list);
    *list += length;
    *list += **list == '|';
    return true;
}

static bool list_has(const char *list, const char *word)
{
    char part[256];
    while (next_part(&list, part))
        if (strcmp(part, word) == 0)
            return true;
    return false;
}

static void problem(const char *type, const char *schema, const char *property, enum kind kind)
{
    if (excused(type, property, kind))
        return;
    problems++;
    fprintf(stderr, "%s (%s): '%s' %s\n", type, schema, property, kind_names[kind]);
}

/* ---- Comparing ------------------------------------------------------------------------------ */

static void compare(const struct treadle_type *type, const char *schemas, bool reply);

static const struct field *find_chooser(const struct treadle_type *type)
{
    for (size_t i = 0; i < type->field_count; i++)
        if (type->fields[i].flags & FIELD_DISCRIMINATOR)
            return &type->fields[i];
    return NULL;
}

/* Which variant of the table a schema describes: its value, 0 for any. */
static int variant(const struct field *chooser, const char *schema)
{
    const struct fact *fact = chooser ? find_fact("property", schema, chooser->name) : NULL;
    if (!fact || strchr(fact->column[WORD_LIST], '|'))
        return 0;
    for (int i = 1; chooser->names[i]; i++)
        if (strcmp(chooser->names[i], fact->column[WORD_LIST]) == 0)
            return i;
    return 0;
}

static const char *wire_type(const struct field *field)
{
    switch (field->kind) {
    case FIELD_STRING:
    case FIELD_CONSTANT:
    case FIELD_ENUM:
        return "string";
    case FIELD_INTEGER:
    case FIELD_TIME:
        return "integer";
    case FIELD_NUMBER:
        return "number";
    case FIELD_BOOLEAN:
        return "boolean";
    case FIELD_ARRAY:
        return "array";
    default:
        return "object";
    }
}

static void compare_types(const struct treadle_type *type, const struct field *field,
                          const struct fact *fact)
{
    const char *types = fact->column[TYPES];
    char part[256];
    bool fits = list_has(types, wire_type(field)) && !strchr(types, '|');
    if (field->kind == FIELD_RAW)
        fits = true;
    if (field->kind == FIELD_STRUCT && field->type->alternate) {
        size_t count = 0;
        fits = true;
        while (next_part(&types, part)) {
            bool found = false;
            for (size_t i = 0; i < field->type->field_count; i++)
                found = found || strcmp(wire_type(&field->type->fields[i]), part) == 0;
            fits = fits && found;
            count++;
        }
        fits = fits && count == field->type->field_count;
    }
    if (fits)
        return;
    problems++;
    fprintf(stderr, "%s (%s): '%s' is %s in the table, %s in the contract\n", type->name,
            fact->column[SCHEMA], field->name, wire_type(field), fact->column[TYPES]);
}

static void compare_words(const struct treadle_type *type, const struct field *field,
                          const struct fact *fact)
{
    const char *words = fact->column[WORD_LIST];
    char word[256];
    bool same = true;
    if (field->kind == FIELD_CONSTANT)
        same = strcmp(words, "-") == 0 || strcmp(words, field->constant) == 0;
    if (field->kind == FIELD_ENUM && !(field->flags & FIELD_DISCRIMINATOR)) {
        for (int i = 1; field->names[i]; i++)
            same = same && list_has(words, field->names[i]);
        while (next_part(&words, word)) {
            bool found = false;
            for (int i = 1; field->names[i]; i++)
                found = found || strcmp(field->names[i], word) == 0;
            same = same && found;
        }
    }
    if (!same)
        problem(type->name, fact->column[SCHEMA], field->name, WORDS);
}

static void compare_property(const struct treadle_type *type, const struct field *field,
                             const struct fact *fact, bool reply)
{
    bool required = strcmp(fact->column[IS_REQUIRED], "required") == 0;
    bool sent = field->flags & (FIELD_REQUIRED | FIELD_ALWAYS);
    bool nullable = strcmp(fact->column[IS_NULLABLE], "nullable") == 0;
    compare_types(type, field, fact);
    compare_words(type, field, fact);
    /* A reply may always hold what it need not; a request must demand neither more nor less. */
    if (reply ? required && !sent : required != !!(field->flags & FIELD_REQUIRED))
        problem(type->name, fact->column[SCHEMA], field->name, REQUIRED);
    if (reply && field->flags & FIELD_NULLABLE && !nullable)
        problem(type->name, fact->column[SCHEMA], field->name, NULLABLE);
    if (field->type && strcmp(fact->column[INNER], "-") != 0)
        compare(field->type, fact->column[INNER], reply);
}

static bool row_applies(const struct field *field, int chosen)
{
    return !field->when || !chosen || field->when == chosen;
}

static void compare_schema(const struct treadle_type *type, const char *schema, int chosen,
                           bool reply)
{
    bool known = false;
    for (size_t i = 0; i < fact_count; i++) {
        const struct fact *fact = &facts[i];
        if (strcmp(fact->column[0], "property") != 0 || strcmp(fact->column[SCHEMA], schema) != 0)
            continue;
        known = true;
        const struct field *field = field_find(type, fact->column[PROPERTY]);
        if (!field || !row_applies(field, chosen))
            problem(type->name, schema, fact->column[PROPERTY], MISSING);
        else
            compare_property(type, field, fact, reply);
    }
    assert_true(known);
    for (size_t i = 0; i < type->field_count; i++)
        if (row_applies(&type->fields[i], chosen) &&
            !find_fact("property", schema, type->fields[i].name))
            problem(type->name, schema, type->fields[i].name, EXTRA);
}

/* Every word of a discriminator must be that of some schema of the union. */
static void compare_variants(const struct treadle_type *type, const struct field *chooser,
                             const char *schemas)
{
    for (int i = 1; chooser->names[i]; i++) {
        const char *list = schemas;
        char schema[256];
        bool found = false;
        while (next_part(&list, schema)) {
            const struct fact *fact = find_fact("property", schema, chooser->name);
            found = found || (fact && list_has(fact->column[WORD_LIST], chooser->names[i]));
        }
        if (!found)
            problem(type->name, schemas, chooser->name, WORDS);
    }
}

static void compare(const struct treadle_type *type, const char *schemas, bool reply)
{
    if (type->alternate) {
        for (size_t i = 0; i < type->field_count; i++)
            if (type->fields[i].type)
                compare(type->fields[i].type, schemas, reply);
        return;
    }
    const struct field *chooser = find_chooser(type);
    const char *list = schemas;
    char schema[256];
    while (next_part(&list, schema))
        compare_schema(type, schema, variant(chooser, schema), reply);
    if (chooser)
        compare_variants(type, chooser, schemas);
}

/* ---- Cases ---------------------------------------------------------------------------------- */

static const struct endpoint *find_endpoint(const char *method, const char *path)
{
    for (int i = 0; i < ENDPOINT_COUNT; i++) {
        const struct endpoint *endpoint = endpoint_get((enum endpoint_id)i);
        if (strcmp(endpoint->method, method) == 0 && strcmp(endpoint->path, path) == 0)
            return endpoint;
    }
    return NULL;
}

static bool is_listed(const char *const *list, size_t count, const char *method, const char *path)
{
    char name[256];
    snprintf(name, sizeof name, "%s %s", method, path);
    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i], name) == 0)
            return true;
    return false;
}

static void every_operation_is_there(void **state)
{
    (void)state;
    problems = 0;
    for (size_t i = 0; i < fact_count; i++) {
        const struct fact *fact = &facts[i];
        if (strcmp(fact->column[0], "operation") != 0 ||
            find_endpoint(fact->column[METHOD], fact->column[PATH]))
            continue;
        problems++;
        fprintf(stderr, "%s %s: is missing\n", fact->column[METHOD], fact->column[PATH]);
    }
    assert_int_equal(problems, 0);
}

static void no_operation_is_made_up(void **state)
{
    (void)state;
    size_t found = 0;
    for (int i = 0; i < ENDPOINT_COUNT; i++) {
        const struct endpoint *endpoint = endpoint_get((enum endpoint_id)i);
        bool ours = is_listed(own, sizeof own / sizeof own[0], endpoint->method, endpoint->path);
        found += ours;
        if (!ours && !find_fact("operation", endpoint->method, endpoint->path))
            fail_msg("%s %s is not in the contract", endpoint->method, endpoint->path);
    }
    assert_int_equal(found, sizeof own / sizeof own[0]);
}

static void query_parameters_agree(void **state)
{
    (void)state;
    static const struct {
        unsigned bit;
        const char *names;
    } sets[] = {
        {ENDPOINT_PAGE, "limit|order|after|before"},
        {ENDPOINT_FILE_PAGE, "limit|order|after"},
        {ENDPOINT_RUN_ID, "run_id"},
        {ENDPOINT_INCLUDE, "include[]"},
        {ENDPOINT_PURPOSE, "purpose"},
        {ENDPOINT_FILTER, "filter"},
    };
    for (int i = 0; i < ENDPOINT_COUNT; i++) {
        const struct endpoint *endpoint = endpoint_get((enum endpoint_id)i);
        char taken[256] = "", name[256];
        if (is_listed(own, sizeof own / sizeof own[0], endpoint->method, endpoint->path))
            continue;
        for (size_t j = 0; j < sizeof sets / sizeof sets[0]; j++) {
            const char *list = sets[j].names;
            if (!(endpoint->query & sets[j].bit))
                continue;
            snprintf(taken + strlen(taken), sizeof taken - strlen(taken), "|%s", list);
        }
        for (size_t j = 0; j < fact_count; j++) {
            const struct fact *fact = &facts[j];
            if (strcmp(fact->column[0], "query") == 0 &&
                strcmp(fact->column[METHOD], endpoint->method) == 0 &&
                strcmp(fact->column[PATH], endpoint->path) == 0 &&
                !list_has(taken[0] ? taken + 1 : "", fact->column[QUERY]))
                fail_msg("%s %s does not take %s", endpoint->method, endpoint->path,
                         fact->column[QUERY]);
        }
        const char *list = taken[0] ? taken + 1 : "";
        while (next_part(&list, name)) {
            bool known = false;
            for (size_t j = 0; j < fact_count; j++)
                known = known || (strcmp(facts[j].column[0], "query") == 0 &&
                                  strcmp(facts[j].column[METHOD], endpoint->method) == 0 &&
                                  strcmp(facts[j].column[PATH], endpoint->path) == 0 &&
                                  strcmp(facts[j].column[QUERY], name) == 0);
            if (!known)
                fail_msg("%s %s takes %s, which the contract does not have", endpoint->method,
                         endpoint->path, name);
        }
    }
}

static void compare_all(bool reply)
{
    problems = 0;
    size_t compared = 0;
    for (size_t i = 0; i < fact_count; i++) {
        const struct fact *fact = &facts[i];
        if (strcmp(fact->column[0], "operation") != 0)
            continue;
        const struct endpoint *endpoint = find_endpoint(fact->column[METHOD], fact->column[PATH]);
        const char *schema = fact->column[reply ? REPLY : REQUEST];
        const struct treadle_type *type = reply ? endpoint->reply : endpoint->request;
        if (!type != (strcmp(schema, "-") == 0))
            fail_msg("%s %s: one of table and contract has no schema", fact->column[METHOD],
                     fact->column[PATH]);
        if (!type)
            continue;
        compare(type, schema, reply);
        compared++;
    }
    assert_true(compared >= 10);
    assert_int_equal(problems, 0);
}

static void requests_agree(void **state)
{
    (void)state;
    compare_all(false);
}

static void replies_agree(void **state)
{
    (void)state;
    compare_all(true);
}

static void streams_agree(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        const struct treadle_type *type;
    } streams[] = {{"/chat/completions", &treadle_chat_chunk_type}};
    problems = 0;
    for (size_t i = 0; i < sizeof streams / sizeof streams[0]; i++) {
        const struct fact *fact = find_fact("stream", "POST", streams[i].path);
        assert_non_null(fact);
        compare(streams[i].type, fact->column[EVENTS], true);
    }
    assert_int_equal(problems, 0);
}

static const struct fact *find_event(const char *name)
{
    for (size_t i = 0; i < fact_count; i++)
        if (strcmp(facts[i].column[0], "event") == 0 && strcmp(facts[i].column[EVENT], name) == 0)
            return &facts[i];
    return NULL;
}

/* Errors are printed without a table, and the end of a stream has no object. */
static void events_agree(void **state)
{
    (void)state;
    size_t named = 0, known = 0;
    problems = 0;
    for (size_t i = 0; i < fact_count; i++)
        known += strcmp(facts[i].column[0], "event") == 0;
    for (int i = 1; event_names[i]; i++, named++) {
        const struct treadle_type *type = event_type((enum treadle_event_type)i);
        const struct fact *fact = find_event(event_names[i]);
        if (!fact)
            fail_msg("%s is not in the contract", event_names[i]);
        if (type)
            compare(type, fact->column[EVENT_OBJECT], true);
        else
            assert_true(i == TREADLE_EVENT_ERROR || i == TREADLE_EVENT_DONE);
    }
    assert_int_equal(named, known);
    assert_int_equal(problems, 0);
}

static void no_difference_is_out_of_date(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof differences / sizeof differences[0]; i++)
        if (!differences[i].used)
            fail_msg("%s.%s does not differ any more: take it off the list", differences[i].type,
                     differences[i].property);
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_operation_is_there),
        cmocka_unit_test(no_operation_is_made_up),
        cmocka_unit_test(query_parameters_agree),
        cmocka_unit_test(requests_agree),
        cmocka_unit_test(replies_agree),
        cmocka_unit_test(streams_agree),
        cmocka_unit_test(events_agree),
        cmocka_unit_test(no_difference_is_out_of_date), /* after those that look at them */
    };
    if (count != 2 || load(arguments[1])) {
        fprintf(stderr, "usage: test_field_contract tests/contract/contract.tsv\n");
        return 1;
    }
    int failed = cmocka_run_group_tests_name("field_contract", tests, NULL, NULL);
    free(text);
    return failed;
}
