/*
 * The embedding of a server (--embedding-url), as the search uses it.
 */
#ifndef SERVER_EMBEDDING_SERVER_H
#define SERVER_EMBEDDING_SERVER_H

#include "base/log.h"
#include "model/model.h"
#include "search/search.h"

struct embedding_server;

/* Starts a thread that asks the model until it answers, and then gives it to the search. `name` is
 * the model that is requested. */
int embedding_server_open(struct embedding_server **out, struct model *model, const char *name,
                          struct search *search, struct log *log, struct treadle_error *error);

/* Cancels what is under way and waits for its end; from then on the model is not asked any more.
 * Accepts NULL. */
void embedding_server_stop(struct embedding_server *server);

/* After the search was closed. Accepts NULL. */
void embedding_server_free(struct embedding_server *server);

#endif
