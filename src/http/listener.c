/*
 * Listening sockets.
 *
 * What accepted sockets inherit is set on the listening one: no delay for small replies, and a
 * bounded send buffer, without which a client that stops reading makes the kernel hold megabytes.
 *
 * A Unix socket's file remains when a server is killed. It is replaced only when it is a socket and
 * no server answers on it; a lock on its directory prevents two starting servers from doing so at
 * the same time. Its mode is set between bind and listen, before clients can connect.
 */
#include "http/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"
#include "http/connection.h"

enum { BACKLOG = 1024, SEND_BUFFER = 256 * 1024 };

static int not_understood(struct treadle_error *error, const char *text)
{
    return error_set(error, TREADLE_EINVALID,
                     "cannot listen on '%s': expected HOST:PORT, [IPv6]:PORT or unix:/path", text);
}

static int listen_failed(struct treadle_error *error, const char *text)
{
    int rc = errno == EADDRINUSE ? TREADLE_EBUSY : TREADLE_EIO;
    return error_set_errno(error, rc, errno, "cannot listen on '%s'", text);
}

static bool set_option(int descriptor, int level, int name, int value)
{
    return setsockopt(descriptor, level, name, &value, sizeof value) == 0;
}

/* A socket that is bound and listens, or -1 with errno. */
static int open_tcp(const struct addrinfo *at)
{
    int descriptor =
        socket(at->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, at->ai_protocol);
    if (descriptor < 0)
        return -1;
    bool ready = set_option(descriptor, SOL_SOCKET, SO_REUSEADDR, 1) &&
                 set_option(descriptor, SOL_SOCKET, SO_SNDBUF, SEND_BUFFER) &&
                 set_option(descriptor, IPPROTO_TCP, TCP_NODELAY, 1);
    if (at->ai_family == AF_INET6)
        ready = ready && set_option(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    ready = ready && bind(descriptor, at->ai_addr, at->ai_addrlen) == 0 &&
            listen(descriptor, BACKLOG) == 0;
    if (ready)
        return descriptor;
    int saved = errno;
    close(descriptor);
    errno = saved;
    return -1;
}

static void print_tcp(struct http_listener *listener)
{
    struct sockaddr_storage address = {0};
    socklen_t length = sizeof address;
    char host[INET6_ADDRSTRLEN] = "", port[8] = "";
    getsockname(listener->descriptor, (struct sockaddr *)&address, &length);
    listener->local = http_is_local((struct sockaddr *)&address);
    getnameinfo((struct sockaddr *)&address, length, host, sizeof host, port, sizeof port,
                NI_NUMERICHOST | NI_NUMERICSERV);
    snprintf(listener->address, sizeof listener->address,
             address.ss_family == AF_INET6 ? "%s://[%s]:%s" : "%s://%s:%s",
             listener->secure ? "https" : "http", host, port);
}

static bool split(const char *text, char *host, size_t size, const char **port)
{
    const char *colon = strrchr(text, ':');
    const char *from = text, *to = colon;
    if (!colon)
        return false;
    if (text[0] == '[') {
        from = text + 1;
        to = colon - 1;
        if (*to != ']')
            return false;
    }
    int64_t number;
    size_t length = to > from ? (size_t)(to - from) : 0;
    if (!length || length >= size || text_to_integer(colon + 1, 0, 65535, &number))
        return false;
    memcpy(host, from, length);
    host[length] = '\0';
    *port = colon + 1;
    return text[0] == '[' || !strchr(host, ':');
}

static int listen_tcp(struct http_listener *listener, const char *text, struct treadle_error *error)
{
    char host[128];
    const char *port;
    if (!split(text, host, sizeof host, &port))
        return not_understood(error, text);
    struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    int failed = getaddrinfo(host, port, &hints, &found);
    if (failed)
        return error_set(error, TREADLE_EINVALID, "cannot listen on '%s': %s", text,
                         gai_strerror(failed));
    listener->descriptor = -1;
    for (struct addrinfo *at = found; at && listener->descriptor < 0; at = at->ai_next)
        listener->descriptor = open_tcp(at);
    int rc = listener->descriptor < 0 ? listen_failed(error, text) : 0;
    freeaddrinfo(found);
    if (!rc)
        print_tcp(listener);
    return rc;
}

/* Whether a server accepts connections at this address. */
static bool is_served(const struct sockaddr_un *address)
{
    int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0)
        return true;
    int rc = connect(descriptor, (const struct sockaddr *)address, sizeof *address);
    bool served = rc == 0 || (errno != ECONNREFUSED && errno != ENOENT);
    close(descriptor);
    return served;
}

