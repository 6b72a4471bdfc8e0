/*
 * Index: the paths of its files.
 */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "search/index.h"
#include "search/vectors.h"

/* A store's id becomes a file name, so it may hold nothing that a path could. */
static int make_path(const struct search *search, const char *store_id, const char *tail,
                     char **out, struct treadle_error *error)
{
    size_t length = store_id ? strlen(store_id) : 0;
    bool valid = length > 0 && length <= SEARCH_ID_BYTES;
    for (size_t i = 0; valid && i < length; i++) {
        char c = store_id[i];
        valid = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                c == '-' || c == '_';
    }
    if (!valid)
        return error_set(error, TREADLE_EINVALID, "This is not an id of a vector store.");
    if (asprintf(out, "%s/%s%s", search->directory, store_id, tail) < 0)
        return error_set_memory(error);
    return 0;
}

int search_index_path(const struct search *search, const char *store_id, char **out,
                      struct treadle_error *error)
{
    return make_path(search, store_id, INDEX_DB_TAIL, out, error);
}

int search_index_vectors_path(const struct search *search, const char *store_id, char **out,
                              struct treadle_error *error)
{
    return make_path(search, store_id, VECTORS_TAIL, out, error);
}

const char *search_index_directory(const struct search *search)
{
    return search->directory;
}
