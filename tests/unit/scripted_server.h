/*
 * A small HTTP server for tests of the client: it answers with what a script says, byte for byte,
 * and keeps every request as it came.
 *
 * One thread accepts, one thread a connection reads requests (by Content-Length or chunked) and
 * answers. Sockets are shut down to end them.
 */
#ifndef TESTS_UNIT_SCRIPTED_SERVER_H
#define TESTS_UNIT_SCRIPTED_SERVER_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { CONNECTIONS = 64, REQUESTS = 256, REQUEST_LIMIT = 8 << 20 };

struct connection {
    struct scripted_server *server;
    pthread_t thread;
    int socket;
};

struct scripted_server {
    char url[160];
    char path[108];
    int listener;
    pthread_t acceptor;
    pthread_mutex_t lock; /* guards all below */
    char **replies;
    size_t next_reply, reply_count;
    struct connection connections[CONNECTIONS];
    size_t connection_count;
    char *requests[REQUESTS];
    size_t lengths[REQUESTS];
    size_t request_count;
};

struct incoming {
    int socket;
    char *data;
    size_t length, used; /* used: bytes of requests already taken */
};

/* Receives more; 0 at the end. */
static inline int receive(struct incoming *in)
{
    if (in->length + 65536 > REQUEST_LIMIT)
        return 0;
    ssize_t got = recv(in->socket, in->data + in->length, 65536, 0);
    if (got <= 0)
        return 0;
    in->length += (size_t)got;
    in->data[in->length] = '\0';
    return 1;
}

static inline int send_all(int socket, const char *text, size_t length)
{
    while (length) {
        ssize_t sent = send(socket, text, length, MSG_NOSIGNAL);
        if (sent <= 0)
            return 0;
        text += sent;
        length -= (size_t)sent;
    }
    return 1;
}

/* The length of the request at the start, 0 when the connection ended before it was whole. */
static inline size_t take_request(struct incoming *in)
{
    char *end;
    while (!(end = strstr(in->data, "\r\n\r\n")))
        if (!receive(in))
            return 0;
    size_t head = (size_t)(end - in->data) + 4;
    char saved = in->data[head];
    in->data[head] = '\0';
    const char *length_header = strcasestr(in->data, "\r\nContent-Length:");
    size_t body = length_header ? strtoul(length_header + 17, NULL, 10) : 0;
    int chunked = strcasestr(in->data, "\r\nTransfer-Encoding: chunked") != NULL;
    if (strcasestr(in->data, "\r\nExpect: 100-continue"))
        send_all(in->socket, "HTTP/1.1 100 Continue\r\nX-Interim: 1\r\n\r\n", 40);
    in->data[head] = saved;
    while (in->length < head + body || (chunked && !strstr(in->data + head, "0\r\n\r\n")))
        if (!receive(in))
            return 0;
    return chunked ? in->length : head + body;
}

static inline const char *keep_and_answer(struct scripted_server *server, const char *data,
                                          size_t length)
{
    pthread_mutex_lock(&server->lock);
    if (server->request_count < REQUESTS) {
        char *copy = malloc(length + 1);
        memcpy(copy, data, length);
        copy[length] = '\0';
        server->lengths[server->request_count] = length;
        server->requests[server->request_count++] = copy;
    }
    const char *reply = server->replies[server->next_reply];
    if (server->next_reply + 1 < server->reply_count)
        server->next_reply++;
    pthread_mutex_unlock(&server->lock);
    return reply;
}

static inline void *serve_connection(void *context)
{
    struct connection *connection = context;
    struct incoming in = {.socket = connection->socket, .data = calloc(1, REQUEST_LIMIT + 1)};
    size_t length;
    while ((length = take_request(&in))) {
        const char *reply = keep_and_answer(connection->server, in.data, length);
        if (!reply[0] || !send_all(in.socket, reply, strlen(reply)) ||
            strstr(reply, "\r\nConnection: close\r\n"))
            break;
        memmove(in.data, in.data + length, in.length - length + 1);
        in.length -= length;
    }
    shutdown(in.socket, SHUT_RDWR);
    free(in.data);
    return NULL;
}

