/*
 * Connections: a table by descriptor and a count by address.
 *
 * The keeper admits a descriptor before libmicrohttpd sees it and an event thread removes it just
 * before libmicrohttpd closes it, so whoever holds the registry's lock and finds a descriptor in it
 * may use it: it is open, and it is still the same one. IPv6 addresses count by their /64, which is
 * what one client gets.
 */
#include "http/connection.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

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

/* Counts the address in; *out stays NULL where addresses are not counted. */
static int peer_enter(struct http_registry *registry, const struct sockaddr *address,
                      struct http_peer **out)
{
    unsigned char key[9];
    if (!registry->limit_per_address || !read_address(address, key))
        return 0;
    struct http_peer **slot = peer_slot(registry, key);
    if (*slot && (*slot)->count >= registry->limit_per_address)
        return TREADLE_ELIMIT;
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

static void drop(struct http_registry *registry, struct http_connection **slot)
{
    struct http_connection *connection = *slot;
    *slot = connection->next;
    registry->count--;
    peer_leave(registry, connection->peer);
    pthread_mutex_destroy(&connection->mutex);
    free(connection);
}

static int admit(struct http_registry *registry, int descriptor, size_t listener,
                 const struct sockaddr *address, int64_t deadline)
{
    struct http_connection **slot = slot_of(registry, descriptor);
    /* libmicrohttpd ran out of memory on an earlier one and closed it without a word. */
    if (*slot)
        drop(registry, slot);
    if (registry->count >= registry->limit)
        return TREADLE_ELIMIT;
    struct http_connection *connection = calloc(1, sizeof *connection);
    if (!connection)
        return TREADLE_EMEMORY;
    int rc = peer_enter(registry, address, &connection->peer);
    if (rc) {
        free(connection);
        return rc;
    }
    pthread_mutex_init(&connection->mutex, NULL);
    connection->descriptor = descriptor;
    connection->listener = listener;
    connection->local = http_is_local(address);
    connection->phase = HTTP_PHASE_IDLE;
    connection->deadline = deadline;
    slot = slot_of(registry, descriptor);
    connection->next = *slot;
    *slot = connection;
    registry->count++;
    return 0;
}

int http_registry_admit(struct http_registry *registry, int descriptor, size_t listener,
                        const struct sockaddr *address, int64_t deadline)
{
    pthread_mutex_lock(&registry->mutex);
    int rc = admit(registry, descriptor, listener, address, deadline);
    pthread_mutex_unlock(&registry->mutex);
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
