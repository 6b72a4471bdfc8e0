/*
 * The vector store that ask searches: found by its content, or created. Stores that are created
 * here have the digest of their files in their metadata, so that asking about the same files reads
 * nothing again; they expire after 30 days without use.
 */
#ifndef CLI_ASK_STORE_H
#define CLI_ASK_STORE_H

#include "cli/ask_input.h"
#include "cli/session.h"

enum { ASK_ID_SIZE = 128 };

/* The id of a store in which every file was read, or at least one: reports each that was not, with
 * the server's reason. Reports an error and returns a negative code when there is none. */
int ask_store_get(struct session *session, const struct ask_input *input, char out[ASK_ID_SIZE]);

#endif