static inline void *accept_connections(void *context)
{
    struct scripted_server *server = context;
    int socket;
    while ((socket = accept(server->listener, NULL, NULL)) >= 0) {
        pthread_mutex_lock(&server->lock);
        struct connection *connection = &server->connections[server->connection_count++];
        *connection = (struct connection){.server = server, .socket = socket};
        pthread_create(&connection->thread, NULL, serve_connection, connection);
        int full = server->connection_count == CONNECTIONS;
        pthread_mutex_unlock(&server->lock);
        if (full)
            break;
    }
    return NULL;
}

static inline void listen_on_port(struct scripted_server *server)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bind(server->listener, (struct sockaddr *)&address, size);
    getsockname(server->listener, (struct sockaddr *)&address, &size);
    snprintf(server->url, sizeof server->url, "http://127.0.0.1:%d", ntohs(address.sin_port));
}

static inline void listen_on_path(struct scripted_server *server, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    snprintf(server->path, sizeof server->path, "%s", path);
    server->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bind(server->listener, (struct sockaddr *)&address, sizeof address);
    snprintf(server->url, sizeof server->url, "unix:%s", path);
}

/* Listens on a free port of 127.0.0.1, or on a Unix socket when `path` is not NULL. Answers with
 * `replies` in turn (whole replies, as "HTTP/1.1 200 OK\r\n…"), the last of them for ever; an empty
 * one closes the connection instead, and one with "Connection: close" after it. `replies` ends with
 * NULL. */
static inline struct scripted_server *scripted_server_start(const char *path,
                                                            const char *const *replies)
{
    struct scripted_server *server = calloc(1, sizeof *server);
    while (replies[server->reply_count])
        server->reply_count++;
    server->replies = calloc(server->reply_count, sizeof *server->replies);
    for (size_t i = 0; i < server->reply_count; i++)
        server->replies[i] = strdup(replies[i]);
    if (path)
        listen_on_path(server, path);
    else
        listen_on_port(server);
    pthread_mutex_init(&server->lock, NULL);
    if (listen(server->listener, 16)) {
        perror("scripted server");
        abort();
    }
    pthread_create(&server->acceptor, NULL, accept_connections, server);
    return server;
}

static inline void scripted_server_stop(struct scripted_server *server)
{
    shutdown(server->listener, SHUT_RDWR);
    pthread_join(server->acceptor, NULL);
    close(server->listener);
    for (size_t i = 0; i < server->connection_count; i++) {
        shutdown(server->connections[i].socket, SHUT_RDWR);
        pthread_join(server->connections[i].thread, NULL);
        close(server->connections[i].socket);
    }
    for (size_t i = 0; i < server->request_count; i++)
        free(server->requests[i]);
    for (size_t i = 0; i < server->reply_count; i++)
        free(server->replies[i]);
    if (server->path[0])
        unlink(server->path);
    pthread_mutex_destroy(&server->lock);
    free(server->replies);
    free(server);
}

/* "http://127.0.0.1:PORT" or "unix:PATH". */
static inline const char *scripted_server_url(const struct scripted_server *server)
{
    return server->url;
}

static inline size_t read_count(struct scripted_server *server, const size_t *count)
{
    pthread_mutex_lock(&server->lock);
    size_t value = *count;
    pthread_mutex_unlock(&server->lock);
    return value;
}

static inline size_t scripted_server_requests(struct scripted_server *server)
{
    return read_count(server, &server->request_count);
}

static inline size_t scripted_server_connections(struct scripted_server *server)
{
    return read_count(server, &server->connection_count);
}

/* The request with that number from 0: headers and body as they came; NULL when there was none. */
static inline const char *scripted_server_request(struct scripted_server *server, size_t index)
{
    return index < scripted_server_requests(server) ? server->requests[index] : NULL;
}

static inline size_t scripted_server_request_length(struct scripted_server *server, size_t index)
{
    return index < scripted_server_requests(server) ? server->lengths[index] : 0;
}

/* A reply of status and JSON body, on the heap. */
static inline char *scripted_reply(const char *status, const char *headers, const char *body)
{
    char *reply = NULL;
    if (asprintf(&reply,
                 "HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n%s\r\n%s",
                 status, strlen(body), headers, body) < 0)
        abort();
    return reply;
}

#endif
