/*
 * Orphans: contents and search indexes that no row knows.
 *
 * Files and rows are not written in one transaction, so a kill of an earlier process may have left
 * a blob before its row came, or a blob, an index or a file's text within an index after its row
 * went.
 */
#ifndef SERVER_ORPHANS_H
#define SERVER_ORPHANS_H

#include <stdatomic.h>

#include "server/housekeeping.h"

/* Removes them, until `stop` is set. `start` is the time at which this process began: younger blobs
 * may be on their way to a row. */
void orphans_remove(const struct housekeeping_options *options, int64_t start,
                    const atomic_bool *stop);

#endif
