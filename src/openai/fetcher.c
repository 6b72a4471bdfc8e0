/*
 * Fetching. Errors do not have the address, which may contain secrets.
 */
#include "openai/fetcher.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/error.h"
#include "model/image.h"
#include "openai/address.h"
#include "openai/remote_error.h"

enum {
    CONNECT_SECONDS = 10,
    SILENCE_SECONDS = 15,
    WHOLE_SECONDS = 30, /* of each attempt */
    ATTEMPTS = 2,
    MOST_MOVES = 3,
    LONGEST_URL = 8192
};

struct fetcher {
    struct loop *loop;
    char **hosts; /* ends with NULL */
};

enum permission { FORBIDDEN, BY_SUFFIX, BY_NAME };

struct fetch {
    struct fetcher *fetcher;
    struct fetch_sink sink;
    const atomic_bool *cancelled;
    char *url, *next; /* where a redirect leads */
    bool named;       /* private addresses are allowed too */
    unsigned moves;
    const char *why; /* it failed; NULL: its server's fault */
    struct buffer body;
};

/* ---- Hosts ---------------------------------------------------------------------------------- */

static bool is_host(const char *host)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
    size_t length = strlen(host);
    if (length > 2 && host[0] == '[' && host[length - 1] == ']')
        return strspn(host + 1, "0123456789abcdefABCDEF:.") == length - 2;
    if (host[0] == '*')
        return host[1] == '.' && host[2] && host[2 + strspn(host + 2, letters)] == '\0';
    return length && strspn(host, letters) == length;
}

static enum permission permission_of(const struct fetcher *fetcher, const char *host)
{
    enum permission permission = FORBIDDEN;
    size_t length = strlen(host);
    for (char **at = fetcher->hosts; *at; at++) {
        size_t suffix = strlen(*at) - 1;
        if (strcasecmp(*at, host) == 0)
            return BY_NAME;
        if (**at == '*' && length > suffix && strcasecmp(host + length - suffix, *at + 1) == 0)
            permission = BY_SUFFIX;
    }
    return permission;
}

