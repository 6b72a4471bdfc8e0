/*
 * One HTTP exchange over curl: sends a request and gathers the reply within caps.
 *
 * Curl uses only what it is given: no proxies or passwords from the environment, no redirects, http
 * and https alone. Headers are kept as text, one "Name: value" a line after the status line; those
 * of interim replies (100 Continue) are dropped.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"
#include "client/internal.h"

enum { STALL_BYTES_PER_SECOND = 1 };

/* ---- Receiving ------------------------------------------------------------------------------ */

static size_t on_header(char *bytes, size_t size, size_t count, void *context)
{
    struct exchange *exchange = context;
    size_t length = size * count;
    if (length >= 5 && memcmp(bytes, "HTTP/", 5) == 0)
        buffer_reset(&exchange->header_text);
    return buffer_append(&exchange->header_text, bytes, length) ? 0 : length;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *context)
{
    struct exchange *exchange = context;
    size_t length = size * count;
    curl_easy_getinfo(exchange->handle, CURLINFO_RESPONSE_CODE, &exchange->status);
    if (exchange->sink && exchange->status >= 200 && exchange->status < 300) {
        exchange->delivered = true;
        exchange->refused = exchange->sink(exchange->sink_context, bytes, length) != 0;
        return exchange->refused ? 0 : length;
    }
    return buffer_append(&exchange->reply, bytes, length) ? 0 : length;
}

/* ---- Sending -------------------------------------------------------------------------------- */

static size_t read_upload(char *bytes, size_t size, size_t count, void *context)
{
    struct upload *upload = context;
    curl_off_t left = upload->length - upload->offset;
    size_t wanted = size * count;
    if ((curl_off_t)wanted > left)
        wanted = (size_t)left;
    if (!wanted)
        return 0;
    ssize_t got = (ssize_t)wanted;
    if (upload->descriptor < 0)
        memcpy(bytes, upload->bytes + upload->offset, wanted);
    else
        got = pread(upload->descriptor, bytes, wanted, upload->offset);
    if (got <= 0) {
        upload->broken = true;
        return CURL_READFUNC_ABORT;
    }
    upload->offset += got;
    return (size_t)got;
}

static int seek_upload(void *context, curl_off_t offset, int origin)
{
    struct upload *upload = context;
    if (origin != SEEK_SET || offset < 0 || offset > upload->length)
        return CURL_SEEKFUNC_FAIL;
    upload->offset = offset;
    return CURL_SEEKFUNC_OK;
}

static CURLcode add_value(curl_mime *form, const char *name, const char *value)
{
    curl_mimepart *part = curl_mime_addpart(form);
    CURLcode code = part ? curl_mime_name(part, name) : CURLE_OUT_OF_MEMORY;
    return code ? code : curl_mime_data(part, value, CURL_ZERO_TERMINATED);
}

static CURLcode add_file(curl_mime *form, struct upload *upload)
{
    curl_mimepart *part = curl_mime_addpart(form);
    CURLcode code = part ? curl_mime_name(part, upload->member) : CURLE_OUT_OF_MEMORY;
    if (!code)
        code = curl_mime_filename(part, upload->filename);
    if (!code)
        code = curl_mime_type(part, "application/octet-stream");
    upload->offset = 0;
    return code ? code
                : curl_mime_data_cb(part, upload->length, read_upload, seek_upload, NULL, upload);
}

static CURLcode fill_form(curl_mime *form, struct upload *upload)
{
    char seconds[24];
    CURLcode code = upload->purpose ? add_value(form, "purpose", upload->purpose) : CURLE_OK;
    if (!code && upload->expires_after_seconds) {
        snprintf(seconds, sizeof seconds, "%lld", (long long)upload->expires_after_seconds);
        code = add_value(form, "expires_after[anchor]", "created_at");
        if (!code)
            code = add_value(form, "expires_after[seconds]", seconds);
    }
    return code ? code : add_file(form, upload);
}

/* ---- Setting up ----------------------------------------------------------------------------- */

/* A program that starts others must not pass these connections on to them. */
static int on_socket(void *context, curl_socket_t socket, curlsocktype purpose)
{
    (void)context;
    (void)purpose;
    return fcntl(socket, F_SETFD, FD_CLOEXEC) < 0 ? CURL_SOCKOPT_ERROR : CURL_SOCKOPT_OK;
}

/* A stream has no deadline: its reader notices when it is silent for too long. */
static void set_times(CURL *handle, const struct treadle_client *client,
                      const struct exchange *exchange)
{
    curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, client->connect_timeout_ms);
    if (exchange->is_stream)
        return;
    if ((exchange->upload || exchange->sink) && client->request_timeout_ms) {
        curl_easy_setopt(handle, CURLOPT_LOW_SPEED_LIMIT, (long)STALL_BYTES_PER_SECOND);
        curl_easy_setopt(handle, CURLOPT_LOW_SPEED_TIME, (client->request_timeout_ms + 999) / 1000);
    } else {
        curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, client->request_timeout_ms);
    }
}

