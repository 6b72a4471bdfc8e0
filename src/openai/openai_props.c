/*
 * Properties: one exchange after the other, /props first, then a sample of text for each class of
 * tokens.
 *
 * A few sentences of each kind fix the factors of the classes well enough, and every answer
 * corrects them (openai_facts_learn). Nothing here is needed: what cannot be had stays unknown.
 */
#include "openai/openai_props.h"

#include <stdlib.h>
#include <string.h>

#include "api/json.h"
#include "base/error.h"
#include "base/text.h"
#include "openai/openai_facts.h"

enum { BODY_BYTES = 4 << 20, SECONDS = 5, SWEEPS = 40, SAMPLES = 7, LONGEST_REQUEST = 4096 };

static const char *const samples[SAMPLES] = {
    "The pump is serviced every four hundred hours by somebody who has read the manual. Before a "
    "longer journey the lamps are tried one after the other, and the driver writes the result "
    "into the log, which stays in the cabin until the end of the week.",
    "Die Wartungsanleitung beschreibt sämtliche Sicherheitsvorkehrungen, die vor jeder "
    "Inbetriebnahme "
    "der Förderpumpe einzuhalten sind; Gewährleistungsansprüche verfallen bei unsachgemäßer "
    "Handhabung der Druckbehälter.",
    "Перед дальней поездкой водитель проверяет уровень масла и давление в шинах, а затем "
    "записывает показания приборов в журнал, который хранится в кабине.",
    "遠くへ出かける前に、運転手は油の量とタイヤの空気圧を確認し、その結果を運転席の"
    "日誌に書き込みます。部品の交換は整備士が行います。",
    "4711 20260 1.5 88 31415 926535 2026-11-30 17:45:09 100200300 0.0375 512 1024 65535 8080 "
    "299792458 6.022 1867 44100 7 19 2718 2818 10.0.0.17 404 500 1999",
    "if (count > 0 && items[count - 1] != NULL) {\n    out->total += items[--count]->price * "
    "2;\n}\n"
    "| a | b |\n|---|---|\n* [x] (y) {z} = \"q\"; // #!/bin/sh -e \\ ~/ <tag/> @&%$ ^_` '' ?\n",
    "Öt híres ügyfél később kérdezte, où étaient les clés déposées à côté de la fenêtre; "
    "wszystkie części są już gotowe, señor, y mañana llegarán más.",
};

struct openai_props {
    struct openai *server;
    char *props_url, *tokenize_url; /* NULL: the server's address has another form */
    void (*then)(void *context);
    void *context;
    struct buffer body, request;
    atomic_bool counted; /* samples were, since it was forgotten; any thread forgets */
    size_t sample;
    struct estimate estimates[SAMPLES];
    int64_t counts[SAMPLES];
};

static int on_bytes(void *context, const char *bytes, size_t length, struct treadle_error *error)
{
    struct openai_props *props = context;
    return buffer_append(&props->body, bytes, length)
               ? buffer_error(&props->body, "What the model server says is too long.", error)
               : 0;
}

static bool on_again(void *context)
{
    buffer_reset(&((struct openai_props *)context)->body);
    return true;
}

static int on_end(void *context, struct treadle_error *error)
{
    (void)context, (void)error;
    return 0;
}

/* What came, as JSON; NULL where it is none. */
static json_t *take_body(struct openai_props *props)
{
    json_t *value = NULL;
    if (props->body.length)
        json_read(props->body.data, props->body.length, JSON_READ_REPEATED, &value, NULL);
    buffer_reset(&props->body);
    return value;
}

static bool submit(struct openai_props *props, const char *url, const struct loop_handler *handler)
{
    struct loop_exchange exchange = openai_exchange(props->server);
    exchange.url = url;
    exchange.connect_seconds = exchange.first_seconds = exchange.idle_seconds = SECONDS;
    exchange.attempts = 1;
    exchange.handler = handler;
    exchange.context = props;
    if (props->request.length) {
        exchange.body = props->request.data;
        exchange.body_length = props->request.length;
    }
    return loop_submit(props->server->means.loop, &exchange, NULL) == 0;
}

/* ---- Samples -------------------------------------------------------------------------------- */

static void settle_scale(struct openai_props *props)
{
    struct estimate_scale scale = estimate_plain;
    for (int sweep = 0; sweep < SWEEPS; sweep++)
        for (size_t i = 0; i < SAMPLES; i++)
            estimate_learn(&scale, &props->estimates[i], props->counts[i]);
    openai_facts_scale(props->server->facts, &scale);
    atomic_store(&props->counted, true);
}

