/*
 * The keyring: the keys of a store in memory, by their public part.
 */
#ifndef GATE_KEYRING_H
#define GATE_KEYRING_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/ident.h"
#include "gate/gate.h"

enum { KEYRING_HASH = 32, KEYRING_BUCKETS = 1024, KEYRING_MOST = 10000, KEYRING_TEXT = 92 };

/* Freed at least a day after it was taken out, so a caller may use it without the lock for as long
 * as a request takes. */
struct gate_key {
    struct gate_key *next; /* in its bucket */
    char id[IDENT_SIZE];
    char project[GATE_PROJECT_LENGTH + 1];
    unsigned char hash[KEYRING_HASH];
    bool admin;
    int64_t expires_at;         /* 0: never */
    _Atomic int64_t revoked_at; /* Unix seconds, 0: it is not revoked */
    atomic_bool doomed;         /* its row was deleted */
    int64_t out_at;             /* when it was taken out, by clock_seconds */
    _Atomic int64_t last_used;  /* Unix seconds, 0: never */
    _Atomic int64_t noted;      /* the part of last_used that was stored */
    _Atomic int64_t full_at;    /* when its bucket is full, by clock_monotonic_us */
};

struct keyring {
    pthread_rwlock_t lock;
    struct gate_key *buckets[KEYRING_BUCKETS];
    struct gate_key *out; /* taken out, not yet freed */
};

void keyring_init(struct keyring *keyring);
void keyring_clear(struct keyring *keyring);

/* `hash` in hexadecimal digits. TREADLE_EINVALID when it or the id is not valid. */
int keyring_add(struct keyring *keyring, const struct treadle_key *key, const char *hash,
                struct treadle_error *error);

struct gate_key *keyring_find(struct keyring *keyring, const char *id);

/* The key whose text this is, NULL when there is none. It may be revoked or expired. */
struct gate_key *keyring_check(struct keyring *keyring, const char *text);

/* When it ceased to work, 0 while it works. */
int64_t keyring_death(const struct gate_key *key, int64_t now);

/* Takes out those that are doomed. */
void keyring_forget(struct keyring *keyring, int64_t now);

/* Calls `visit` with each key until it returns true, and returns whether one did. */
bool keyring_any(struct keyring *keyring, bool (*visit)(void *context, struct gate_key *key),
                 void *context);

/* A new key's id and text; its hash in hexadecimal digits. */
void keyring_make(char id[IDENT_SIZE], char text[KEYRING_TEXT + 1],
                  char hash[2 * KEYRING_HASH + 1]);

#endif
