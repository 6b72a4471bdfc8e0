/*
 * Trees: directories with all that is in them, copied and removed.
 */
#ifndef STORE_TREE_H
#define STORE_TREE_H

#include "treadle/error.h"

/* Copies plain files and directories below `from` to `to`, which must be missing or empty, and
 * syncs them. Symbolic links and special files are left out. On failure what was copied stays. */
int tree_copy(const char *from, const char *to, struct treadle_error *error);

/* Removes a directory and all in it; a missing one is no error. */
int tree_remove(const char *path, struct treadle_error *error);

#endif
