/*
 * The operations of files, except uploading (file_upload.c).
 */
#include "client/internal.h"

int treadle_file_list(struct treadle_file_page_response **out, struct treadle_client *client,
                      const struct treadle_list_options *options, struct treadle_error *error)
{
    CLIENT_CALL(treadle_file_page_response, page, .endpoint = ENDPOINT_FILE_LIST, .list = options);
}

int treadle_file_retrieve(struct treadle_file_response **out, struct treadle_client *client,
                          const char *file_id, struct treadle_error *error)
{
    CLIENT_CALL(treadle_file_response, file, .endpoint = ENDPOINT_FILE_RETRIEVE,
                .arguments = {file_id});
}

int treadle_file_delete(struct treadle_deletion_response **out, struct treadle_client *client,
                        const char *file_id, struct treadle_error *error)
{
    CLIENT_CALL(treadle_deletion_response, deletion, .endpoint = ENDPOINT_FILE_DELETE,
                .arguments = {file_id});
}

int treadle_file_content(struct treadle_response **out, struct treadle_client *client,
                         const char *file_id, treadle_content_sink sink, void *context,
                         struct treadle_error *error)
{
    struct treadle_response *response = NULL;
    const struct client_call call = {.endpoint = ENDPOINT_FILE_CONTENT,
                                     .arguments = {file_id},
                                     .sink = sink,
                                     .sink_context = context,
                                     .size = sizeof *response};
    int rc = client_call(client, &call, &response, error);
    if (response && out)
        *out = response;
    else
        treadle_response_free(response);
    return rc;
}

static int write_to_stream(void *context, const void *bytes, size_t length)
{
    return fwrite(bytes, 1, length, context) == length ? 0 : -1;
}

int treadle_file_content_save(struct treadle_response **out, struct treadle_client *client,
                              const char *file_id, FILE *stream, struct treadle_error *error)
{
    return treadle_file_content(out, client, file_id, write_to_stream, stream, error);
}
