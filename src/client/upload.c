/*
 * The operations of uploads in parts.
 */
#include "client/internal.h"

int treadle_upload_create(struct treadle_upload_response **out, struct treadle_client *client,
                          const struct treadle_upload_create_request *request,
                          struct treadle_error *error)
{
    CLIENT_CALL(treadle_upload_response, upload, .endpoint = ENDPOINT_UPLOAD_CREATE,
                .request = request);
}

int treadle_upload_part_create(struct treadle_upload_part_response **out,
                               struct treadle_client *client, const char *upload_id,
                               const void *bytes, size_t length, struct treadle_error *error)
{
    struct upload content = {.descriptor = -1,
                             .bytes = bytes,
                             .length = (curl_off_t)length,
                             .member = "data",
                             .filename = "part"};
    CLIENT_CALL(treadle_upload_part_response, part, .endpoint = ENDPOINT_UPLOAD_PART_CREATE,
                .arguments = {upload_id}, .upload = &content);
}

int treadle_upload_complete(struct treadle_upload_response **out, struct treadle_client *client,
                            const char *upload_id,
                            const struct treadle_upload_complete_request *request,
                            struct treadle_error *error)
{
    CLIENT_CALL(treadle_upload_response, upload, .endpoint = ENDPOINT_UPLOAD_COMPLETE,
                .arguments = {upload_id}, .request = request);
}

int treadle_upload_cancel(struct treadle_upload_response **out, struct treadle_client *client,
                          const char *upload_id, struct treadle_error *error)
{
    CLIENT_CALL(treadle_upload_response, upload, .endpoint = ENDPOINT_UPLOAD_CANCEL,
                .arguments = {upload_id});
}
