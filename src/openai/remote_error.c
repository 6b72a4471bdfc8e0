/*
 * Errors of model servers.
 *
 * Servers differ in how they say an error: {"error": {"message", "type", "param", "code"}},
 * {"error": "text"}, {"message": "text"}, {"detail": "text"}; all of these are read.
 */
#include "openai/remote_error.h"

#include <stdio.h>
#include <string.h>

#include "api/json.h"
#include "base/error.h"

struct remote {
    const char *message;
    const char *code;
    const char *param;
    json_int_t prompt_tokens, context; /* of a prompt that is too long; 0: not said */
};

void remote_error_transport(enum loop_loss loss, const char *why, struct treadle_error *error)
{
    static const char *const texts[] = {[LOOP_UNREACHABLE] = "The model server cannot be reached",
                                        [LOOP_CUT_OFF] = "The model server's answer was cut off",
                                        [LOOP_TIMEOUT] =
                                            "The model server took too long to answer"};
    static const char *const codes[] = {[LOOP_UNREACHABLE] = "model_server_unreachable",
                                        [LOOP_CUT_OFF] = "model_server_error",
                                        [LOOP_TIMEOUT] = "model_server_timeout"};
    bool timeout = loss == LOOP_TIMEOUT;
    error_set_wire(error, timeout ? 504 : 502, "server_error", codes[loss], NULL, "%s (%s).",
                   texts[loss], why);
    error->code = timeout ? TREADLE_ETIMEOUT : TREADLE_ENETWORK;
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text && *text ? text : NULL;
}

static void read_remote(const json_t *body, struct remote *out)
{
    const json_t *error = json_object_get(body, "error");
    const json_t *from = json_is_object(error) ? error : body;
    out->message = json_is_string(error) ? json_string_value(error) : text_of(from, "message");
    if (!out->message)
        out->message = text_of(body, "detail");
    out->code = text_of(from, "code");
    if (!out->code && strcmp(text_of(from, "type") ? text_of(from, "type") : "",
                             "exceed_context_size_error") == 0)
        out->code = "context_length_exceeded";
    out->prompt_tokens = json_integer_value(json_object_get(from, "n_prompt_tokens"));
    out->context = json_integer_value(json_object_get(from, "n_ctx"));
    out->param = text_of(from, "param");
}

/* Whether a text may be shown: a server that echoes the key must not make us show it. */
static const char *shown(const char *text, const char *key)
{
    return text && !(key && *key && strstr(text, key)) ? text : NULL;
}

/* Some servers say the numbers beside the message alone. */
static void add_numbers(struct treadle_error *error, const struct remote *remote)
{
    size_t length = strlen(error->message);
    if (remote->prompt_tokens > 0 && remote->context > 0 && !strpbrk(error->message, "0123456789"))
        snprintf(error->message + length, sizeof error->message - length,
                 " (%lld tokens, n_ctx %lld)", (long long)remote->prompt_tokens,
                 (long long)remote->context);
}

static void describe(struct treadle_error *error, int status, const struct remote *remote,
                     const char *key)
{
    const char *message = shown(remote->message, key);
    const char *code = shown(remote->code, key), *param = shown(remote->param, key);
    switch (status) {
    case 400:
    case 413:
    case 422:
        error_set_wire(error, status == 422 ? 400 : status, "invalid_request_error", code, param,
                       "%s", message ? message : "The model server refused the request.");
        add_numbers(error, remote);
        break;
    case 404:
        error_set_wire(error, 404, "invalid_request_error", code ? code : "model_not_found", param,
                       "%s", message ? message : "The model server does not have this model.");
        break;
    case 429:
        error_set_wire(error, 429, "rate_limit_error", code ? code : "rate_limit_exceeded", NULL,
                       "%s", message ? message : "The model server has too much to do.");
        break;
    case 401:
    case 403:
        error_set_wire(error, 502, "server_error", "model_server_refused", NULL,
                       "The model server refused the key that this server has for it (status %d).",
                       status);
        break;
    case 408:
    case 504:
        error_set_wire(error, 504, "server_error", "model_server_timeout", NULL,
                       "The model server timed out (status %d).", status);
        break;
    default:
        error_set_wire(error, 502, "server_error", "model_server_error", NULL,
                       "The model server failed (status %d)%s%s", status, message ? ": " : ".",
                       message ? message : "");
    }
    error->code = TREADLE_EREMOTE;
}

static bool may_pass(long status, const struct remote *remote)
{
    bool exhausted = remote->code && strcmp(remote->code, "insufficient_quota") == 0;
    return status == 408 || status >= 500 || (status == 429 && !exhausted);
}

static enum loop_hope hope_of(long status, const struct remote *remote)
{
    if (status == 503 && remote->message && strcasestr(remote->message, "loading"))
        return LOOP_LOADING;
    return may_pass(status, remote) ? LOOP_PASSING : LOOP_FINAL;
}

enum loop_hope remote_error_read(long status, const struct buffer *body, const char *key,
                                 struct treadle_error *error)
{
    json_t *value = NULL;
    /* Without JSON, or the memory for it, the status says what can be said. */
    json_read(body->data, body->length, JSON_READ_REPEATED, &value, NULL);
    struct remote remote = {.message = NULL};
    if (status >= 300 && status < 400) {
        error_set_wire(error, 502, "server_error", "model_server_error", NULL,
                       "The model server redirects (status %ld), which is not followed: name the "
                       "address that it redirects to.",
                       status);
        json_decref(value);
        return LOOP_FINAL;
    }
    read_remote(value, &remote);
    describe(error, (int)status, &remote, key);
    enum loop_hope hope = hope_of(status, &remote);
    json_decref(value);
    return hope;
}

const struct loop_words remote_error_words = {.lost = remote_error_transport,
                                              .refused = remote_error_read};

int remote_error_event(const char *text, size_t length, const char *key,
                       struct treadle_error *error)
{
    json_t *value = NULL;
    if (json_read(text, length, JSON_READ_REPEATED, &value, error) == TREADLE_EMEMORY)
        return TREADLE_EMEMORY;
    struct remote remote = {.message = NULL};
    const json_t *inner = json_object_get(value, "error");
    const json_t *status = json_object_get(json_is_object(inner) ? inner : value, "code");
    json_int_t number = json_integer_value(status);
    bool is_status = number >= 400 && number <= 599;
    read_remote(value, &remote);
    describe(error, is_status ? (int)number : 500, &remote, key);
    if (is_status && may_pass((long)number, &remote))
        error->code = TREADLE_EBUSY;
    json_decref(value);
    return error->code;
}
