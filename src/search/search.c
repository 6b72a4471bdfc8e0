/*
 * Search: the indexes of all stores, and what makes their vectors.
 */
#include "search/search.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "search/index.h"
#include "search/vectorise.h"

int search_open(struct search **out, const char *directory, struct treadle_error *error)
{
    if (mkdir(directory, 0700) != 0 && errno != EEXIST)
        return error_set_errno(error, TREADLE_EIO, errno, "Making the directory %s", directory);
    struct search *search = calloc(1, sizeof *search);
    if (!search || !(search->directory = strdup(directory))) {
        free(search);
        return error_set_memory(error);
    }
    pthread_mutex_init(&search->lock, NULL);
    *out = search;
    return 0;
}

void search_close(struct search *search)
{
    if (!search)
        return;
    vectorise_stop(atomic_load(&search->vectorise));
    search_index_close_all(search);
    pthread_mutex_destroy(&search->lock);
    free(search->directory);
    free(search);
}

int search_use(struct search *search, const struct search_embedder *embedder,
               struct treadle_error *error)
{
    struct vectorise *vectorise;
    int rc = vectorise_start(&vectorise, search, embedder, error);
    if (!rc)
        atomic_store(&search->vectorise, vectorise);
    /* Also at what was indexed while nobody was there to be notified. */
    if (!rc)
        vectorise_look(vectorise);
    return rc;
}

void search_progress(struct search *search, struct search_progress *out)
{
    vectorise_progress(atomic_load(&search->vectorise), out);
}

struct vectorise *search_index_vectorise(const struct search *search)
{
    return atomic_load(&search->vectorise);
}
