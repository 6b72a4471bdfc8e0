/*
 * Directory: the list of all indexes, what is in them, and a copy of them all.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/path.h"
#include "base/text.h"
#include "search/index.h"

static const char tail[] = INDEX_DB_TAIL;

int search_snapshot(struct search *search, const char *directory, struct treadle_error *error)
{
    DIR *entries = opendir(search_index_directory(search));
    if (!entries)
        return error_set_errno(error, TREADLE_EIO, errno, "Reading %s",
                               search_index_directory(search));
    int rc = 0;
    for (struct dirent *entry; !rc && (entry = readdir(entries));) {
        char from[PATH_MAX], to[PATH_MAX];
        if (!text_ends_with(entry->d_name, tail))
            continue;
        rc = path_join(from, search_index_directory(search), entry->d_name, error);
        if (!rc)
            rc = path_join(to, directory, entry->d_name, error);
        if (!rc)
            rc = index_db_copy(from, to, error);
        /* Its vector store has just been deleted. */
        if (rc == TREADLE_ENOTFOUND)
            rc = 0;
    }
    closedir(entries);
    return rc;
}

int search_each_store(struct search *search, search_visit visit, void *context,
                      struct treadle_error *error)
{
    const char *directory = search_index_directory(search);
    DIR *entries = opendir(directory);
    if (!entries)
        return error_set_errno(error, TREADLE_EIO, errno, "Reading %s", directory);
    int rc = 0;
    for (struct dirent *entry; !rc && (entry = readdir(entries));) {
        if (!text_ends_with(entry->d_name, tail))
            continue;
        entry->d_name[strlen(entry->d_name) - strlen(tail)] = 0;
        rc = visit(context, entry->d_name);
    }
    closedir(entries);
    return rc;
}

int search_list_files(struct search *search, const char *store_id, struct arena *arena,
                      const char ***out, size_t *count, struct treadle_error *error)
{
    struct search_index *index = NULL;
    int rc = search_index_acquire(search, store_id, false, &index, error);
    if (rc)
        return rc;
    if (!index) {
        *count = 0;
        return 0;
    }
    pthread_mutex_lock(&index->reading);
    rc = index_db_list_files(index->reader, arena, out, count, error);
    pthread_mutex_unlock(&index->reading);
    search_index_release(search, index);
    return rc;
}
