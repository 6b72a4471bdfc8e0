/*
 * Embeddings: the input checked, the vectors printed as numbers or in base64.
 */
#include "resource/handlers.h"

#include <string.h>

#include "api/json.h"
#include "base/error.h"
#include "language/language.h"
#include "model/model.h"
#include "resource/call.h"
#include "resource/later.h"

enum { MOST_INPUTS = 2048, MOST_TOKENS = 8192, LARGEST_VECTOR = 8 << 20 };

struct embed {
    struct later later; /* first: it is passed back as the context */
    struct embedding_request request;
    bool base64;
};

/* ---- The input ------------------------------------------------------------------------------ */

static int bad_input(struct treadle_error *error, const char *what)
{
    return error_set_request(error, "invalid_value", "input", "Invalid 'input': %s.", what);
}

static int too_long(struct treadle_error *error, size_t tokens)
{
    return error_set_request(error, "invalid_value", "input",
                             "Invalid 'input': at most %d tokens are allowed, but one has %zu.",
                             MOST_TOKENS, tokens);
}

static int check_text(const char *text, struct treadle_error *error)
{
    size_t tokens = language_tokens(text, strlen(text));
    if (!text[0])
        return bad_input(error, "it cannot be an empty string");
    return tokens > MOST_TOKENS ? too_long(error, tokens) : 0;
}

static int check_tokens(const json_t *tokens, struct treadle_error *error)
{
    size_t count = json_array_size(tokens);
    if (!count)
        return bad_input(error, "it cannot be empty");
    if (count > MOST_TOKENS)
        return too_long(error, count);
    for (size_t i = 0; i < count; i++)
        if (!json_is_integer(json_array_get(tokens, i)) ||
            json_integer_value(json_array_get(tokens, i)) < 0)
            return bad_input(error, "tokens are whole numbers");
    return 0;
}

static int read_texts(struct embed *embed, const json_t *input, struct arena *arena,
                      struct treadle_error *error)
{
    size_t count = json_is_string(input) ? 1 : json_array_size(input);
    const char **texts = arena_array(arena, count, sizeof *texts);
    int rc = texts ? 0 : error_set_memory(error);
    for (size_t i = 0; !rc && i < count; i++) {
        const json_t *item = json_is_string(input) ? input : json_array_get(input, i);
        if (!json_is_string(item))
            return bad_input(error, "texts and tokens cannot be mixed");
        texts[i] = arena_string(arena, json_string_value(item));
        rc = texts[i] ? check_text(texts[i], error) : error_set_memory(error);
    }
    embed->request.texts = texts;
    embed->request.count = count;
    return rc;
}

static int read_token_lists(struct embed *embed, const json_t *input, struct treadle_error *error)
{
    int rc = 0;
    for (size_t i = 0; !rc && i < json_array_size(input); i++) {
        const json_t *item = json_array_get(input, i);
        rc = json_is_array(item) ? check_tokens(item, error)
                                 : bad_input(error, "lists of tokens and others cannot be mixed");
    }
    embed->request.count = json_array_size(input);
    return rc;
}

static int read_input(struct embed *embed, const json_t *input, struct arena *arena,
                      struct treadle_error *error)
{
    const json_t *first = json_array_get(input, 0);
    if (!json_is_string(input) && !json_is_array(input))
        return error_set_request(error, "invalid_type", "input",
                                 "Invalid type for 'input': expected a string or an array, but "
                                 "got %s instead.",
                                 json_type_name(input));
    if (json_is_array(input) && !first)
        return bad_input(error, "it cannot be an empty array");
    if (json_is_integer(first)) {
        embed->request.count = 1;
        return check_tokens(input, error);
    }
    if (json_array_size(input) > MOST_INPUTS)
        return error_set_request(error, "array_above_max_length", "input",
                                 "Invalid 'input': array too long. Expected an array with maximum "
                                 "length %d, but got an array with length %zu instead.",
                                 MOST_INPUTS, json_array_size(input));
    return json_is_array(first) ? read_token_lists(embed, input, error)
                                : read_texts(embed, input, arena, error);
}

