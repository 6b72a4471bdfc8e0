/*
 * A server on a free port with a small handler, and raw sockets to talk to it, so that what no
 * proper client would send can be sent. Shared by the tests of the HTTP room.
 */
#ifndef UNIT_HTTP_FIXTURE_H
#define UNIT_HTTP_FIXTURE_H

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "http/http.h"

enum { JSON_LIMIT = 1000, UPLOAD_LIMIT = 3 << 20, BIG = 4 << 20 };

static char directory[200];
static sem_t gate;
static atomic_int waiting, handled;

static inline int plan(void *context, const struct http_request *request, struct http_plan *out,
                       struct treadle_error *error)
{
    (void)context;
    const char *name = request->segment_count ? request->segments[0] : "";
    bool posts = text_equal(request->method, "POST");
    if (text_equal(name, "json"))
        *out = (struct http_plan){.body = HTTP_BODY_JSON, .limit = JSON_LIMIT};
    else if (text_equal(name, "upload"))
        *out = (struct http_plan){.body = HTTP_BODY_MULTIPART, .limit = UPLOAD_LIMIT};
    out->known = text_equal(name, "known");
    if (text_equal(name, "missing"))
        return error_set_wire(error, 404, "invalid_request_error", NULL, NULL, "No such thing.");
    if ((text_equal(name, "json") || text_equal(name, "upload")) && !posts) {
        out->allow = "POST";
        return error_set_wire(error, 405, "invalid_request_error", NULL, NULL, "Not so.");
    }
    return 0;
}

static inline void show_parts(const struct http_request *request, struct http_reply *reply)
{
    for (size_t i = 0; i < request->part_count; i++) {
        const struct http_part *part = &request->parts[i];
        unsigned long sum = 0;
        FILE *file = part->path ? fopen(part->path, "r") : NULL;
        for (int c; file && (c = getc(file)) != EOF;)
            sum = sum * 31 + (unsigned)c;
        if (file)
            fclose(file);
        buffer_append_format(&reply->body, "[%s|%s|%llu|%lx]", part->name,
                             part->filename ? part->filename : part->value,
                             (unsigned long long)part->length, sum);
    }
}

static inline void send_file(struct http_reply *reply)
{
    char path[256];
    snprintf(path, sizeof path, "%s/reply", directory);
    int file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    unlink(path);
    if (write(file, "from a file", 11) != 11)
        reply->status = 500;
    reply->file = file;
    reply->file_length = 11;
    reply->content_type = "application/octet-stream";
}

static inline void handle(void *context, struct http_request *request, struct http_reply *reply)
{
    (void)context;
    atomic_fetch_add(&handled, 1);
    const char *name = request->segment_count ? request->segments[0] : "";
    if (text_equal(name, "wait")) {
        atomic_fetch_add(&waiting, 1);
        sem_wait(&gate);
    }
    if (text_equal(name, "file")) {
        send_file(reply);
        return;
    }
    if (text_equal(name, "big")) {
        char *block = arena_alloc(request->arena, BIG);
        memset(block, 'b', BIG);
        buffer_append(&reply->body, block, BIG);
        return;
    }
    if (text_equal(name, "broken")) {
        reply->status = 42;
        return;
    }
    http_reply_header(reply, "x-good", "yes");
    http_reply_header(reply, "x-bad", "split\r\nx-evil: yes");
    http_reply_header(reply, "x bad", "name");
    buffer_append_format(&reply->body, "%s", request->method);
    for (size_t i = 0; i < request->segment_count; i++)
        buffer_append_format(&reply->body, " <%s>", request->segments[i]);
    for (size_t i = 0; i < request->query_count; i++)
        buffer_append_format(&reply->body, " %s=%s", request->query[i].name,
                             request->query[i].value);
    if (request->body)
        buffer_append_format(&reply->body, " body:%s", request->body);
    show_parts(request, reply);
}

static inline void render(void *context, const struct treadle_error *error,
                          struct http_reply *reply)
{
    (void)context;
    buffer_append_format(&reply->body, "{\"error\":{\"message\":\"%s\"}}", error->message);
}

static inline struct http_options options_for(const char *address)
{
    return (struct http_options){.listen = {address},
                                 .upload_directory = directory,
                                 .plan = plan,
                                 .handle = handle,
                                 .render_error = render};
}

static inline struct http_server *start(const struct http_options *options)
{
    struct http_server *server = NULL;
    struct treadle_error error;
    if (http_start(&server, options, &error))
        fail_msg("%s", error.message);
    return server;
}

