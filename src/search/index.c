/*
 * Index: which stores are open, and how their files are taken away.
 */
#include "search/index.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/path.h"
#include "search/vectors.h"

enum { OPEN_INDEXES = 16 };

static void index_close(struct search_index *index)
{
    vectors_close(&index->map);
    index_db_close(index->reader);
    index_db_close(index->writer);
    pthread_mutex_destroy(&index->reading);
    pthread_mutex_destroy(&index->writing);
    free(index);
}

void search_index_close_all(struct search *search)
{
    while (search->indexes) {
        struct search_index *index = search->indexes;
        search->indexes = index->next;
        index_close(index);
    }
}

static int index_open(struct search_index *index, const char *path, struct treadle_error *error)
{
    int rc = index_db_open(&index->writer, path, true, error);
    return rc ? rc : index_db_open(&index->reader, path, false, error);
}

/* Closes the index that was idle longest when too many are open. */
static void evict(struct search *search)
{
    struct search_index **oldest = NULL;
    for (struct search_index **at = &search->indexes; *at; at = &(*at)->next)
        if ((*at)->users == 0 && (!oldest || (*at)->used_at < (*oldest)->used_at))
            oldest = at;
    if (search->open < OPEN_INDEXES || !oldest)
        return;
    struct search_index *index = *oldest;
    *oldest = index->next;
    search->open--;
    index_close(index);
}

size_t search_close_idle(struct search *search, unsigned seconds)
{
    int64_t before = clock_monotonic_us() - seconds * INT64_C(1000000);
    size_t closed = 0;
    pthread_mutex_lock(&search->lock);
    for (struct search_index **at = &search->indexes; *at;) {
        struct search_index *index = *at;
        if (index->users || index->used_at > before) {
            at = &index->next;
            continue;
        }
        *at = index->next;
        search->open--;
        closed++;
        index_close(index);
    }
    pthread_mutex_unlock(&search->lock);
    return closed;
}

static int index_add(struct search *search, const char *store_id, const char *path,
                     struct search_index **out, struct treadle_error *error)
{
    struct search_index *index = calloc(1, sizeof *index);
    if (!index)
        return error_set_memory(error);
    evict(search);
    pthread_mutex_init(&index->reading, NULL);
    pthread_mutex_init(&index->writing, NULL);
    memcpy(index->store_id, store_id, strlen(store_id));
    int rc = index_open(index, path, error);
    if (rc) {
        index_close(index);
        return rc;
    }
    index->next = search->indexes;
    search->indexes = index;
    search->open++;
    *out = index;
    return 0;
}

/* Indexes are made and removed under the same lock, so a removed index is not made again. */
static int check_wanted(struct search *search, const char *store_id, struct treadle_error *error)
{
    int wanted = search_wanted(search, store_id, NULL, error);
    if (wanted)
        return wanted < 0 ? wanted : 0;
    return error_set(error, TREADLE_ENOTFOUND, "The vector store was deleted or has expired.");
}

int search_index_acquire(struct search *search, const char *store_id, bool make,
                         struct search_index **out, struct treadle_error *error)
{
    char *path;
    int rc = search_index_path(search, store_id, &path, error);
    if (rc)
        return rc;
    pthread_mutex_lock(&search->lock);
    struct search_index *index = search->indexes;
    while (index && strcmp(index->store_id, store_id) != 0)
        index = index->next;
    bool there = index || access(path, F_OK) == 0;
    if (!there && make)
        rc = check_wanted(search, store_id, error);
    if (!index && !rc && (there || make))
        rc = index_add(search, store_id, path, &index, error);
    if (index) {
        index->users++;
        index->used_at = clock_monotonic_us();
    }
    pthread_mutex_unlock(&search->lock);
    free(path);
    if (!rc)
        *out = index;
    return rc;
}

void search_index_release(struct search *search, struct search_index *index)
{
    if (!index)
        return;
    pthread_mutex_lock(&search->lock);
    bool last = --index->users == 0 && index->removed;
    index->used_at = clock_monotonic_us();
    pthread_mutex_unlock(&search->lock);
    if (last)
        index_close(index);
}

bool search_index_is_removed(struct search *search, const struct search_index *index)
{
    pthread_mutex_lock(&search->lock);
    bool removed = index->removed;
    pthread_mutex_unlock(&search->lock);
    return removed;
}

/* Takes the index out of the list; returns it when it has no users. */
static struct search_index *detach(struct search *search, const char *store_id)
{
    struct search_index **at = &search->indexes;
    while (*at && strcmp((*at)->store_id, store_id) != 0)
        at = &(*at)->next;
    struct search_index *index = *at;
    if (!index)
        return NULL;
    *at = index->next;
    search->open--;
    index->removed = true;
    return index->users == 0 ? index : NULL;
}

/* Unlinks the file, or moves it into the directory `aside`. A missing file is no error. */
static int take_away(const char *path, const char *name, const char *aside,
                     struct treadle_error *error)
{
    char target[PATH_MAX];
    if (!aside) {
        if (unlink(path) != 0 && errno != ENOENT)
            return error_set_errno(error, TREADLE_EIO, errno, "Deleting a search index");
        return 0;
    }
    int rc = path_join(target, aside, name, error);
    if (rc)
        return rc;
    if (rename(path, target) != 0 && errno != ENOENT)
        return error_set_errno(error, TREADLE_EIO, errno, "Moving a search index aside");
    return 0;
}

static int take_file(const struct search *search, const char *store_id, const char *tail,
                     const char *aside, struct treadle_error *error)
{
    char path[PATH_MAX], name[SEARCH_ID_BYTES + 16];
    snprintf(name, sizeof name, "%s%s", store_id, tail);
    int rc = path_join(path, search->directory, name, error);
    return rc ? rc : take_away(path, name, aside, error);
}

/* The vectors go first: an index without them has them made again. Called with the lock held. */
static int take_files(struct search *search, const char *store_id, const char *aside,
                      struct treadle_error *error)
{
    struct search_index *idle = detach(search, store_id);
    if (idle)
        index_close(idle);
    int rc = take_file(search, store_id, VECTORS_TAIL, aside, error);
    for (const char *const *tail = index_db_tails; !rc && *tail; tail++)
        rc = take_file(search, store_id, *tail, aside, error);
    return rc;
}

int search_index_remove(struct search *search, const char *store_id, struct treadle_error *error)
{
    char *path;
    int rc = search_index_path(search, store_id, &path, error);
    if (rc)
        return rc;
    free(path);
    pthread_mutex_lock(&search->lock);
    int wanted = search->db ? search_wanted(search, store_id, NULL, error) : 0;
    rc = wanted < 0 ? wanted : wanted ? 0 : take_files(search, store_id, NULL, error);
    pthread_mutex_unlock(&search->lock);
    return rc;
}

int search_set_aside(struct search *search, const char *store_id, struct treadle_error *error)
{
    char *path, aside[PATH_MAX];
    int rc = search_index_path(search, store_id, &path, error);
    if (rc)
        return rc;
    free(path);
    rc = path_join(aside, search->directory, SEARCH_ASIDE, error);
    if (rc)
        return rc;
    if (mkdir(aside, 0700) != 0 && errno != EEXIST)
        return error_set_errno(error, TREADLE_EIO, errno, "Making the directory %s", aside);
    pthread_mutex_lock(&search->lock);
    rc = take_files(search, store_id, aside, error);
    pthread_mutex_unlock(&search->lock);
    return rc;
}
