/*
 * The client handle: options are checked and copied, the base URL is brought to one form, and
 * curl handles wait in a small pool so that their connections are used again.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "base/error.h"
#include "base/text.h"
#include "client/internal.h"

/* Before 7.84 curl_global_init must not run beside another thread. */
#if LIBCURL_VERSION_NUM < 0x075400
#error "libtreadle needs libcurl 7.84 or newer"
#endif

static const char default_url[] = "http://127.0.0.1:8383";

const char *treadle_version(void)
{
    return TREADLE_VERSION;
}

/* ---- Options -------------------------------------------------------------------------------- */

static int check_header_value(const char *value, const char *what, struct treadle_error *error)
{
    for (const char *c = value ? value : ""; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7F)
            return error_set(error, TREADLE_EINVALID, "the %s has a control character in it", what);
    return 0;
}

static int check_options(const struct treadle_client_options *options, struct treadle_error *error)
{
    if (options->version != TREADLE_CLIENT_OPTIONS_VERSION)
        return error_set(error, TREADLE_EINVALID,
                         "client options of version %u are not known to this library",
                         options->version);
    const double seconds[] = {options->connect_timeout_seconds, options->request_timeout_seconds,
                              options->backoff_seconds, options->polling_interval_seconds,
                              options->polling_timeout_seconds};
    for (size_t i = 0; i < sizeof seconds / sizeof seconds[0]; i++)
        if (!(fabs(seconds[i]) <= 1e6))
            return error_set(error, TREADLE_EINVALID,
                             "a time in the client options must be at most 1,000,000 s");
    if (options->max_retries > 100)
        return error_set(error, TREADLE_EINVALID, "max_retries is above 100");
    int rc = check_header_value(options->api_key, "API key", error);
    if (!rc)
        rc = check_header_value(options->organization, "organization", error);
    if (!rc)
        rc = check_header_value(options->project, "project", error);
    return rc ? rc : check_header_value(options->user_agent, "user agent", error);
}

static double or_default(double value, double fallback)
{
    return value == 0 ? fallback : value < 0 ? 0 : value;
}

static void take_numbers(struct treadle_client *client,
                         const struct treadle_client_options *options)
{
    client->connect_timeout_ms = (long)(or_default(options->connect_timeout_seconds, 10) * 1000);
    client->request_timeout_ms = (long)(or_default(options->request_timeout_seconds, 600) * 1000);
    client->max_retries = options->max_retries == 0  ? 2
                          : options->max_retries < 0 ? 0
                                                     : options->max_retries;
    client->backoff_seconds = or_default(options->backoff_seconds, 0.5);
    client->polling_interval_seconds = or_default(options->polling_interval_seconds, 0);
    client->polling_timeout_seconds = or_default(options->polling_timeout_seconds, 600);
}

/* ---- Base URL ------------------------------------------------------------------------------- */

static int bad_url(const char *url, const char *why, struct treadle_error *error)
{
    return error_set(error, TREADLE_EINVALID, "the server URL '%.200s' %s", url, why);
}

static bool has_part(CURLU *parsed, CURLUPart part)
{
    char *text = NULL;
    bool found = curl_url_get(parsed, part, &text, 0) == CURLUE_OK;
    curl_free(text);
    return found;
}

/* The URL's path, brought to end with "/v1". */
static int complete_path(CURLU *parsed, struct treadle_error *error)
{
    char *path = NULL;
    struct buffer complete;
    buffer_init(&complete, 4096);
    int rc = 0;
    if (curl_url_get(parsed, CURLUPART_PATH, &path, 0)) {
        rc = error_set_memory(error);
        goto done;
    }
    size_t length = strlen(path);
    while (length && path[length - 1] == '/')
        path[--length] = '\0';
    buffer_append_string(&complete, path);
    if (!text_ends_with(path, "/v1"))
        buffer_append_string(&complete, "/v1");
    if (complete.failed || curl_url_set(parsed, CURLUPART_PATH, complete.data, 0))
        rc = error_set(error, TREADLE_EINVALID, "the path of the server URL is too long");
done:
    buffer_clear(&complete);
    curl_free(path);
    return rc;
}

static int take_http_url(struct treadle_client *client, const char *url,
                         struct treadle_error *error)
{
    char *scheme = NULL, *whole = NULL;
    int rc;
    CURLU *parsed = curl_url();
    if (!parsed)
        return error_set_memory(error);
    if (!strstr(url, "://") || curl_url_set(parsed, CURLUPART_URL, url, 0) ||
        curl_url_get(parsed, CURLUPART_SCHEME, &scheme, 0)) {
        rc = bad_url(url, "is not a URL of the form http://HOST:PORT", error);
        goto done;
    }
    if (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0) {
        rc = bad_url(url, "is neither http, https nor unix:/path", error);
        goto done;
    }
    if (has_part(parsed, CURLUPART_USER) || has_part(parsed, CURLUPART_PASSWORD) ||
        has_part(parsed, CURLUPART_QUERY) || has_part(parsed, CURLUPART_FRAGMENT)) {
        rc = error_set(error, TREADLE_EINVALID,
                       "the server URL must not have a user, a password, a query or a fragment");
        goto done;
    }
    rc = complete_path(parsed, error);
    if (rc)
        goto done;
    if (curl_url_get(parsed, CURLUPART_URL, &whole, 0)) {
        rc = bad_url(url, "cannot be used", error);
        goto done;
    }
    client->base_url = strdup(whole);
    rc = client->base_url ? 0 : error_set_memory(error);
done:
    curl_free(whole);
    curl_free(scheme);
    curl_url_cleanup(parsed);
    return rc;
}

