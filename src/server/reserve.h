/*
 * Reserve: space on the disk that is kept for deleting. Deleting needs to write first: the log of
 * the database grows before anything shrinks. So the store has a file that does nothing but take
 * space. When the disk is full the file is removed, and until there is space again requests that
 * would add something are refused: the freed space is for deletions.
 */
#ifndef SERVER_RESERVE_H
#define SERVER_RESERVE_H

#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "base/log.h"

struct reserve {
    char path[PATH_MAX];
    struct log *log;
    atomic_bool spent; /* the disk is full */
    bool given_up;     /* the room was there, and is free now */
};

void reserve_init(struct reserve *reserve, const char *store, struct log *log);

/* Frees the space where the disk is full, takes it again where there is plenty. */
void reserve_look(struct reserve *reserve);

#endif