static bool count_sample(struct openai_props *props);

static void on_counted(void *context, enum loop_end end, const struct treadle_error *error)
{
    struct openai_props *props = context;
    json_t *value = take_body(props);
    const struct model_message message = {.text = samples[props->sample]};
    size_t count = json_array_size(json_object_get(value, "tokens"));
    (void)error;
    json_decref(value);
    buffer_reset(&props->request);
    if (end != LOOP_OK || !count)
        return;
    props->estimates[props->sample] = estimate_message(&message);
    /* Nothing stands around a sample. */
    props->estimates[props->sample].counts[ESTIMATE_FRAME] = 0;
    props->counts[props->sample++] = (int64_t)count;
    if (props->sample < SAMPLES)
        count_sample(props);
    else
        settle_scale(props);
}

static const struct loop_handler count_handler = {
    .bytes = on_bytes, .end = on_end, .again = on_again, .done = on_counted};

static bool count_sample(struct openai_props *props)
{
    buffer_append_string(&props->request, "{\"content\":");
    json_print_string(samples[props->sample], &props->request);
    buffer_append_char(&props->request, '}');
    return !props->request.failed && submit(props, props->tokenize_url, &count_handler);
}

/* ---- Properties ----------------------------------------------------------------------------- */

static void note(struct openai_props *props, const json_t *value)
{
    const json_t *tools =
        json_object_get(json_object_get(value, "chat_template_caps"), "supports_tools");
    json_int_t slots = json_integer_value(json_object_get(value, "total_slots"));
    if (json_is_object(value))
        openai_facts_server(props->server->facts,
                            json_is_false(tools) ? MODEL_TOOLS_NO : MODEL_TOOLS_UNKNOWN,
                            slots > 0 && slots < UINT16_MAX ? (unsigned)slots : 0);
}

static void on_done(void *context, enum loop_end end, const struct treadle_error *error)
{
    struct openai_props *props = context;
    json_t *value = take_body(props);
    (void)error;
    if (end == LOOP_OK)
        note(props, value);
    json_decref(value);
    props->then(props->context);
    props->sample = 0;
    if (end == LOOP_OK && !atomic_load(&props->counted))
        count_sample(props);
}

static const struct loop_handler props_handler = {
    .bytes = on_bytes, .end = on_end, .again = on_again, .done = on_done};

void openai_props_fetch(struct openai_props *props, void (*then)(void *context), void *context)
{
    props->then = then;
    props->context = context;
    /* A sample is still being counted. */
    if (!props->props_url || props->request.length ||
        !submit(props, props->props_url, &props_handler))
        then(context);
}

void openai_props_forget(struct openai_props *props)
{
    atomic_store(&props->counted, false);
}

/* ---- Life ----------------------------------------------------------------------------------- */

/* The address beside /v1, where the server's address has that form. */
static char *beside(const char *chat_url, const char *path)
{
    static const char end[] = "/v1/chat/completions";
    size_t length = strlen(chat_url);
    struct buffer url;
    if (length < sizeof end || strcmp(chat_url + length - (sizeof end - 1), end) != 0)
        return NULL;
    buffer_init(&url, LONGEST_REQUEST);
    buffer_append(&url, chat_url, length - (sizeof end - 1));
    buffer_append_string(&url, path);
    char *taken = url.failed ? NULL : buffer_take(&url);
    buffer_clear(&url);
    return taken;
}

int openai_props_new(struct openai_props **out, struct openai *server, struct treadle_error *error)
{
    struct openai_props *props = calloc(1, sizeof *props);
    if (!props)
        return error_set_memory(error);
    props->server = server;
    props->props_url = beside(server->chat_url, "/props");
    props->tokenize_url = beside(server->chat_url, "/tokenize");
    if (!props->tokenize_url) {
        free(props->props_url);
        props->props_url = NULL;
    }
    buffer_init(&props->body, BODY_BYTES);
    buffer_init(&props->request, LONGEST_REQUEST);
    *out = props;
    return 0;
}

void openai_props_free(struct openai_props *props)
{
    if (!props)
        return;
    free(props->props_url);
    free(props->tokenize_url);
    buffer_clear(&props->body);
    buffer_clear(&props->request);
    free(props);
}
