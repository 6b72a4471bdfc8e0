/*
 * Shared by the files of the client room: the client, one HTTP exchange, one call.
 *
 *   resource file (run.c, …) → client_call (call.c: URL, body, attempts) → exchange_run
 *   (exchange.c: curl) → response_new (response.c: the typed reply)
 *
 * Streams go another way: stream.c → feed (feed.c: one connection, driven by curl's multi
 * interface) → event_read (event.c: the typed event).
 */
#ifndef CLIENT_INTERNAL_H
#define CLIENT_INTERNAL_H

#include <curl/curl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "api/endpoint.h"
#include "base/arena.h"
#include "base/buffer.h"
#include "treadle/client.h"

enum {
    CLIENT_BODY_LIMIT = 64 << 20,    /* bytes of a reply, and of a request that is no upload */
    CLIENT_HEADER_LIMIT = 64 << 10,  /* bytes of a reply's headers */
    CLIENT_MEMORY_LIMIT = 512 << 20, /* bytes of a reply once it is typed */
    CLIENT_URL_LIMIT = 16384,
    CLIENT_IDLE_HANDLES = 8
};

struct treadle_client {
    char *base_url;    /* up to and with "/v1" */
    char *socket_path; /* NULL except for a Unix socket */
    char *server_name; /* for messages */
    char *user_agent;
    char *ca_file;              /* NULL: the system's */
    struct curl_slist *headers; /* that every request has */
    long connect_timeout_ms, request_timeout_ms;
    int max_retries;
    double backoff_seconds;
    double polling_interval_seconds; /* 0: as the server asks */
    double polling_timeout_seconds;  /* 0: no end */
    pthread_mutex_t lock;            /* guards what follows */
    CURL *idle[CLIENT_IDLE_HANDLES]; /* each with its open connections */
    size_t idle_count;
};

/* A curl handle for one call, NULL when memory runs out; give it back reset. */
CURL *client_take_handle(struct treadle_client *client);
void client_give_handle(struct treadle_client *client, CURL *handle);

/* ---- One HTTP exchange ---------------------------------------------------------------------- */

/* The content of a file part: an open file, or memory when `descriptor` is negative. */
struct upload {
    int descriptor;
    const char *bytes;
    curl_off_t length;
    curl_off_t offset;
    const char *member; /* of the form */
    const char *filename;
    const char *purpose; /* NULL: the form has nothing but the content */
    int64_t expires_after_seconds;
    bool broken; /* it could not be read to its end */
};

struct exchange {
    const char *method;
    const char *url;
    const char *body; /* JSON, NULL for none */
    size_t body_length;
    struct upload *upload;
    treadle_content_sink sink; /* takes the body of a 2xx reply, when there is one */
    void *sink_context;
    bool is_stream; /* it may take any time, and its events are requested with their numbers */

    /* While it is open: */
    CURL *handle;
    struct curl_slist *headers;
    curl_mime *form;
    char reason[CURL_ERROR_SIZE];

    long status; /* 0 until a status line came */
    struct buffer header_text;
    struct buffer reply;
    bool delivered; /* the sink has received bytes */
    bool refused;   /* the sink accepts no more */
};

/* Sends and receives once. 0 when a whole reply came, whatever its status. */
int exchange_run(struct treadle_client *client, struct exchange *exchange,
                 struct treadle_error *error);

/* The same in parts, for a caller that drives curl itself: exchange->handle is there in between. */
int exchange_open(struct treadle_client *client, struct exchange *exchange,
                  struct treadle_error *error);
void exchange_close(struct treadle_client *client, struct exchange *exchange);

/* Sets the error for curl's code, and returns a negative code. */
int exchange_failure(const struct treadle_client *client, const struct exchange *exchange,
                     CURLcode code, struct treadle_error *error);

void exchange_clear(struct exchange *exchange);

/* ---- Replies -------------------------------------------------------------------------------- */

/* Makes the reply of `size` bytes whose object is at `offset`; `type` may be NULL. Returns 0, or a
 * negative code with the reply in `out` where there is one. */
int response_new(struct treadle_response **out, const struct exchange *exchange, size_t size,
                 size_t offset, const struct treadle_type *type, struct treadle_error *error);

/* Whether every object, and each one of a page, has the id that its type gives it. */
bool response_has_ids(const struct treadle_type *type, const void *object);

/* Whether the same request may succeed later, and the pause until then: what the server asks for,
 * else that of attempt `attempt` (from 1). `response` is NULL when the connection failed. */
bool retry_helps(const struct treadle_response *response);
double retry_pause(const struct treadle_client *client, const struct treadle_response *response,
                   int attempt);

/* The seconds to wait before attempt `attempt` (from 1), negative when there is to be none. */
double retry_delay(const struct treadle_client *client, const struct treadle_response *response,
                   int attempt);

void client_sleep(double seconds);

/* ---- Calls ---------------------------------------------------------------------------------- */

struct client_call {
    enum endpoint_id endpoint;
    const char *arguments[ENDPOINT_ARGUMENTS];
    const struct treadle_list_options *list; /* may be NULL */
    bool include_content;
    int64_t after_event; /* the number of an event; 0: none */
    const void *request; /* of the endpoint's type; NULL: an empty object */
    struct upload *upload;
    treadle_content_sink sink;
    void *sink_context;
    size_t size;   /* of the reply */
    size_t offset; /* of the object within */
};

/* Makes a call. `out` may get a reply on failure too; see client.h. */
int client_call(struct treadle_client *client, const struct client_call *call,
                struct treadle_response **out, struct treadle_error *error);

/* The request of a call, into empty buffers. TREADLE_EINVALID for what cannot be sent. */
int client_call_url(const struct treadle_client *client, const struct client_call *call,
                    struct buffer *url, struct treadle_error *error);
int client_call_body(const struct client_call *call, struct buffer *body,
                     struct treadle_error *error);

/* Appends "?name=value…" for the options that are set; TREADLE_EINVALID for one that the endpoint
 * does not accept. */
int query_append(const struct client_call *call, struct buffer *url, struct treadle_error *error);

/* The body of a wrapper: makes the call that the further arguments describe and returns its typed
 * reply. Expects `out`, `client` and `error` as the public functions have them. */
#define CLIENT_CALL(T, member, ...)                                                                \
    struct treadle_response *response = NULL;                                                      \
    const struct client_call call = {                                                              \
        .size = sizeof(struct T), .offset = offsetof(struct T, member), __VA_ARGS__};              \
    int rc = client_call(client, &call, &response, error);                                         \
    if (response && out)                                                                           \
        *out = (struct T *)(void *)response;                                                       \
    else                                                                                           \
        treadle_response_free(response);                                                           \
    return rc

#endif
