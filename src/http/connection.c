/*
 * Connections: a table by descriptor and a count by address. The keeper admits a descriptor before
 * libmicrohttpd sees it, and an event thread removes it just before libmicrohttpd closes it. So a
 * descriptor that is found in the table under the registry's lock may be used: it is open, and it
 * is still the same one. IPv6 addresses count by their /64, because one client gets that much.
 */
#include "http/connection.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "treadle/error.h"

struct http_peer {
    struct http_peer *next;
    unsigned char address[9]; /* the family's first byte, then the address or its first half */
    size_t count;
};

void http_registry_init(struct http_registry *registry, size_t limit, size_t limit_per_address)
{
    pthread_mutex_init(&registry->mutex, NULL);
    registry->limit = limit;
    registry->limit_per_address = limit_per_address;
}

static struct http_connection **slot_of(struct http_registry *registry, int descriptor)
{
    struct http_connection **slot =
        &registry->connections[(size_t)descriptor % HTTP_REGISTRY_BUCKETS];
    while (*slot && (*slot)->descriptor != descriptor)
        slot = &(*slot)->next;
    return slot;
}

static bool read_address(const struct sockaddr *address, unsigned char out[9])
{
    memset(out, 0, 9);
    if (address->sa_family == AF_INET) {
        out[0] = 4;
        memcpy(out + 1, &((const struct sockaddr_in *)(const void *)address)->sin_addr, 4);
        return true;
    }
    if (address->sa_family == AF_INET6) {
        out[0] = 6;
        memcpy(out + 1, &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr, 8);
        return true;
    }
    return false;
}

bool http_is_local(const struct sockaddr *address)
{
    const void *any = address;
    if (address->sa_family == AF_UNIX)
        return true;
    if (address->sa_family == AF_INET)
        return ntohl(((const struct sockaddr_in *)any)->sin_addr.s_addr) >> 24 == 127;
    return address->sa_family == AF_INET6 &&
           IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)any)->sin6_addr);
}

static struct http_peer **peer_slot(struct http_registry *registry, const unsigned char address[9])
{
    size_t hash = 5381;
    for (size_t i = 0; i < 9; i++)
        hash = hash * 33 ^ address[i];
    struct http_peer **slot = &registry->peers[hash % HTTP_REGISTRY_BUCKETS];
    while (*slot && memcmp((*slot)->address, address, 9) != 0)
        slot = &(*slot)->next;
    return slot;
}

/* Adds one to the address's count; *out stays NULL where addresses are not counted. */
static int peer_enter(struct http_registry *registry, const struct sockaddr *address,
                      struct http_peer **out)
{
    unsigned char key[9];
    if (!registry->limit_per_address || !read_address(address, key))
        return 0;
    struct http_peer **slot = peer_slot(registry, key);
    if (!*slot) {
        *slot = calloc(1, sizeof **slot);
        if (!*slot)
            return TREADLE_EMEMORY;
        memcpy((*slot)->address, key, 9);
    }
    (*slot)->count++;
    *out = *slot;
    return 0;
}

static void peer_leave(struct http_registry *registry, struct http_peer *peer)
{
    if (!peer || --peer->count)
        return;
    *peer_slot(registry, peer->address) = peer->next;
    free(peer);
}

static void count_out(struct http_registry *registry, struct http_connection *connection)
{
    if (!connection->counted)
        return;
    connection->counted = false;
    if (connection->private)
        registry->private_count--;
    else
        registry->count--;
    peer_leave(registry, connection->peer);
    connection->peer = NULL;
}

static void drop(struct http_registry *registry, struct http_connection **slot)
{
    struct http_connection *connection = *slot;
    *slot = connection->next;
    count_out(registry, connection);
    pthread_mutex_destroy(&connection->mutex);
    free(connection);
}

/* ---- Making room ---------------------------------------------------------------------------- */

/* Those that may be closed, the longest idle one first. */
struct idle {
    const struct http_peer *peer; /* of this address alone, or NULL */
    bool private, known;
    struct http_connection *found[HTTP_SENT_AWAY];
    int64_t since[HTTP_SENT_AWAY];
    size_t count;
};

