/*
 * Responses: bodies are handed to libmicrohttpd without a copy, files as descriptors for sendfile.
 */
#include "http/response.h"

#include <stdio.h>
#include <stdlib.h>

#include "http/reply.h"
#include "http/stream.h"

static struct MHD_Response *response_of_file(struct http_reply *reply)
{
    struct MHD_Response *response = NULL;
    if (reply->file_length)
        response = MHD_create_response_from_fd_at_offset64(reply->file_length, reply->file,
                                                           reply->file_start);
    else
        response = MHD_create_response_from_buffer(0, (void *)"", MHD_RESPMEM_PERSISTENT);
    /* The response closes the descriptor only if it has taken it. */
    if (response && reply->file_length)
        reply->file = -1;
    return response;
}

static struct MHD_Response *response_of_buffer(struct http_reply *reply)
{
    size_t length = reply->body.length;
    if (!length)
        return MHD_create_response_from_buffer(0, (void *)"", MHD_RESPMEM_PERSISTENT);
    char *data = buffer_take(&reply->body);
    if (!data)
        return NULL;
    struct MHD_Response *response =
        MHD_create_response_from_buffer(length, data, MHD_RESPMEM_MUST_FREE);
    if (!response)
        free(data);
    return response;
}

/* False when memory runs out. */
static bool add_headers(struct MHD_Response *response, const struct http_reply *reply,
                        const struct http_response_frame *frame, bool of_file)
{
    char milliseconds[24];
    snprintf(milliseconds, sizeof milliseconds, "%lld", (long long)(frame->handler_us / 1000));
    const char *type = reply->content_type;
    bool added = MHD_add_response_header(response, "x-request-id", frame->request_id) &&
                 MHD_add_response_header(response, "openai-processing-ms", milliseconds);
    /* Files come from clients: no browser may guess that one is a page. */
    if (of_file)
        added = added && MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    if (type && http_reply_is_value(type))
        added = added && MHD_add_response_header(response, "Content-Type", type);
    if (frame->close)
        added = added && MHD_add_response_header(response, "Connection", "close");
    for (size_t i = 0; i < reply->header_count && added; i++)
        added = MHD_add_response_header(response, reply->headers[i].name, reply->headers[i].value);
    return added;
}

struct MHD_Response *http_response_build(struct http_reply *reply,
                                         const struct http_response_frame *frame)
{
    bool of_file = !reply->stream && reply->file >= 0;
    struct MHD_Response *response = reply->stream ? http_stream_response(reply->stream)
                                    : of_file     ? response_of_file(reply)
                                                  : response_of_buffer(reply);
    if (!response)
        return NULL;
    if (add_headers(response, reply, frame, of_file))
        return response;
    MHD_destroy_response(response);
    return NULL;
}
