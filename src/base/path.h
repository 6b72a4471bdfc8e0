/*
 * Paths of files.
 */
#ifndef BASE_PATH_H
#define BASE_PATH_H

#include <limits.h>

#include "treadle/error.h"

/* Writes DIRECTORY/NAME. TREADLE_EINVALID when that is too long; `out` is not a path then. */
int path_join(char out[PATH_MAX], const char *directory, const char *name,
              struct treadle_error *error);

#endif