static inline int dial(const struct http_server *server)
{
    const char *address = http_address(server, 0);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    to.sin_port = htons((uint16_t)atoi(strrchr(address, ':') + 1));
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct timeval patience = {.tv_sec = 10};
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    int yes = 1;
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    assert_int_equal(connect(descriptor, (struct sockaddr *)&to, sizeof to), 0);
    return descriptor;
}

/* What a server that closes early leaves unsent is nobody's loss. */
static inline void put(int descriptor, const char *bytes, size_t length)
{
    while (length) {
        ssize_t sent = send(descriptor, bytes, length, MSG_NOSIGNAL);
        if (sent <= 0)
            return;
        bytes += sent;
        length -= (size_t)sent;
    }
}

static inline void put_text(int descriptor, const char *text)
{
    put(descriptor, text, strlen(text));
}

struct answer {
    int status;
    size_t length;
    char head[2048];
    char *body;
};

static inline size_t header_number(const char *head, const char *name)
{
    const char *at = strcasestr(head, name);
    return at ? strtoul(at + strlen(name), NULL, 10) : 0;
}

/* Reads one reply: status 0 when the connection ended before its end. */
static inline struct answer get(int descriptor, bool without_body)
{
    struct answer answer = {.status = 0};
    size_t at = 0;
    while (at < sizeof answer.head - 1 && recv(descriptor, answer.head + at, 1, 0) == 1) {
        answer.head[++at] = '\0';
        if (text_ends_with(answer.head, "\r\n\r\n"))
            break;
    }
    if (!text_ends_with(answer.head, "\r\n\r\n"))
        return answer;
    answer.length = without_body ? 0 : header_number(answer.head, "\r\nContent-Length:");
    answer.body = calloc(1, answer.length + 1);
    ssize_t got = answer.length ? recv(descriptor, answer.body, answer.length, MSG_WAITALL) : 0;
    if (got == (ssize_t)answer.length)
        answer.status = atoi(answer.head + strlen("HTTP/1.1 "));
    return answer;
}

static inline bool is_closed(int descriptor)
{
    char byte;
    return recv(descriptor, &byte, 1, 0) <= 0;
}

/* Sends on a connection of its own; the caller frees the body. */
static inline struct answer ask(const struct http_server *server, const char *text, size_t length)
{
    int descriptor = dial(server);
    put(descriptor, text, length);
    struct answer answer = get(descriptor, false);
    close(descriptor);
    return answer;
}

static inline struct answer ask_text(const struct http_server *server, const char *text)
{
    return ask(server, text, strlen(text));
}

static inline void expect_bytes(const struct http_server *server, const char *text, size_t length,
                                int status, const char *body)
{
    struct answer answer = ask(server, text, length);
    if (answer.status != status || (body && !strstr(answer.body, body)))
        fail_msg("%s\ngave %d: %s", text, answer.status, answer.body ? answer.body : "");
    const char *id = strstr(answer.head, "x-request-id: req_");
    assert_non_null(id);
    assert_int_equal(strspn(id + 18, "0123456789abcdef"), 32);
    assert_non_null(strstr(answer.head, "openai-processing-ms: "));
    if (status >= 400)
        assert_non_null(strstr(answer.body, "{\"error\":"));
    free(answer.body);
}

static inline void expect(const struct http_server *server, const char *text, int status,
                          const char *body)
{
    expect_bytes(server, text, strlen(text), status, body);
}

static inline bool is_empty_directory(void)
{
    DIR *opened = opendir(directory);
    size_t count = 0;
    while (readdir(opened))
        count++;
    closedir(opened);
    return count == 2;
}

static inline int set_up(void **state)
{
    (void)state;
    const char *base = getenv("TMPDIR");
    snprintf(directory, sizeof directory, "%s/http-XXXXXX", base ? base : "/tmp");
    sem_init(&gate, 0, 0);
    return mkdtemp(directory) ? 0 : -1;
}

static inline int tear_down(void **state)
{
    (void)state;
    sem_destroy(&gate);
    return rmdir(directory);
}

#define H      "Host: x\r\n"
#define POST   "POST /json HTTP/1.1\r\n" H
#define JSON   "Content-Type: application/json\r\n"
#define UPLOAD "POST /upload HTTP/1.1\r\n" H "Content-Type: multipart/form-data; boundary=B\r\n"

#endif
