/*
 * Shared by the files of the blob store: the open directories, and their helpers. May be used by
 * blob_*.c alone.
 */
#ifndef STORE_BLOB_DIR_H
#define STORE_BLOB_DIR_H

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>

#include "store/blob.h"

#define BLOB_TEMPORARY "temporary"
#define BLOB_ASIDE     "aside"

enum { BLOB_TAIL = 2, BLOB_DIRECTORY = O_RDONLY | O_DIRECTORY | O_CLOEXEC };

struct blob_store {
    int directory;
    int temporary;
    char *temporary_path;
    atomic_uint_fast64_t adopted; /* how many blobs */
    pthread_mutex_t mutex;        /* guards what follows, and removals while there is a snapshot */
    int snapshot;                 /* the temporary directory of the one in progress, or -1 */
    int snapshot_top;
};

int blob_fail(struct treadle_error *error, int error_number, const char *what, const char *name);
int blob_check_id(const char *id, struct treadle_error *error);

/* The last characters of an id, which name its directory. */
const char *blob_tail(const char *id);

/* Opens the directory `name` within `parent`, and makes it when it is missing. */
int blob_open_made(int *out, int parent, const char *name, struct treadle_error *error);

/* The entries of a directory; NULL with errno. */
DIR *blob_entries(int parent, const char *name);

/* Moves without replacing: -1 with errno EEXIST when the name is taken. */
int blob_move(int from, const char *name, int to, const char *id);

/* While there is a snapshot, links the blob into it, from `directory`. To be called with the mutex
 * held. -1 with errno. */
int blob_snapshot_keep(const struct blob_store *store, int directory, const char *id);

#endif
