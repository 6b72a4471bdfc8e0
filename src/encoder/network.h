/*
 * The network of the sentence embedding: from the ids of a text's pieces to its vector.
 *
 * A network does not change once it is made, and may be used by many threads at once; each thread
 * computes with a session of its own. The same ids give the same vector, to the bit, in every
 * session and with every kernel.
 */
#ifndef ENCODER_NETWORK_H
#define ENCODER_NETWORK_H

#include "encoder/kernel.h"
#include "encoder/weights.h"

/* The most ids of a text; the rest is left out before. */
enum { NETWORK_IDS = 512 };

struct network;

/* The weights must stay. 0 or TREADLE_EMEMORY. */
int network_new(struct network **out, const struct weights *weights, const struct kernel *kernel);

/* Accepts NULL. */
void network_free(struct network *network);

/* A session keeps what it computed for ids: `memory` bytes of it at most, about 7 KB each. NULL
 * when memory runs out. */
struct network_session;
struct network_session *network_session_new(const struct network *network, size_t memory);

/* Accepts NULL. */
void network_session_free(struct network_session *session);

/* The vector of 2 to NETWORK_IDS ids, each below WEIGHTS_IDS: of length 1. */
void network_run(struct network_session *session, const uint32_t *ids, size_t count,
                 float out[WEIGHTS_OUT]);

#endif
