/*
 * Blobs: the contents of files, kept in a directory, one file an id.
 *
 * Content is written to a temporary name, synced, renamed, and its directory synced: a blob is
 * there whole or not at all. Ids are made by Treadle (letters, digits, '-' and '_' only); any
 * other is refused, so no id can leave the directory. Temporary files that a crash left behind
 * are removed at opening.
 */
#ifndef STORE_BLOB_H
#define STORE_BLOB_H

#include <stdint.h>

#include "treadle/error.h"

struct blob_store;

/* Makes the directory (not its parents) when it is missing. TREADLE_EBUSY when somebody has it
 * open: two would remove each other's uploads. */
int blob_open(struct blob_store **out, const char *directory, struct treadle_error *error);
void blob_close(struct blob_store *store);

/* The directory for uploads under way, on the same file system as the blobs, so that a finished
 * upload is renamed and not copied. */
const char *blob_temporary_directory(const struct blob_store *store);

/* Takes the finished file `path` (within the temporary directory) over as the blob `id`, which
 * must not be there yet. On failure the file is still there. A full disk is TREADLE_EIO with
 * http_status 507, here and in blob_open. */
int blob_adopt(struct blob_store *store, const char *id, const char *path,
               struct treadle_error *error);

/* A descriptor for reading, which the caller closes, and the length. TREADLE_ENOTFOUND. */
int blob_read(struct blob_store *store, const char *id, int *descriptor, uint64_t *length,
              struct treadle_error *error);

/* Calls `visit` with the id and the time of every blob, until it returns a code other than 0, which
 * is then the result. Blobs that are added or removed meanwhile may or may not be visited. */
int blob_each(struct blob_store *store, int (*visit)(void *context, const char *id, int64_t time),
              void *context, struct treadle_error *error);

/* Begins and ends a snapshot: `directory`, which must be there and empty, gets a link to every blob
 * that is there between the two calls, also to those that are removed meanwhile, in the layout of
 * a blob store. TREADLE_EBUSY when one is under way. Each begin needs an end. */
int blob_snapshot_begin(struct blob_store *store, const char *directory,
                        struct treadle_error *error);
int blob_snapshot_end(struct blob_store *store, struct treadle_error *error);

/* Removes; removing what is not there is no error. */
int blob_remove(struct blob_store *store, const char *id, struct treadle_error *error);

#endif
