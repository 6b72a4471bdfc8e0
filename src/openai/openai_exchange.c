/*
 * What every exchange with a server has in common.
 */
#include "openai/openai_server.h"
#include "openai/remote_error.h"

struct loop_exchange openai_exchange(const struct openai *server)
{
    return (struct loop_exchange){.key = server->key,
                                  .connect_seconds = server->connect_seconds,
                                  .first_seconds = server->first_seconds,
                                  .idle_seconds = server->idle_seconds,
                                  .attempts = server->attempts,
                                  .words = &remote_error_words};
}
