/*
 * The sentence embedding.
 *
 * The file of weights is mapped and used in place. Only the one known file is accepted, by
 * its SHA-256: another would make other vectors under the same name.
 */
#include "encoder/encoder.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "encoder/network.h"
#include "encoder/tokenizer.h"

enum { HASH_BYTES = 32, DOCUMENT_MEMORY = 28 << 20, QUESTION_MEMORY = 1 << 20 };

static const unsigned char known_hash[HASH_BYTES] = {
    0xb8, 0xb0, 0x5b, 0x01, 0xf0, 0x86, 0x10, 0x94, 0xf0, 0x47, 0x5c, 0xb2, 0x88, 0xad, 0x1b, 0x30,
    0x3a, 0xe8, 0xae, 0xe2, 0xeb, 0xe9, 0x6e, 0x65, 0x0d, 0x21, 0x08, 0x05, 0xd5, 0xca, 0x70, 0xf7};

/* The start of the hash, and a number that changes whenever the computation does. */
static const char version[] = ENCODER_NAME "-b8b05b01-1";

struct encoder {
    const unsigned char *bytes; /* the file, mapped */
    size_t length;
    struct weights weights;
    struct tokenizer *tokenizer;
    const struct kernel *kernel;
    struct network *network;
};

struct encoder_session {
    const struct encoder *encoder;
    struct tokenizer_work work;
    struct network_session *network;
    uint32_t ids[NETWORK_IDS];
};

/* ---- Opening -------------------------------------------------------------------------------- */

static int map_file(const char *path, struct encoder *encoder, struct treadle_error *error)
{
    struct stat status;
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
        return error_set_errno(error, errno == ENOENT ? TREADLE_ENOTFOUND : TREADLE_EIO, errno,
                               "cannot open the weights %s", path);
    void *bytes = MAP_FAILED;
    if (fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0)
        bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, descriptor, 0);
    close(descriptor);
    if (bytes == MAP_FAILED)
        return error_set(error, TREADLE_EIO, "cannot read the weights %s", path);
    encoder->bytes = bytes;
    encoder->length = (size_t)status.st_size;
    return 0;
}

static int check_hash(const struct encoder *encoder, const char *path, struct treadle_error *error)
{
    unsigned char hash[HASH_BYTES];
    unsigned length = sizeof hash;
    if (!EVP_Digest(encoder->bytes, encoder->length, hash, &length, EVP_sha256(), NULL))
        return error_set_memory(error);
    if (memcmp(hash, known_hash, sizeof hash) == 0)
        return 0;
    return error_set(error, TREADLE_EPARSE,
                     "%s is not the file of weights that is known as " ENCODER_NAME, path);
}

static int make_parts(struct encoder *encoder, struct treadle_error *error)
{
    int rc = weights_read(encoder->bytes, encoder->length, &encoder->weights, error);
    if (!rc)
        rc = tokenizer_new(&encoder->tokenizer, encoder->weights.pieces,
                           encoder->weights.pieces_length, WEIGHTS_IDS, error);
    if (rc)
        return rc;
    encoder->kernel = kernel_best();
    return network_new(&encoder->network, &encoder->weights, encoder->kernel)
               ? error_set_memory(error)
               : 0;
}

int encoder_open(struct encoder **out, const char *path, struct treadle_error *error)
{
    struct encoder *encoder = calloc(1, sizeof *encoder);
    if (!encoder)
        return error_set_memory(error);
    int rc = map_file(path, encoder, error);
    if (!rc)
        rc = check_hash(encoder, path, error);
    if (!rc)
        rc = make_parts(encoder, error);
    if (rc)
        encoder_close(encoder);
    else
        *out = encoder;
    return rc;
}

void encoder_close(struct encoder *encoder)
{
    if (!encoder)
        return;
    network_free(encoder->network);
    tokenizer_free(encoder->tokenizer);
    if (encoder->bytes)
        munmap((void *)(uintptr_t)encoder->bytes, encoder->length);
    free(encoder);
}

const char *encoder_version(const struct encoder *encoder)
{
    (void)encoder;
    return version;
}

const char *encoder_kernel(const struct encoder *encoder)
{
    return encoder->kernel->name;
}

/* ---- Encoding ------------------------------------------------------------------------------- */

int encoder_session_new(struct encoder_session **out, const struct encoder *encoder,
                        enum encoder_use use, struct treadle_error *error)
{
    struct encoder_session *session = calloc(1, sizeof *session);
    if (!session)
        return error_set_memory(error);
    session->encoder = encoder;
    session->network = network_session_new(
        encoder->network, use == ENCODER_DOCUMENTS ? DOCUMENT_MEMORY : QUESTION_MEMORY);
    if (!session->network) {
        encoder_session_free(session);
        return error_set_memory(error);
    }
    *out = session;
    return 0;
}

void encoder_session_free(struct encoder_session *session)
{
    if (!session)
        return;
    tokenizer_work_clear(&session->work);
    network_session_free(session->network);
    free(session);
}

int encoder_encode_floats(struct encoder_session *session, const char *text, size_t length,
                          float out[ENCODER_DIMENSIONS], struct treadle_error *error)
{
    size_t count = 0;
    int rc = tokenizer_cut(session->encoder->tokenizer, &session->work, text, length, session->ids,
                           NETWORK_IDS, &count, error);
    if (!rc)
        network_run(session->network, session->ids, count, out);
    return rc;
}

int encoder_encode(struct encoder_session *session, const char *text, size_t length,
                   int8_t out[ENCODER_DIMENSIONS], struct treadle_error *error)
{
    float values[ENCODER_DIMENSIONS];
    int rc = encoder_encode_floats(session, text, length, values, error);
    for (size_t i = 0; i < ENCODER_DIMENSIONS && !rc; i++) {
        float steps = fminf(fmaxf(values[i] * ENCODER_STEPS, -127), 127);
        out[i] = (int8_t)lrintf(steps);
    }
    return rc;
}

void encoder_compare(const struct encoder *encoder, const int8_t question[ENCODER_DIMENSIONS],
                     const int8_t *vectors, size_t count, int32_t *out)
{
    encoder->kernel->dots(question, vectors, count, ENCODER_DIMENSIONS, out);
}
