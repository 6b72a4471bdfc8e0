/*
 * A copy of an SQLite database as it is at one moment, while others read and write it, and a
 * database without its unused pages.
 */
#ifndef STORE_SQLITE_COPY_H
#define STORE_SQLITE_COPY_H

#include <stdint.h>

#include "treadle/error.h"

/* Copies the database file `from` to `to`, which must not exist, and syncs it. TREADLE_ENOTFOUND
 * when there is no such database. On failure nothing is left at `to`. */
int sqlite_copy(const char *from, const char *to, struct treadle_error *error);

/* Writes the database again where an eighth of its pages or more are unused. `*freed` becomes their
 * bytes, 0 where they are fewer. */
int sqlite_compact(const char *path, int64_t *freed, struct treadle_error *error);

#endif