static int remove_stale(const struct sockaddr_un *address, struct treadle_error *error)
{
    struct stat status;
    if (lstat(address->sun_path, &status) != 0)
        return errno == ENOENT ? 0 : listen_failed(error, address->sun_path);
    if (!S_ISSOCK(status.st_mode))
        return error_set(error, TREADLE_EBUSY, "cannot listen on '%s': it is not a socket",
                         address->sun_path);
    if (is_served(address))
        return error_set(error, TREADLE_EBUSY, "cannot listen on '%s': a server listens there",
                         address->sun_path);
    if (unlink(address->sun_path) != 0 && errno != ENOENT)
        return listen_failed(error, address->sun_path);
    return 0;
}

static int lock_directory(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *directory = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
    int descriptor = directory ? open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (descriptor >= 0)
        flock(descriptor, LOCK_EX);
    free(directory);
    return descriptor;
}

static int bind_unix(struct http_listener *listener, const struct sockaddr_un *address,
                     struct treadle_error *error)
{
    int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct stat status;
    if (descriptor < 0)
        return listen_failed(error, address->sun_path);
    if (bind(descriptor, (const struct sockaddr *)address, sizeof *address) != 0) {
        int rc = listen_failed(error, address->sun_path);
        close(descriptor);
        return rc;
    }
    if (chmod(address->sun_path, 0600) != 0 || lstat(address->sun_path, &status) != 0 ||
        listen(descriptor, BACKLOG) != 0) {
        int rc = listen_failed(error, address->sun_path);
        unlink(address->sun_path);
        close(descriptor);
        return rc;
    }
    listener->descriptor = descriptor;
    listener->device = status.st_dev;
    listener->inode = status.st_ino;
    return 0;
}

static int listen_unix(struct http_listener *listener, const char *path,
                       struct treadle_error *error)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(path);
    if (!length || length >= sizeof address.sun_path)
        return error_set(error, TREADLE_EINVALID,
                         "cannot listen on 'unix:%s': a socket's path has 1 to %zu bytes", path,
                         sizeof address.sun_path - 1);
    memcpy(address.sun_path, path, length);
    listener->path = strdup(path);
    if (!listener->path)
        return error_set_memory(error);
    int lock = lock_directory(path);
    int rc = remove_stale(&address, error);
    if (!rc)
        rc = bind_unix(listener, &address, error);
    if (lock >= 0)
        close(lock);
    if (rc)
        free(listener->path);
    else
        snprintf(listener->address, sizeof listener->address, "unix:%s", path);
    return rc;
}

int http_listener_open(struct http_listener *out, const char *text, bool secure,
                       struct treadle_error *error)
{
    bool local = text_starts_with(text, "unix:");
    struct http_listener listener = {.secure = secure && !local, .local = local, .descriptor = -1};
    int rc = local ? listen_unix(&listener, text + strlen("unix:"), error)
                   : listen_tcp(&listener, text, error);
    if (!rc)
        *out = listener;
    return rc;
}

void http_listener_close(struct http_listener *listener)
{
    struct stat status;
    if (listener->path && lstat(listener->path, &status) == 0 &&
        status.st_dev == listener->device && status.st_ino == listener->inode)
        unlink(listener->path);
    free(listener->path);
    listener->path = NULL;
    if (listener->descriptor >= 0)
        close(listener->descriptor);
    listener->descriptor = -1;
}
