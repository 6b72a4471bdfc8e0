/*
 * Joining the parts of an upload to one file, on disk.
 */
#ifndef RESOURCE_UPLOAD_JOIN_H
#define RESOURCE_UPLOAD_JOIN_H

#include <stddef.h>

#include "store/blob.h"

enum { UPLOAD_MD5_SIZE = 33 };

/* Makes the blob `id` of the blobs `part_ids`, one after the other; `md5` becomes its MD5 sum in
 * hexadecimal digits, `sum` what the blob holds. Durable when it returns. */
int upload_join(struct blob_store *blobs, const char *id, const char *const *part_ids, size_t count,
                char md5[UPLOAD_MD5_SIZE], struct blob_sum *sum, struct treadle_error *error);

#endif
