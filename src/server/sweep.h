/*
 * Sweep: takes away what a crash left behind, once, in the background of a start.
 *
 * The content of a file is on disk before its row is written, and still there after its row is
 * gone, so a kill in between leaves content that nobody knows. Content that is younger than the
 * sweep belongs to an upload that is under way and stays.
 */
#ifndef SERVER_SWEEP_H
#define SERVER_SWEEP_H

#include "base/log.h"
#include "store/blob.h"
#include "store/db.h"

struct sweep;

/* Starts sweeping on a thread of its own. What is passed must outlive the sweep. */
int sweep_start(struct sweep **out, struct db *db, struct blob_store *blobs, struct log *log,
                struct treadle_error *error);

/* Gives up what is not swept yet, and frees. Accepts NULL. */
void sweep_stop(struct sweep *sweep);

#endif
