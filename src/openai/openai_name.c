/*
 * Names of models: one that the server has is passed on, any other means its default model.
 */
#include "openai/openai_server.h"

const char *openai_name(struct openai *server, const char *asked)
{
    if (!server->default_model)
        return asked ? asked : "";
    if (asked && openai_list_knows(server->list, asked))
        return asked;
    return server->default_model;
}
