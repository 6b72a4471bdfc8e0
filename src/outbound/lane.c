/*
 * Lanes.
 */
#include "outbound/lane.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/clock.h"

static bool is_connection(curl_socket_t socket)
{
    int domain = 0, type = 0;
    socklen_t length = sizeof domain, type_length = sizeof type;
    return !getsockopt(socket, SOL_SOCKET, SO_DOMAIN, &domain, &length) &&
           !getsockopt(socket, SOL_SOCKET, SO_TYPE, &type, &type_length) &&
           (domain == AF_INET || domain == AF_INET6) && type == SOCK_STREAM;
}

/* libcurl no longer waits for the socket: it closes it now, which removes it from epoll, or keeps
 * the connection. Then the lane must notice that the server closes it. */
static void watch_idle(struct lane *lane, curl_socket_t socket)
{
    struct epoll_event event = {.events = EPOLLRDHUP | EPOLLONESHOT,
                                .data.u64 = (uint64_t)lane->number << 32 | (uint32_t)socket};
    if (!is_connection(socket) || epoll_ctl(lane->epoll, EPOLL_CTL_MOD, socket, &event))
        epoll_ctl(lane->epoll, EPOLL_CTL_DEL, socket, NULL);
}

static int on_socket(CURL *easy, curl_socket_t socket, int what, void *context, void *known)
{
    struct lane *lane = context;
    struct epoll_event event = {.data.u64 = (uint64_t)lane->number << 32 | (uint32_t)socket};
    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        watch_idle(lane, socket);
        return 0;
    }
    if (what & CURL_POLL_IN)
        event.events |= EPOLLIN;
    if (what & CURL_POLL_OUT)
        event.events |= EPOLLOUT;
    int rc = epoll_ctl(lane->epoll, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, socket, &event);
    if (rc && !known && errno == EEXIST)
        rc = epoll_ctl(lane->epoll, EPOLL_CTL_MOD, socket, &event);
    if (!known && !rc)
        curl_multi_assign(lane->multi, socket, lane);
    return rc;
}

static int on_timer(CURLM *multi, long milliseconds, void *context)
{
    struct lane *lane = context;
    (void)multi;
    lane->due = milliseconds < 0 ? LANE_NEVER : clock_monotonic_us() + (int64_t)milliseconds * 1000;
    return 0;
}

bool lane_open(struct lane *lane, size_t number, int epoll)
{
    *lane = (struct lane){
        .multi = curl_multi_init(), .epoll = epoll, .number = number, .due = LANE_NEVER};
    if (!lane->multi)
        return false;
    curl_multi_setopt(lane->multi, CURLMOPT_MAXCONNECTS, (long)LANE_ROOM);
    curl_multi_setopt(lane->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(lane->multi, CURLMOPT_SOCKETDATA, lane);
    curl_multi_setopt(lane->multi, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(lane->multi, CURLMOPT_TIMERDATA, lane);
    return true;
}

void lane_close(struct lane *lane)
{
    curl_multi_cleanup(lane->multi);
}

void lane_refresh(struct lane *lane)
{
    if (!lane->stale || lane->count)
        return;
    lane_close(lane);
    lane_open(lane, lane->number, lane->epoll);
}

bool lane_add(struct lane *lane, CURL *easy)
{
    if (!lane->multi && !lane_open(lane, lane->number, lane->epoll))
        return false;
    if (curl_multi_add_handle(lane->multi, easy) != CURLM_OK)
        return false;
    lane->count++;
    return true;
}

void lane_remove(struct lane *lane, CURL *easy)
{
    curl_multi_remove_handle(lane->multi, easy);
    lane->count--;
}

static void act(struct lane *lane, curl_socket_t socket, int flags)
{
    int running;
    CURLMcode code = curl_multi_socket_action(lane->multi, socket, flags, &running);
    lane->touched = true;
    lane->stuck = lane->stuck || code == CURLM_OUT_OF_MEMORY || code == CURLM_INTERNAL_ERROR;
}

void lane_act(struct lane *lane, curl_socket_t socket, uint32_t events)
{
    if (events & EPOLLRDHUP) {
        lane->stale = true;
        return;
    }
    int flags = events & EPOLLIN ? CURL_CSELECT_IN : 0;
    if (events & EPOLLOUT)
        flags |= CURL_CSELECT_OUT;
    if (events & (EPOLLERR | EPOLLHUP))
        flags |= CURL_CSELECT_ERR;
    act(lane, socket, flags);
}

void lane_tick(struct lane *lane, int64_t now)
{
    if (lane->due > now)
        return;
    lane->due = LANE_NEVER;
    act(lane, CURL_SOCKET_TIMEOUT, 0);
}

CURL *lane_ended(struct lane *lane, CURLcode *code)
{
    int left;
    if (!lane->touched)
        return NULL;
    for (CURLMsg *message; (message = curl_multi_info_read(lane->multi, &left));) {
        if (message->msg != CURLMSG_DONE)
            continue;
        *code = message->data.result;
        return message->easy_handle;
    }
    lane->touched = false;
    return NULL;
}
