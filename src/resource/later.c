/*
 * Handlers that answer later.
 */
#include "resource/later.h"

#include "api/error.h"
#include "base/error.h"

static void on_cancelled(void *context)
{
    struct later *later = context;
    atomic_store(&later->cancelled, true);
    model_cancel(later->model);
}

static void on_released(void *context)
{
    arena_free(((struct later *)context)->arena);
}

int later_begin(struct later *later, struct resource_call *call, struct treadle_error *error)
{
    const struct http_stream_options options = {
        .context = later, .cancelled = on_cancelled, .released = on_released};
    later->arena = call->arena;
    later->model = call->services->model;
    return http_stream_new(&later->stream, call->reply, &options, error);
}

void later_fail(struct later *later, const struct treadle_error *error)
{
    struct http_reply reply;
    struct treadle_error shown = *error;
    if (!shown.http_status)
        error_set_wire(&shown, error->code == TREADLE_EMEMORY ? 503 : 500, "server_error", NULL,
                       NULL, "The server had an error: %s.", error->message);
    http_reply_init(&reply);
    reply.status = shown.http_status;
    error_print(&shown, &reply.body);
    http_stream_reply(later->stream, &reply);
}

void later_reply(struct later *later, const struct treadle_type *type, const void *object)
{
    struct http_reply reply;
    struct treadle_error error;
    http_reply_init(&reply);
    field_print(type, object, &reply.body);
    if (!reply.body.failed) {
        http_stream_reply(later->stream, &reply);
        return;
    }
    buffer_error(&reply.body, "the reply is too large", &error);
    http_reply_clear(&reply);
    later_fail(later, &error);
}

void later_end(struct later *later)
{
    http_stream_unref(later->stream);
}
