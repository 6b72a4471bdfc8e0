/*
 * Presence: how a process that serves a store publishes where it listens. A file in the store has
 * the address; the server keeps it locked as long as it lives, so a file that a crash left is
 * distinguished from a valid one.
 */
#ifndef SERVER_PRESENCE_H
#define SERVER_PRESENCE_H

#include <stddef.h>

#include "treadle/error.h"

/* Takes the lock; `descriptor` keeps it until it is closed. TREADLE_EBUSY, with the address in
 * the message, when another process has it. */
int presence_take(const char *store, int *descriptor, struct treadle_error *error);

/* Writes the addresses for others to find: the server's first, and where its owner needs no key. */
int presence_announce(int descriptor, const char *address, const char *owner_address,
                      struct treadle_error *error);

/* The owner's address of the process that serves the store. TREADLE_ENOTFOUND when there is
 * none. */
int presence_find(const char *store, char *out, size_t size, struct treadle_error *error);

#endif
