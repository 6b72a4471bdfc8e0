/*
 * Joining parts: copied piece by piece into a temporary file, which then becomes a blob. The
 * checksum is computed during the copy.
 */
#include "resource/upload_join.h"

#include <errno.h>
#include <limits.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/error.h"
#include "base/path.h"

enum { PIECE = 1 << 20, MD5_BYTES = 16 };

struct join {
    int file;
    EVP_MD_CTX *digest;
    unsigned char *piece;
};

static int fail(struct treadle_error *error, const char *what)
{
    int number = errno;
    int rc = error_set_errno(error, TREADLE_EIO, number, "cannot %s an upload", what);
    if (error && (number == ENOSPC || number == EDQUOT))
        error->http_status = 507;
    return rc;
}

static int write_all(int file, const unsigned char *bytes, size_t length,
                     struct treadle_error *error)
{
    while (length) {
        ssize_t written = write(file, bytes, length);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return fail(error, "write");
        bytes += written;
        length -= (size_t)written;
    }
    return 0;
}

static int append(struct join *join, int part, struct treadle_error *error)
{
    for (;;) {
        ssize_t got = read(part, join->piece, PIECE);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return fail(error, "read a part of");
        if (got == 0)
            return 0;
        if (EVP_DigestUpdate(join->digest, join->piece, (size_t)got) != 1)
            return error_set_memory(error);
        int rc = write_all(join->file, join->piece, (size_t)got, error);
        if (rc)
            return rc;
    }
}

static int append_parts(struct join *join, struct blob_store *blobs, const char *const *part_ids,
                        size_t count, struct treadle_error *error)
{
    int rc = 0;
    for (size_t i = 0; i < count && !rc; i++) {
        uint64_t length;
        int part = -1;
        rc = blob_read(blobs, part_ids[i], &part, &length, error);
        if (rc)
            return rc;
        rc = append(join, part, error);
        close(part);
    }
    return rc;
}

static int finish_digest(struct join *join, char md5[UPLOAD_MD5_SIZE], struct treadle_error *error)
{
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    if (EVP_DigestFinal_ex(join->digest, sum, &length) != 1 || length != MD5_BYTES)
        return error_set_memory(error);
    for (unsigned i = 0; i < length; i++)
        snprintf(md5 + 2 * i, 3, "%02x", sum[i]);
    return 0;
}

int upload_join(struct blob_store *blobs, const char *id, const char *const *part_ids, size_t count,
                char md5[UPLOAD_MD5_SIZE], struct blob_sum *sum, struct treadle_error *error)
{
    char path[PATH_MAX];
    struct join join = {.file = -1, .digest = EVP_MD_CTX_new(), .piece = malloc(PIECE)};
    int rc = 0;
    if (!join.piece || !join.digest || EVP_DigestInit_ex(join.digest, EVP_md5(), NULL) != 1)
        rc = error_set_memory(error);
    if (!rc)
        rc = path_join(path, blob_temporary_directory(blobs), "upload_XXXXXX", error);
    if (rc)
        goto done;
    join.file = mkstemp(path);
    if (join.file < 0) {
        rc = fail(error, "make the file of");
        goto done;
    }
    rc = append_parts(&join, blobs, part_ids, count, error);
    if (!rc)
        rc = finish_digest(&join, md5, error);
    if (!rc)
        rc = blob_adopt(blobs, id, path, sum, error);
    if (rc)
        unlink(path);
done:
    if (join.file >= 0)
        close(join.file);
    free(join.piece);
    EVP_MD_CTX_free(join.digest);
    return rc;
}
