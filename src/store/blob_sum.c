/*
 * Sums of blobs: the length and the SHA-256 of contents.
 */
#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "store/blob.h"

enum { PIECE = 32 << 10, DIGEST_BYTES = 32 };

static int feed(EVP_MD_CTX *digest, int descriptor, uint64_t *length, struct treadle_error *error)
{
    unsigned char piece[PIECE];
    *length = 0;
    for (;;) {
        ssize_t got = pread(descriptor, piece, PIECE, (off_t)*length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return error_set_errno(error, TREADLE_EIO, errno, "cannot read the contents");
        if (got == 0)
            return 0;
        if (EVP_DigestUpdate(digest, piece, (size_t)got) != 1)
            return error_set_memory(error);
        *length += (uint64_t)got;
    }
}

int blob_sum_make(int descriptor, struct blob_sum *out, struct treadle_error *error)
{
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    uint64_t length = 0;
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    int rc = 0;
    if (!digest || EVP_DigestInit_ex(digest, EVP_sha256(), NULL) != 1)
        rc = error_set_memory(error);
    if (rc == 0)
        rc = feed(digest, descriptor, &length, error);
    if (rc == 0 && (EVP_DigestFinal_ex(digest, bytes, &size) != 1 || size != DIGEST_BYTES))
        rc = error_set_memory(error);
    EVP_MD_CTX_free(digest);
    if (rc < 0)
        return rc;
    out->length = length;
    for (size_t i = 0; i < DIGEST_BYTES; i++)
        snprintf(out->sha256 + 2 * i, 3, "%02x", bytes[i]);
    return 0;
}

int blob_verify(int descriptor, const char *id, const struct blob_sum *expected,
                struct treadle_error *error)
{
    struct blob_sum found;
    int rc = blob_sum_make(descriptor, &found, error);
    if (rc < 0)
        return rc;
    if (found.length != expected->length)
        return blob_wrong_length(id, found.length, expected->length, error);
    if (expected->sha256[0] && strcmp(found.sha256, expected->sha256) != 0)
        return error_set(error, TREADLE_EIO,
                         "the contents of %s are damaged: they are not those that were stored", id);
    return 0;
}

int blob_wrong_length(const char *id, uint64_t found, uint64_t expected,
                      struct treadle_error *error)
{
    return error_set(error, TREADLE_EIO,
                     "the contents of %s are damaged: they have %llu bytes in place of %llu", id,
                     (unsigned long long)found, (unsigned long long)expected);
}
