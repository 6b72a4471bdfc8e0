/*
 * The operation of exports, which are Treadle's own.
 */
#include "client/internal.h"

int treadle_export_create(struct treadle_export_response **out, struct treadle_client *client,
                          const struct treadle_export_create_request *request,
                          struct treadle_error *error)
{
    CLIENT_CALL(treadle_export_response, export_, .endpoint = ENDPOINT_EXPORT_CREATE,
                .request = request);
}
