/*
 * Places: the directories of the XDG specification.
 */
#include "cli/place.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/cli.h"

static int make_parents(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        int failed = mkdir(path, 0700) && errno != EEXIST;
        if (failed)
            cli_complain("the directory %s cannot be made: %s", path, strerror(errno));
        *slash = '/';
        if (failed)
            return TREADLE_EIO;
    }
    return 0;
}

int place_store(const char *named, struct buffer *out)
{
    const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
    if (named) {
        buffer_append_string(out, named);
    } else if (data && data[0] == '/') {
        buffer_append_format(out, "%s/treadle", data);
    } else if (home && home[0] == '/') {
        buffer_append_format(out, "%s/.local/share/treadle", home);
    } else {
        cli_complain("there is no home directory to keep the store in: name one with --store");
        return TREADLE_ENOTFOUND;
    }
    if (out->failed) {
        cli_complain(out->failed == TREADLE_EMEMORY ? "out of memory"
                                                    : "the path of the store is too long");
        return out->failed == TREADLE_EMEMORY ? TREADLE_EMEMORY : TREADLE_EINVALID;
    }
    return named ? 0 : make_parents(out->data);
}
