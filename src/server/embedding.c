/*
 * The sentence embedding of a server.
 */
#include "server/embedding.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "search/embedder.h"

enum { PLACES = 3 };

/* The user's directory, then the machine's. An empty path: there is no such directory. */
static void find_places(char paths[PLACES][PATH_MAX])
{
    const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
    memset(paths, 0, PLACES * sizeof paths[0]);
    if (data && data[0] == '/')
        snprintf(paths[0], PATH_MAX, "%s/treadle/" ENCODER_FILE, data);
    else if (home && home[0] == '/')
        snprintf(paths[0], PATH_MAX, "%s/.local/share/treadle/" ENCODER_FILE, home);
    snprintf(paths[1], PATH_MAX, "/usr/local/share/treadle/" ENCODER_FILE);
    snprintf(paths[2], PATH_MAX, "/usr/share/treadle/" ENCODER_FILE);
}

/* The first file that exists; if it cannot be used, that is logged. */
static struct encoder *open_usual(struct log *log)
{
    char paths[PLACES][PATH_MAX];
    struct encoder *encoder = NULL;
    struct treadle_error error;
    find_places(paths);
    for (size_t i = 0; i < PLACES && !encoder; i++)
        if (paths[i][0] && encoder_open(&encoder, paths[i], &error) &&
            error.code != TREADLE_ENOTFOUND)
            log_write(log, LOG_WARNING, "weights_unusable", "path", paths[i], "error",
                      error.message, NULL);
    return encoder;
}

int embedding_open(struct encoder **out, const char *path, struct search *search, struct log *log,
                   struct treadle_error *error)
{
    struct encoder *encoder = NULL;
    struct search_embedder embedder;
    bool none = path && strcmp(path, "none") == 0;
    int rc = path && !none ? encoder_open(&encoder, path, error) : 0;
    if (rc)
        return rc;
    if (!path)
        encoder = open_usual(log);
    if (!encoder) {
        log_write(log, LOG_INFO, "embedding", "model", "none", "search", "by words alone", NULL);
        return 0;
    }
    search_embedder_built_in(encoder, &embedder);
    rc = search_use(search, &embedder, error);
    if (rc) {
        encoder_close(encoder);
        return rc;
    }
    log_write(log, LOG_INFO, "embedding", "model", ENCODER_NAME, "kernel", encoder_kernel(encoder),
              NULL);
    *out = encoder;
    return 0;
}
