/*
 * Blobs: the contents of files, stored in a directory, one file for each id.
 *
 * Content is written to a temporary name, synced, and renamed to its id: a blob is there completely
 * or not at all. Adopting begins that, and settling ends it once its row is durable; the blob can
 * be read from the beginning on. What a crash left between the two is recognised by its place, so
 * recovering finishes or removes it, and nothing else. Ids are made by Treadle (letters, digits,
 * '-' and '_' only); any other is refused, so no id can leave the directory.
 */
#ifndef STORE_BLOB_H
#define STORE_BLOB_H

#include <stddef.h>
#include <stdint.h>

#include "treadle/error.h"

struct blob_store;

/* Makes the directory (not its parents) when it is missing. TREADLE_EBUSY when another store has it
 * open: two would remove each other's uploads. */
int blob_open(struct blob_store **out, const char *directory, struct treadle_error *error);
void blob_close(struct blob_store *store);

/* The directory for uploads in progress, on the same file system as the blobs, so that a finished
 * upload is renamed and not copied. */
const char *blob_temporary_directory(const struct blob_store *store);

/* The expected length and checksum of contents. */
struct blob_sum {
    uint64_t length;
    char sha256[65]; /* in hexadecimal; "": unknown */
};

/* Adopts the finished file `path` (within the temporary directory) as the blob `id`, which must not
 * exist yet. On failure the file is still there. `sum` (may be NULL) becomes its length and
 * checksum. A full disk is TREADLE_EIO with http_status 507, here and in blob_open. */
int blob_adopt(struct blob_store *store, const char *id, const char *path, struct blob_sum *sum,
               struct treadle_error *error);

/* Moves a blob to its place once its row is durable. A failure loses nothing: the blob can be read,
 * and the next start moves it. */
int blob_settle(struct blob_store *store, const char *id, struct treadle_error *error);

/* Whether the id has a row: 1, 0 or a negative code. */
typedef int (*blob_known)(void *context, const char *id, struct treadle_error *error);

/* At a start: settles what was begun and has a row, removes all other temporary files. Without
 * `known` nothing has a row. */
int blob_recover(struct blob_store *store, blob_known known, void *context,
                 struct treadle_error *error);

/* How many blobs were adopted since the store was opened. */
uint64_t blob_adopted(const struct blob_store *store);

/* A descriptor for reading, which the caller closes, and the length. TREADLE_ENOTFOUND. */
int blob_read(struct blob_store *store, const char *id, int *descriptor, uint64_t *length,
              struct treadle_error *error);

/* Reads all of it from the beginning, independent of the descriptor's position. */
int blob_sum_make(int descriptor, struct blob_sum *out, struct treadle_error *error);

/* TREADLE_EIO, with a message that names the id, where the contents are not the expected ones;
 * blob_wrong_length checks the length alone. */
int blob_verify(int descriptor, const char *id, const struct blob_sum *expected,
                struct treadle_error *error);
int blob_wrong_length(const char *id, uint64_t found, uint64_t expected,
                      struct treadle_error *error);

/* Calls `visit` with the id and the length of every blob that is settled, until it returns a code
 * other than 0, which is then the result. Blobs that are added or removed in between may or may not
 * be visited. */
typedef int (*blob_visit)(void *context, const char *id, uint64_t length);
int blob_each(struct blob_store *store, blob_visit visit, void *context,
              struct treadle_error *error);

/* A short text that names the database of the blobs. TREADLE_ENOTFOUND when none was written. */
enum { BLOB_MARK_SIZE = 128 };
int blob_mark_read(const struct blob_store *store, char out[BLOB_MARK_SIZE],
                   struct treadle_error *error);
int blob_mark_write(struct blob_store *store, const char *text, struct treadle_error *error);

/* The first moves a blob to the directory "aside", the second moves it back (TREADLE_ENOTFOUND when
 * it is not there). The third deletes those that were moved aside before that time; `count` becomes
 * their number. */
int blob_set_aside(struct blob_store *store, const char *id, struct treadle_error *error);
int blob_put_back(struct blob_store *store, const char *id, struct treadle_error *error);
int blob_forget_aside(struct blob_store *store, int64_t before, size_t *count,
                      struct treadle_error *error);

/* Begins and ends a snapshot: `directory`, which must be there and empty, gets a link to every blob
 * that is there between the two calls, in the layout of a blob store. Blobs that are added or
 * removed in between are there as adopted ones, since the rows that are copied at the same time may
 * have them or not. TREADLE_EBUSY when one is in progress. Each begin needs an end. */
int blob_snapshot_begin(struct blob_store *store, const char *directory,
                        struct treadle_error *error);
int blob_snapshot_end(struct blob_store *store, struct treadle_error *error);

/* Removes; removing what is not there is no error. */
int blob_remove(struct blob_store *store, const char *id, struct treadle_error *error);

#endif
