/*
 * Uploading files: the content comes from an open file or from memory, and is read again from its
 * start when the request is sent again.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/types.h"
#include "base/error.h"
#include "base/text.h"
#include "client/internal.h"

static int check_options(const struct treadle_file_upload_options *options,
                         struct treadle_error *error)
{
    if (options->version != TREADLE_FILE_UPLOAD_OPTIONS_VERSION)
        return error_set(error, TREADLE_EINVALID,
                         "upload options of version %u are not known to this library",
                         options->version);
    if (options->filename && !text_is_utf8(options->filename, strlen(options->filename)))
        return error_set(error, TREADLE_EINVALID, "the name of the upload is not valid UTF-8");
    if (options->purpose && !field_word(file_purpose_names, (int)options->purpose))
        return error_set(error, TREADLE_EINVALID, "the purpose of the upload is not known");
    return 0;
}

static int send_upload(struct treadle_file_response **out, struct treadle_client *client,
                       struct upload *upload, const struct treadle_file_upload_options *options,
                       struct treadle_error *error)
{
    int purpose = (int)(options->purpose ? options->purpose : TREADLE_PURPOSE_ASSISTANTS);
    upload->member = "file";
    upload->purpose = field_word(file_purpose_names, purpose);
    upload->expires_after_seconds = options->expires_after_seconds;
    CLIENT_CALL(treadle_file_response, file, .endpoint = ENDPOINT_FILE_CREATE, .upload = upload);
}

int treadle_file_upload_memory(struct treadle_file_response **out, struct treadle_client *client,
                               const void *bytes, size_t length,
                               const struct treadle_file_upload_options *options,
                               struct treadle_error *error)
{
    struct upload upload = {.descriptor = -1, .bytes = bytes, .length = (curl_off_t)length};
    if (!options || !options->filename || !options->filename[0])
        return error_set(error, TREADLE_EINVALID, "an upload from memory needs a file name");
    int rc = check_options(options, error);
    if (rc)
        return rc;
    upload.filename = options->filename;
    return send_upload(out, client, &upload, options, error);
}

/* A name on disk is bytes; on the wire it is UTF-8, with U+FFFD for what is none. */
static void append_name(struct buffer *out, const char *name)
{
    size_t length = strlen(name);
    for (size_t at = 0; at < length;) {
        char character[4];
        size_t size = text_put(character, text_next(name, length, &at));
        buffer_append(out, character, size);
    }
}

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* Opens without waiting, as opening a pipe would, and takes regular files alone. */
static int open_file(const char *path, struct upload *upload, struct treadle_error *error)
{
    struct stat status;
    upload->descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (upload->descriptor < 0)
        return error_set_errno(error, errno == ENOENT ? TREADLE_ENOTFOUND : TREADLE_EIO, errno,
                               "the file to upload cannot be opened");
    if (fstat(upload->descriptor, &status))
        return error_set_errno(error, TREADLE_EIO, errno, "the file to upload cannot be read");
    if (!S_ISREG(status.st_mode))
        return error_set(error, TREADLE_EINVALID, "only regular files can be uploaded");
    upload->length = status.st_size;
    return 0;
}

int treadle_file_upload(struct treadle_file_response **out, struct treadle_client *client,
                        const char *path, const struct treadle_file_upload_options *options,
                        struct treadle_error *error)
{
    static const struct treadle_file_upload_options defaults = TREADLE_FILE_UPLOAD_OPTIONS_INIT;
    struct upload upload = {.descriptor = -1};
    struct buffer name;
    buffer_init(&name, 4096);
    options = options ? options : &defaults;
    int rc = check_options(options, error);
    if (!rc)
        rc = open_file(path, &upload, error);
    if (rc)
        goto done;
    append_name(&name, options->filename ? options->filename : last_part(path));
    if (name.failed || !name.length) {
        rc = error_set(error, TREADLE_EINVALID, "the file to upload has no usable name");
        goto done;
    }
    upload.filename = name.data;
    rc = send_upload(out, client, &upload, options, error);
done:
    if (upload.descriptor >= 0)
        close(upload.descriptor);
    buffer_clear(&name);
    return rc;
}