static int take_socket(struct treadle_client *client, const char *url, struct treadle_error *error)
{
    const char *path = url + strlen("unix:");
    struct sockaddr_un address;
    if (path[0] != '/')
        return bad_url(url, "needs an absolute path after 'unix:'", error);
    if (strlen(path) >= sizeof address.sun_path)
        return bad_url(url, "is longer than the path of a Unix socket may be", error);
    client->base_url = strdup("http://localhost/v1");
    client->socket_path = strdup(path);
    return client->base_url && client->socket_path ? 0 : error_set_memory(error);
}

static int take_url(struct treadle_client *client, const char *url, struct treadle_error *error)
{
    int rc = text_starts_with(url, "unix:") ? take_socket(client, url, error)
                                            : take_http_url(client, url, error);
    if (rc)
        return rc;
    client->server_name = strdup(url);
    return client->server_name ? 0 : error_set_memory(error);
}

/* ---- Headers -------------------------------------------------------------------------------- */

static int add_header(struct treadle_client *client, const char *name, const char *value,
                      struct treadle_error *error)
{
    if (!value)
        return 0;
    struct buffer line;
    buffer_init(&line, 16384);
    buffer_append_format(&line, "%s: %s", name, value);
    struct curl_slist *longer = line.failed ? NULL : curl_slist_append(client->headers, line.data);
    bool too_long = line.failed;
    buffer_clear(&line);
    if (too_long)
        return error_set(error, TREADLE_EINVALID, "the value for %s is too long", name);
    if (!longer)
        return error_set_memory(error);
    client->headers = longer;
    return 0;
}

static int take_headers(struct treadle_client *client, const struct treadle_client_options *options,
                        struct treadle_error *error)
{
    int rc = add_header(client, "Accept", "application/json", error);
    if (!rc)
        rc = add_header(client, "OpenAI-Beta", "assistants=v2", error);
    if (!rc)
        rc = add_header(client, "OpenAI-Organization", options->organization, error);
    if (!rc)
        rc = add_header(client, "OpenAI-Project", options->project, error);
    if (rc || !options->api_key)
        return rc;
    struct buffer bearer;
    buffer_init(&bearer, 8192);
    buffer_append_format(&bearer, "Bearer %s", options->api_key);
    if (bearer.failed)
        rc = error_set(error, TREADLE_EINVALID, "the API key is too long");
    else
        rc = add_header(client, "Authorization", bearer.data, error);
    buffer_clear(&bearer);
    return rc;
}

/* ---- The handle ----------------------------------------------------------------------------- */

int treadle_client_new(struct treadle_client **out, const struct treadle_client_options *options,
                       struct treadle_error *error)
{
    static const struct treadle_client_options defaults = TREADLE_CLIENT_OPTIONS_INIT;
    options = options ? options : &defaults;
    int rc = check_options(options, error);
    if (rc)
        return rc;
    /* Counted by curl, so each client has its own reference. */
    if (curl_global_init(CURL_GLOBAL_DEFAULT))
        return error_set(error, TREADLE_EMEMORY, "libcurl cannot be initialised");
    struct treadle_client *client = calloc(1, sizeof *client);
    if (!client) {
        curl_global_cleanup();
        return error_set_memory(error);
    }
    pthread_mutex_init(&client->lock, NULL);
    take_numbers(client, options);
    rc = take_url(client, options->base_url ? options->base_url : default_url, error);
    if (rc)
        goto done;
    client->user_agent =
        strdup(options->user_agent ? options->user_agent : "treadle/" TREADLE_VERSION);
    client->ca_file = options->ca_file ? strdup(options->ca_file) : NULL;
    if (!client->user_agent || (options->ca_file && !client->ca_file)) {
        rc = error_set_memory(error);
        goto done;
    }
    rc = take_headers(client, options, error);
    if (rc)
        goto done;
    *out = client;
    client = NULL;
done:
    treadle_client_free(client);
    return rc;
}

void treadle_client_free(struct treadle_client *client)
{
    if (!client)
        return;
    for (size_t i = 0; i < client->idle_count; i++)
        curl_easy_cleanup(client->idle[i]);
    curl_slist_free_all(client->headers);
    pthread_mutex_destroy(&client->lock);
    free(client->base_url);
    free(client->socket_path);
    free(client->server_name);
    free(client->user_agent);
    free(client->ca_file);
    free(client);
    curl_global_cleanup();
}

CURL *client_take_handle(struct treadle_client *client)
{
    CURL *handle = NULL;
    pthread_mutex_lock(&client->lock);
    if (client->idle_count)
        handle = client->idle[--client->idle_count];
    pthread_mutex_unlock(&client->lock);
    return handle ? handle : curl_easy_init();
}

void client_give_handle(struct treadle_client *client, CURL *handle)
{
    curl_easy_reset(handle);
    pthread_mutex_lock(&client->lock);
    bool kept = client->idle_count < CLIENT_IDLE_HANDLES;
    if (kept)
        client->idle[client->idle_count++] = handle;
    pthread_mutex_unlock(&client->lock);
    if (!kept)
        curl_easy_cleanup(handle);
}
