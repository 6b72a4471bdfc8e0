/*
 * Paths of files.
 */
#include "base/path.h"

#include <stdio.h>

#include "base/error.h"

int path_join(char out[PATH_MAX], const char *directory, const char *name,
              struct treadle_error *error)
{
    if (snprintf(out, PATH_MAX, "%s/%s", directory, name) < PATH_MAX)
        return 0;
    return error_set(error, TREADLE_EINVALID, "the path of %.64s is too long", name);
}