static enum permission check_url(const struct fetcher *fetcher, const char *url)
{
    CURLU *parsed = curl_url();
    char *scheme = NULL, *host = NULL, *user = NULL;
    enum permission permission = FORBIDDEN;
    if (parsed && strlen(url) <= LONGEST_URL &&
        curl_url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK &&
        curl_url_get(parsed, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
        curl_url_get(parsed, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
        (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0) &&
        curl_url_get(parsed, CURLUPART_USER, &user, 0) == CURLUE_NO_USER)
        permission = permission_of(fetcher, host);
    curl_free(scheme);
    curl_free(host);
    curl_free(user);
    curl_url_cleanup(parsed);
    return permission;
}

bool fetcher_may(const struct fetcher *fetcher, const char *url)
{
    return check_url(fetcher, url) != FORBIDDEN;
}

static bool copy_hosts(struct fetcher *fetcher, const char *const *hosts)
{
    size_t count = 0;
    while (hosts[count])
        count++;
    fetcher->hosts = calloc(count + 1, sizeof *fetcher->hosts);
    for (size_t i = 0; fetcher->hosts && i < count; i++) {
        fetcher->hosts[i] = strdup(hosts[i]);
        if (!fetcher->hosts[i])
            return false;
    }
    return fetcher->hosts;
}

int fetcher_new(struct fetcher **out, struct loop *loop, const char *const *hosts,
                struct treadle_error *error)
{
    for (const char *const *at = hosts; *at; at++)
        if (!is_host(*at))
            return error_set(error, TREADLE_EINVALID,
                             "'%.200s' is no host: expected a name as images.example.com, or "
                             "*.example.com for all below it",
                             *at);
    struct fetcher *fetcher = calloc(1, sizeof *fetcher);
    if (!fetcher || !copy_hosts(fetcher, hosts)) {
        fetcher_free(fetcher);
        return error_set_memory(error);
    }
    fetcher->loop = loop;
    *out = fetcher;
    return 0;
}

void fetcher_free(struct fetcher *fetcher)
{
    for (size_t i = 0; fetcher && fetcher->hosts && fetcher->hosts[i]; i++)
        free(fetcher->hosts[i]);
    if (fetcher)
        free(fetcher->hosts);
    free(fetcher);
}

/* ---- The end -------------------------------------------------------------------------------- */

static void free_fetch(struct fetch *fetch)
{
    free(fetch->url);
    free(fetch->next);
    buffer_clear(&fetch->body);
    free(fetch);
}

static void end_well(struct fetch *fetch, const char *type)
{
    const struct fetch_outcome outcome = {
        .type = type, .bytes = fetch->body.data, .length = fetch->body.length};
    fetch->sink.done(fetch->sink.context, &outcome);
    free_fetch(fetch);
}

static void end_badly(struct fetch *fetch, const char *why)
{
    struct treadle_error error;
    const struct fetch_outcome outcome = {.error = &error};
    error_set(&error, TREADLE_EREMOTE, "The image cannot be fetched: %s.", why);
    fetch->sink.done(fetch->sink.context, &outcome);
    free_fetch(fetch);
}

/* ---- The exchange --------------------------------------------------------------------------- */

static void begin(struct fetch *fetch);

static int on_bytes(void *context, const char *bytes, size_t length, struct treadle_error *error)
{
    struct fetch *fetch = context;
    if (!buffer_append(&fetch->body, bytes, length))
        return 0;
    fetch->why = "it is too large";
    return error_set(error, TREADLE_ELIMIT, "The image is too large.");
}

static int on_end(void *context, struct treadle_error *error)
{
    (void)context, (void)error;
    return 0;
}

static bool on_again(void *context)
{
    buffer_reset(&((struct fetch *)context)->body);
    return true;
}

static void on_moved(void *context, const char *url)
{
    struct fetch *fetch = context;
    if (fetch->moves++ == MOST_MOVES)
        fetch->why = "it was redirected too often";
    else
        fetch->next = strdup(url);
}

static bool on_connect(void *context, const struct sockaddr *address)
{
    struct fetch *fetch = context;
    bool may = fetch->named || address_is_public(address);
    if (!may)
        fetch->why = "its host's address is not public";
    return may;
}

static void on_done(void *context, enum loop_end end, const struct treadle_error *error)
{
    struct fetch *fetch = context;
    (void)error;
    const char *type = image_type(fetch->body.data, fetch->body.length);
    if (end == LOOP_CANCELLED) {
        end_badly(fetch, "it was given up");
    } else if (end == LOOP_OK && type) {
        end_well(fetch, type);
    } else if (end == LOOP_OK) {
        end_badly(fetch, "it is no PNG, JPEG, GIF or WebP");
    } else if (fetch->next) {
        free(fetch->url);
        fetch->url = fetch->next;
        fetch->next = NULL;
        begin(fetch);
    } else {
        end_badly(fetch, fetch->why ? fetch->why : "its server did not give it");
    }
}

static const struct loop_handler fetch_handler = {
    .bytes = on_bytes, .end = on_end, .again = on_again, .done = on_done, .moved = on_moved};

static void begin(struct fetch *fetch)
{
    enum permission permission = check_url(fetch->fetcher, fetch->url);
    fetch->named = permission == BY_NAME;
    const struct loop_exchange exchange = {.url = fetch->url,
                                           .accept = "image/png, image/jpeg, image/gif, image/webp",
                                           .connect_seconds = CONNECT_SECONDS,
                                           .first_seconds = SILENCE_SECONDS,
                                           .idle_seconds = SILENCE_SECONDS,
                                           .whole_seconds = WHOLE_SECONDS,
                                           .attempts = ATTEMPTS,
                                           .cancelled = fetch->cancelled,
                                           .may_connect = on_connect,
                                           .words = &remote_error_words,
                                           .handler = &fetch_handler,
                                           .context = fetch};
    if (permission == FORBIDDEN)
        end_badly(fetch, "it is at a host that is not allowed");
    else if (loop_submit(fetch->fetcher->loop, &exchange, NULL))
        end_badly(fetch, "there is too much to do");
}

void fetcher_fetch(struct fetcher *fetcher, const char *url, const atomic_bool *cancelled,
                   const struct fetch_sink *sink)
{
    struct treadle_error error;
    const struct fetch_outcome outcome = {.error = &error};
    struct fetch *fetch = calloc(1, sizeof *fetch);
    char *copy = strdup(url);
    if (!fetch || !copy) {
        free(fetch);
        free(copy);
        error_set_memory(&error);
        sink->done(sink->context, &outcome);
        return;
    }
    *fetch = (struct fetch){.fetcher = fetcher, .sink = *sink, .cancelled = cancelled, .url = copy};
    buffer_init(&fetch->body, IMAGE_BYTES);
    begin(fetch);
}