/* ---- The vectors ---------------------------------------------------------------------------- */

static void print_base64(const float *vector, size_t dimensions, struct buffer *out)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t length = dimensions * 4;
    buffer_append_char(out, '"');
    for (size_t at = 0; at < length; at += 3) {
        uint32_t group = 0;
        for (size_t i = at; i < at + 3; i++) {
            uint32_t bits = 0;
            if (i < length)
                memcpy(&bits, &vector[i / 4], sizeof bits);
            group = group << 8 | (bits >> (8 * (i % 4)) & 255);
        }
        for (size_t i = 0; i < 4; i++) {
            bool padding = at + i > length;
            buffer_append_char(out, padding ? '=' : letters[group >> (18 - 6 * i) & 63]);
        }
    }
    buffer_append_char(out, '"');
}

static void print_numbers(const float *vector, size_t dimensions, struct buffer *out)
{
    for (size_t i = 0; i < dimensions; i++)
        buffer_append_format(out, "%c%.9g", i ? ',' : '[', (double)vector[i]);
    buffer_append_string(out, dimensions ? "]" : "[]");
}

static int print_vectors(struct embed *embed, const struct embedding_outcome *outcome,
                         struct treadle_embedding *out)
{
    struct buffer text;
    bool failed = false;
    buffer_init(&text, LARGEST_VECTOR);
    for (size_t i = 0; i < outcome->count && !failed; i++) {
        const float *vector = outcome->vectors + i * outcome->dimensions;
        buffer_reset(&text);
        if (embed->base64)
            print_base64(vector, outcome->dimensions, &text);
        else
            print_numbers(vector, outcome->dimensions, &text);
        out[i].index = (int64_t)i;
        out[i].embedding =
            text.failed ? NULL : arena_copy(embed->later.arena, text.data, text.length);
        failed = !out[i].embedding;
    }
    buffer_clear(&text);
    return failed ? TREADLE_EMEMORY : 0;
}

static void on_done(void *context, const struct embedding_outcome *outcome)
{
    struct embed *embed = context;
    struct treadle_error error;
    struct treadle_embedding *data =
        outcome->error ? NULL : arena_array(embed->later.arena, outcome->count, sizeof *data);
    if (outcome->error) {
        later_fail(&embed->later, outcome->error);
    } else if (!data || print_vectors(embed, outcome, data)) {
        error_set_memory(&error);
        later_fail(&embed->later, &error);
    } else {
        struct treadle_embedding_usage usage = {.prompt_tokens = outcome->prompt_tokens,
                                                .total_tokens = outcome->prompt_tokens};
        struct treadle_embedding_list list = {
            .data = data, .data_count = outcome->count, .model = outcome->model, .usage = &usage};
        later_reply(&embed->later, &treadle_embedding_list_type, &list);
    }
    later_end(&embed->later);
}

struct resource_plan embedding_create(struct resource_call *call, struct treadle_error *error)
{
    const struct treadle_embedding_create_request *body = call->body;
    struct embed *embed = arena_alloc(call->arena, sizeof *embed);
    json_t *input = NULL;
    if (!embed)
        return resource_answer(error_set_memory(error));
    embed->base64 = body->encoding_format == TREADLE_ENCODING_BASE64;
    embed->request.model = body->model;
    embed->request.input = body->input;
    embed->request.user = body->user;
    embed->request.cancelled = &embed->later.cancelled;
    if (body->dimensions.state == TREADLE_SET)
        embed->request.dimensions = body->dimensions.value;
    int rc = json_parse(body->input, strlen(body->input), &input, error);
    if (!rc)
        rc = read_input(embed, input, call->arena, error);
    json_decref(input);
    if (!rc)
        rc = later_begin(&embed->later, call, error);
    if (rc)
        return resource_answer(rc);
    const struct embedding_sink sink = {embed, on_done};
    model_embed(call->services->model, &embed->request, &sink);
    return (struct resource_plan){.kind = RESOURCE_LATER};
}
