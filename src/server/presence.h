/*
 * Presence: how a process that serves a store tells others where it listens.
 *
 * A file in the store holds the address; the server keeps it locked as long as it lives, so a file
 * that a crash left behind is told from one that is true.
 */
#ifndef SERVER_PRESENCE_H
#define SERVER_PRESENCE_H

#include <stddef.h>

#include "treadle/error.h"

/* Takes the lock; `descriptor` keeps it until it is closed. TREADLE_EBUSY, with the address in
 * the message, when another process has it. */
int presence_take(const char *store, int *descriptor, struct treadle_error *error);

/* Writes the address for others to find. */
int presence_announce(int descriptor, const char *address, struct treadle_error *error);

/* The address of whoever serves the store. TREADLE_ENOTFOUND when nobody does. */
int presence_find(const char *store, char *out, size_t size, struct treadle_error *error);

#endif
