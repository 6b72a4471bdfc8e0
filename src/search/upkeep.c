/*
 * Upkeep: which indexes must be checked, and whether one can be used.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/path.h"
#include "search/index.h"

/* ---- Suspects ------------------------------------------------------------------------------- */

/* When there are too many, one is left out: the next search of it notes it again. */
void search_suspect(struct search *search, const char *store_id)
{
    if (strlen(store_id) > SEARCH_ID_BYTES)
        return;
    pthread_mutex_lock(&search->lock);
    size_t at = 0;
    while (at < search->suspect_count && strcmp(search->suspects[at], store_id) != 0)
        at++;
    if (at == search->suspect_count && at < SEARCH_SUSPECTS)
        strcpy(search->suspects[search->suspect_count++], store_id);
    pthread_mutex_unlock(&search->lock);
}

void search_note(struct search *search, const char *store_id, int rc,
                 const struct treadle_error *error)
{
    if (rc && error && strcmp(error->wire_code, SEARCH_DAMAGED) == 0)
        search_suspect(search, store_id);
}

bool search_next_suspect(struct search *search, struct arena *arena, const char **out)
{
    pthread_mutex_lock(&search->lock);
    const char *id = NULL;
    if (search->suspect_count && (id = arena_string(arena, search->suspects[0])))
        memmove(search->suspects[0], search->suspects[1],
                --search->suspect_count * sizeof search->suspects[0]);
    pthread_mutex_unlock(&search->lock);
    if (id)
        *out = id;
    return id;
}

/* ---- Checking ------------------------------------------------------------------------------- */

int search_check(struct search *search, const char *store_id, bool deep,
                 struct treadle_error *error)
{
    struct search_index *index = NULL;
    int rc = search_index_acquire(search, store_id, false, &index, error);
    if (!rc && !index)
        return error_set(error, TREADLE_ENOTFOUND, "There is no search index.");
    if (!rc) {
        pthread_mutex_lock(&index->writing);
        rc = index_db_check(index->writer, deep, error);
        pthread_mutex_unlock(&index->writing);
    }
    search_index_release(search, index);
    if (rc && strcmp(error->wire_code, SEARCH_DAMAGED) == 0)
        rc = error->code = TREADLE_EPARSE;
    return rc;
}

/* ---- What was moved aside ------------------------------------------------------------------- */

int search_forget_aside(struct search *search, int64_t before, size_t *count,
                        struct treadle_error *error)
{
    char path[PATH_MAX];
    *count = 0;
    int rc = path_join(path, search->directory, SEARCH_ASIDE, error);
    if (rc)
        return rc;
    DIR *entries = opendir(path);
    if (!entries)
        return errno == ENOENT ? 0 : error_set_errno(error, TREADLE_EIO, errno, "Reading %s", path);
    for (struct dirent *entry; (entry = readdir(entries));) {
        struct stat status;
        if (fstatat(dirfd(entries), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISREG(status.st_mode) && status.st_ctim.tv_sec < before &&
            unlinkat(dirfd(entries), entry->d_name, 0) == 0)
            ++*count;
    }
    closedir(entries);
    return 0;
}
