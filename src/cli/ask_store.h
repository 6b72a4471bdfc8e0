/*
 * The vector store that ask searches: found by what is in it, or made.
 *
 * Stores made here carry the digest of their files in their metadata, so that asking the same
 * files again reads nothing again; they go away after 30 days without use.
 */
#ifndef CLI_ASK_STORE_H
#define CLI_ASK_STORE_H

#include "cli/ask_input.h"
#include "cli/session.h"

enum { ASK_ID_SIZE = 128 };

/* The id of a store in which every file was read, or at least one: complains of each that was not,
 * with the server's reason. Complains and returns a negative code when there is none. */
int ask_store_get(struct session *session, const struct ask_input *input, char out[ASK_ID_SIZE]);

#endif