static bool is_idle(const struct idle *idle, struct http_connection *connection, int64_t *since)
{
    if (!connection->counted || connection->private != idle->private ||
        (idle->peer && connection->peer != idle->peer))
        return false;
    pthread_mutex_lock(&connection->mutex);
    bool fits = connection->phase == HTTP_PHASE_IDLE && connection->known == idle->known;
    *since = connection->last_move;
    pthread_mutex_unlock(&connection->mutex);
    return fits;
}

static void consider(struct idle *idle, struct http_connection *connection)
{
    int64_t since;
    if (!is_idle(idle, connection, &since))
        return;
    size_t at = idle->count;
    while (at && idle->since[at - 1] > since)
        at--;
    if (at == HTTP_SENT_AWAY)
        return;
    size_t last = idle->count < HTTP_SENT_AWAY ? idle->count++ : HTTP_SENT_AWAY - 1;
    for (; last > at; last--) {
        idle->found[last] = idle->found[last - 1];
        idle->since[last] = idle->since[last - 1];
    }
    idle->found[at] = connection;
    idle->since[at] = since;
}

static bool send_away(struct http_registry *registry, struct http_connection *connection)
{
    pthread_mutex_lock(&connection->mutex);
    bool idle = connection->phase == HTTP_PHASE_IDLE;
    if (idle)
        connection->phase = HTTP_PHASE_DEAD;
    pthread_mutex_unlock(&connection->mutex);
    if (!idle)
        return false;
    count_out(registry, connection);
    /* The event thread that has it wakes, and closes it. */
    shutdown(connection->descriptor, SHUT_RDWR);
    return true;
}

/* Closes several, so that not each new one costs a search through all; no more than a share of
 * those that are allowed. */
static bool make_room(struct http_registry *registry, bool private, const struct http_peer *peer,
                      size_t limit)
{
    bool room = false;
    for (int known = 0; known < 2 && !room; known++) {
        struct idle idle = {.peer = peer, .private = private, .known = known};
        for (size_t i = 0; i < HTTP_REGISTRY_BUCKETS; i++)
            for (struct http_connection *at = registry->connections[i]; at; at = at->next)
                consider(&idle, at);
        for (size_t i = 0; i < idle.count && i <= limit / HTTP_SENT_AWAY; i++)
            room = send_away(registry, idle.found[i]) || room;
    }
    return room;
}

static bool has_room(struct http_registry *registry, bool private)
{
    size_t count = private ? registry->private_count : registry->count;
    size_t limit = private ? HTTP_PRIVATE_ROOM : registry->limit;
    return count < limit || make_room(registry, private, NULL, limit);
}

/* The new connection is counted first, so the record of its address stays while others are
 * closed. */
static int find_room(struct http_registry *registry, struct http_connection *connection,
                     const struct sockaddr *address)
{
    if (!has_room(registry, connection->private))
        return TREADLE_ELIMIT;
    int rc = connection->private ? 0 : peer_enter(registry, address, &connection->peer);
    struct http_peer *peer = connection->peer;
    if (rc || !peer || peer->count <= registry->limit_per_address ||
        make_room(registry, false, peer, registry->limit_per_address))
        return rc;
    peer_leave(registry, peer);
    return TREADLE_ELIMIT;
}

static int admit(struct http_registry *registry, struct http_connection *connection,
                 const struct sockaddr *address)
{
    struct http_connection **slot = slot_of(registry, connection->descriptor);
    /* libmicrohttpd ran out of memory on an earlier one and closed it without a call. */
    if (*slot)
        drop(registry, slot);
    int rc = find_room(registry, connection, address);
    if (rc)
        return rc;
    slot = slot_of(registry, connection->descriptor);
    connection->next = *slot;
    *slot = connection;
    connection->counted = true;
    if (connection->private)
        registry->private_count++;
    else
        registry->count++;
    return 0;
}

