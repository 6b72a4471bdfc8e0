/*
 * The keyring.
 *
 * The public part picks the key, from which an attacker learns nothing new; the hashes of the whole
 * are then compared in constant time.
 */
#include "gate/keyring.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"

#define TEXT_PREFIX "sk-treadle-"
#define ID_PREFIX   "key_"

enum { PUBLIC_DIGITS = 16, SECRET_DIGITS = 64, OUT_SECONDS = 86400 };

void keyring_init(struct keyring *keyring)
{
    memset(keyring, 0, sizeof *keyring);
    pthread_rwlock_init(&keyring->lock, NULL);
}

/* Frees those that were taken out before that time. */
static void free_out(struct keyring *keyring, int64_t until)
{
    struct gate_key **at = &keyring->out;
    while (*at) {
        struct gate_key *key = *at;
        if (key->out_at > until) {
            at = &key->next;
            continue;
        }
        *at = key->next;
        free(key);
    }
}

void keyring_clear(struct keyring *keyring)
{
    for (size_t i = 0; i < KEYRING_BUCKETS; i++) {
        while (keyring->buckets[i]) {
            struct gate_key *key = keyring->buckets[i];
            keyring->buckets[i] = key->next;
            free(key);
        }
    }
    free_out(keyring, INT64_MAX);
    pthread_rwlock_destroy(&keyring->lock);
}

/* ---- Digits --------------------------------------------------------------------------------- */

static bool are_digits(const char *text, size_t length)
{
    return strspn(text, "0123456789abcdef") >= length;
}

static void put_digits(char *out, const unsigned char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

static bool read_digits(unsigned char *out, size_t count, const char *text)
{
    if (!text || strlen(text) != 2 * count || !are_digits(text, 2 * count))
        return false;
    for (size_t i = 0; i < count; i++) {
        char pair[] = {text[2 * i], text[2 * i + 1], '\0'};
        out[i] = (unsigned char)strtoul(pair, NULL, 16);
    }
    return true;
}

/* The id within the text of a key; false when the text cannot be one. */
static bool read_id(const char *text, char id[IDENT_SIZE])
{
    const char *digits = text + strlen(TEXT_PREFIX);
    if (strnlen(text, KEYRING_TEXT + 1) != KEYRING_TEXT || !text_starts_with(text, TEXT_PREFIX) ||
        !are_digits(digits, PUBLIC_DIGITS) || digits[PUBLIC_DIGITS] != '-' ||
        !are_digits(digits + PUBLIC_DIGITS + 1, SECRET_DIGITS))
        return false;
    snprintf(id, IDENT_SIZE, ID_PREFIX "%.*s", PUBLIC_DIGITS, digits);
    return true;
}

void keyring_make(char id[IDENT_SIZE], char text[KEYRING_TEXT + 1], char hash[2 * KEYRING_HASH + 1])
{
    unsigned char bytes[(PUBLIC_DIGITS + SECRET_DIGITS) / 2], digest[KEYRING_HASH];
    char digits[PUBLIC_DIGITS + SECRET_DIGITS + 1];
    ident_random(bytes, sizeof bytes);
    put_digits(digits, bytes, sizeof bytes);
    snprintf(text, KEYRING_TEXT + 1, TEXT_PREFIX "%.*s-%s", PUBLIC_DIGITS, digits,
             digits + PUBLIC_DIGITS);
    snprintf(id, IDENT_SIZE, ID_PREFIX "%.*s", PUBLIC_DIGITS, digits);
    SHA256((const unsigned char *)text, KEYRING_TEXT, digest);
    put_digits(hash, digest, sizeof digest);
    OPENSSL_cleanse(bytes, sizeof bytes);
    OPENSSL_cleanse(digits, sizeof digits);
}

/* ---- The table ------------------------------------------------------------------------------ */

/* The digits of ids are random, so the last ones spread well. */
static struct gate_key **bucket_of(struct keyring *keyring, const char *id)
{
    size_t number = 0;
    for (const char *c = id; *c; c++)
        number = number * 31 + (unsigned char)*c;
    return &keyring->buckets[number % KEYRING_BUCKETS];
}

int keyring_add(struct keyring *keyring, const struct treadle_key *key, const char *hash,
                struct treadle_error *error)
{
    struct gate_key *entry = calloc(1, sizeof *entry);
    if (!entry)
        return error_set_memory(error);
    if (!read_digits(entry->hash, KEYRING_HASH, hash) || strlen(key->id) >= sizeof entry->id ||
        strlen(key->project) >= sizeof entry->project) {
        free(entry);
        return error_set(error, TREADLE_EINVALID, "the stored key %.40s cannot be read", key->id);
    }
    strcpy(entry->id, key->id);
    strcpy(entry->project, key->project);
    entry->admin = key->admin;
    entry->expires_at = key->expires_at.state == TREADLE_SET ? key->expires_at.value : 0;
    atomic_init(&entry->revoked_at,
                key->revoked_at.state == TREADLE_SET ? key->revoked_at.value : 0);
    int64_t used = key->last_used_at.state == TREADLE_SET ? key->last_used_at.value : 0;
    atomic_init(&entry->last_used, used);
    atomic_init(&entry->noted, used);
    pthread_rwlock_wrlock(&keyring->lock);
    struct gate_key **bucket = bucket_of(keyring, entry->id);
    entry->next = *bucket;
    *bucket = entry;
    pthread_rwlock_unlock(&keyring->lock);
    return 0;
}

struct gate_key *keyring_find(struct keyring *keyring, const char *id)
{
    pthread_rwlock_rdlock(&keyring->lock);
    struct gate_key *key = *bucket_of(keyring, id);
    while (key && strcmp(key->id, id) != 0)
        key = key->next;
    pthread_rwlock_unlock(&keyring->lock);
    return key;
}

struct gate_key *keyring_check(struct keyring *keyring, const char *text)
{
    unsigned char digest[KEYRING_HASH];
    char id[IDENT_SIZE];
    struct gate_key *key = read_id(text, id) ? keyring_find(keyring, id) : NULL;
    if (!key)
        return NULL;
    SHA256((const unsigned char *)text, KEYRING_TEXT, digest);
    return CRYPTO_memcmp(digest, key->hash, sizeof digest) == 0 ? key : NULL;
}

int64_t keyring_death(const struct gate_key *key, int64_t now)
{
    int64_t revoked = atomic_load(&key->revoked_at);
    int64_t expired = key->expires_at <= now ? key->expires_at : 0;
    return revoked && (!expired || revoked < expired) ? revoked : expired;
}

void keyring_forget(struct keyring *keyring, int64_t now)
{
    pthread_rwlock_wrlock(&keyring->lock);
    free_out(keyring, now - OUT_SECONDS);
    for (size_t i = 0; i < KEYRING_BUCKETS; i++) {
        struct gate_key **at = &keyring->buckets[i];
        while (*at) {
            struct gate_key *key = *at;
            if (!atomic_load(&key->doomed)) {
                at = &key->next;
                continue;
            }
            *at = key->next;
            key->out_at = now;
            key->next = keyring->out;
            keyring->out = key;
        }
    }
    pthread_rwlock_unlock(&keyring->lock);
}

bool keyring_any(struct keyring *keyring, bool (*visit)(void *context, struct gate_key *key),
                 void *context)
{
    bool found = false;
    pthread_rwlock_rdlock(&keyring->lock);
    for (size_t i = 0; i < KEYRING_BUCKETS && !found; i++)
        for (struct gate_key *key = keyring->buckets[i]; key && !found; key = key->next)
            found = visit(context, key);
    pthread_rwlock_unlock(&keyring->lock);
    return found;
}