static CURLcode set_limits(CURL *handle, const struct treadle_client *client)
{
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle, CURLOPT_SOCKOPTFUNCTION, on_socket);
    CURLcode code = curl_easy_setopt(handle, CURLOPT_PROXY, "");
    if (!code)
        code = curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
    /* Ignored, and not needed, by a curl without TLS. */
    curl_easy_setopt(handle, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (!code && client->ca_file)
        code = curl_easy_setopt(handle, CURLOPT_CAINFO, client->ca_file);
    if (!code && client->socket_path)
        code = curl_easy_setopt(handle, CURLOPT_UNIX_SOCKET_PATH, client->socket_path);
    return code ? code : curl_easy_setopt(handle, CURLOPT_USERAGENT, client->user_agent);
}

static CURLcode set_request(CURL *handle, const struct exchange *exchange)
{
    CURLcode code = curl_easy_setopt(handle, CURLOPT_URL, exchange->url);
    curl_easy_setopt(handle, CURLOPT_HTTPHEADER, exchange->headers);
    if (exchange->form) {
        curl_easy_setopt(handle, CURLOPT_MIMEPOST, exchange->form);
    } else if (exchange->body) {
        curl_easy_setopt(handle, CURLOPT_POST, 1L);
        curl_easy_setopt(handle, CURLOPT_POSTFIELDS, exchange->body);
        curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)exchange->body_length);
    } else if (!code) {
        code = curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, exchange->method);
    }
    return code;
}

/* ---- Running -------------------------------------------------------------------------------- */

int exchange_failure(const struct treadle_client *client, const struct exchange *exchange,
                     CURLcode code, struct treadle_error *error)
{
    if (exchange->upload && exchange->upload->broken)
        return error_set(error, TREADLE_EIO,
                         "the file to upload cannot be read, or became shorter while it was read");
    if (exchange->refused)
        return error_set(error, TREADLE_EIO, "the content of the file was refused by the program");
    if (exchange->reply.failed || exchange->header_text.failed)
        return error_set(error, TREADLE_ELIMIT, "the reply of %s is too large",
                         client->server_name);
    if (code == CURLE_OUT_OF_MEMORY)
        return error_set_memory(error);
    return error_set(error, code == CURLE_OPERATION_TIMEDOUT ? TREADLE_ETIMEOUT : TREADLE_ENETWORK,
                     "no reply from %s: %s", client->server_name,
                     exchange->reason[0] ? exchange->reason : curl_easy_strerror(code));
}

static bool add_header(struct curl_slist **headers, const char *line)
{
    struct curl_slist *longer = curl_slist_append(*headers, line);
    if (longer)
        *headers = longer;
    return longer != NULL;
}

/* The client's own headers followed by those of the exchange; curl's list is copied, as it can only
 * grow in place and other threads may be using it. */
static struct curl_slist *request_headers(const struct treadle_client *client,
                                          const struct exchange *exchange)
{
    struct curl_slist *headers = NULL;
    bool failed = false;
    for (const struct curl_slist *header = client->headers; header; header = header->next)
        failed = failed || !add_header(&headers, header->data);
    if (exchange->body)
        failed = failed || !add_header(&headers, "Content-Type: application/json");
    if (exchange->is_stream)
        failed = failed || !add_header(&headers, "Treadle-Event-Ids: true");
    if (!failed)
        return headers;
    curl_slist_free_all(headers);
    return NULL;
}

int exchange_open(struct treadle_client *client, struct exchange *exchange,
                  struct treadle_error *error)
{
    exchange->reason[0] = '\0';
    exchange->headers = request_headers(client, exchange);
    CURL *handle = exchange->handle = client_take_handle(client);
    CURLcode code = handle && exchange->headers ? CURLE_OK : CURLE_OUT_OF_MEMORY;
    if (!code && exchange->upload) {
        exchange->form = curl_mime_init(handle);
        code = exchange->form ? fill_form(exchange->form, exchange->upload) : CURLE_OUT_OF_MEMORY;
    }
    if (!code)
        code = set_limits(handle, client);
    if (!code)
        code = set_request(handle, exchange);
    if (code) {
        int rc = exchange_failure(client, exchange, code, error);
        exchange_close(client, exchange);
        return rc;
    }
    set_times(handle, client, exchange);
    curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, exchange->reason);
    curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(handle, CURLOPT_HEADERDATA, exchange);
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, exchange);
    return 0;
}

void exchange_close(struct treadle_client *client, struct exchange *exchange)
{
    if (exchange->handle) {
        curl_easy_getinfo(exchange->handle, CURLINFO_RESPONSE_CODE, &exchange->status);
        client_give_handle(client, exchange->handle);
    }
    curl_mime_free(exchange->form);
    curl_slist_free_all(exchange->headers);
    exchange->handle = NULL;
    exchange->form = NULL;
    exchange->headers = NULL;
}

int exchange_run(struct treadle_client *client, struct exchange *exchange,
                 struct treadle_error *error)
{
    int rc = exchange_open(client, exchange, error);
    if (rc)
        return rc;
    CURLcode code = curl_easy_perform(exchange->handle);
    exchange_close(client, exchange);
    return code ? exchange_failure(client, exchange, code, error) : 0;
}

void exchange_clear(struct exchange *exchange)
{
    buffer_clear(&exchange->header_text);
    buffer_clear(&exchange->reply);
}