int http_registry_admit(struct http_registry *registry, int descriptor, size_t listener,
                        bool private, const struct sockaddr *address, int64_t deadline)
{
    struct http_connection *connection = calloc(1, sizeof *connection);
    if (!connection)
        return TREADLE_EMEMORY;
    pthread_mutex_init(&connection->mutex, NULL);
    connection->descriptor = descriptor;
    connection->listener = listener;
    connection->local = http_is_local(address);
    connection->private = private;
    connection->phase = HTTP_PHASE_IDLE;
    connection->deadline = deadline;
    connection->last_move = clock_monotonic_us();
    pthread_mutex_lock(&registry->mutex);
    int rc = admit(registry, connection, address);
    pthread_mutex_unlock(&registry->mutex);
    if (!rc)
        return 0;
    pthread_mutex_destroy(&connection->mutex);
    free(connection);
    return rc;
}

struct http_connection *http_registry_find(struct http_registry *registry, int descriptor)
{
    pthread_mutex_lock(&registry->mutex);
    struct http_connection *connection = *slot_of(registry, descriptor);
    pthread_mutex_unlock(&registry->mutex);
    return connection;
}

void http_registry_remove(struct http_registry *registry, int descriptor)
{
    pthread_mutex_lock(&registry->mutex);
    struct http_connection **slot = slot_of(registry, descriptor);
    if (*slot)
        drop(registry, slot);
    pthread_mutex_unlock(&registry->mutex);
}

void http_registry_each(struct http_registry *registry,
                        void (*visit)(void *context, struct http_connection *connection),
                        void *context)
{
    pthread_mutex_lock(&registry->mutex);
    for (size_t i = 0; i < HTTP_REGISTRY_BUCKETS; i++)
        for (struct http_connection *at = registry->connections[i]; at; at = at->next)
            visit(context, at);
    pthread_mutex_unlock(&registry->mutex);
}

void http_registry_clear(struct http_registry *registry)
{
    for (size_t i = 0; i < HTTP_REGISTRY_BUCKETS; i++)
        while (registry->connections[i])
            drop(registry, &registry->connections[i]);
    pthread_mutex_destroy(&registry->mutex);
}

bool http_connection_enter(struct http_connection *connection, enum http_phase phase,
                           int64_t deadline)
{
    int64_t now = clock_monotonic_us();
    pthread_mutex_lock(&connection->mutex);
    bool alive = connection->phase != HTTP_PHASE_DEAD;
    if (alive) {
        connection->phase = phase;
        connection->deadline = deadline;
        connection->last_move = now;
    }
    pthread_mutex_unlock(&connection->mutex);
    return alive;
}

void http_connection_know(struct http_connection *connection)
{
    pthread_mutex_lock(&connection->mutex);
    connection->known = true;
    pthread_mutex_unlock(&connection->mutex);
}

void http_connection_name(struct http_connection *connection, const char *request_id)
{
    pthread_mutex_lock(&connection->mutex);
    memccpy(connection->request_id, request_id, '\0', sizeof connection->request_id - 1);
    pthread_mutex_unlock(&connection->mutex);
}

bool http_connection_refuse(struct http_connection *connection, int status,
                            char request_id[IDENT_SIZE], bool *begun)
{
    pthread_mutex_lock(&connection->mutex);
    bool alive = connection->phase != HTTP_PHASE_DEAD;
    *begun = connection->phase != HTTP_PHASE_IDLE;
    if (alive) {
        connection->refused = status;
        connection->linger = true;
    }
    memcpy(request_id, connection->request_id, IDENT_SIZE);
    pthread_mutex_unlock(&connection->mutex);
    if (!*begun)
        ident_make_hex(request_id, "req_");
    return alive;
}

int http_connection_refused(struct http_connection *connection)
{
    pthread_mutex_lock(&connection->mutex);
    int status = connection->refused;
    pthread_mutex_unlock(&connection->mutex);
    return status;
}

void http_connection_linger(struct http_connection *connection)
{
    pthread_mutex_lock(&connection->mutex);
    connection->linger = true;
    pthread_mutex_unlock(&connection->mutex);
}

bool http_connection_lingers(struct http_connection *connection)
{
    pthread_mutex_lock(&connection->mutex);
    bool linger = connection->linger;
    pthread_mutex_unlock(&connection->mutex);
    return linger;
}
