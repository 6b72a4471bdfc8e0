/*
 * The operations of models.
 */
#include "client/internal.h"

int treadle_model_list(struct treadle_model_list_response **out, struct treadle_client *client,
                       struct treadle_error *error)
{
    CLIENT_CALL(treadle_model_list_response, list, .endpoint = ENDPOINT_MODEL_LIST);
}

int treadle_model_retrieve(struct treadle_model_response **out, struct treadle_client *client,
                           const char *model, struct treadle_error *error)
{
    CLIENT_CALL(treadle_model_response, model, .endpoint = ENDPOINT_MODEL_RETRIEVE,
                .arguments = {model});
}
