/*
 * The operation of imports, which are Treadle's own.
 */
#include "client/internal.h"

int treadle_import_create(struct treadle_import_response **out, struct treadle_client *client,
                          const struct treadle_import_create_request *request,
                          struct treadle_error *error)
{
    CLIENT_CALL(treadle_import_response, import, .endpoint = ENDPOINT_IMPORT_CREATE,
                .request = request);
}
