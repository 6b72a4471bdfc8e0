/*
 * The built-in sentence embedding as an embedder.
 */
#include "encoder/encoder.h"
#include "search/embedder.h"

static int begin(void *context, bool documents, void **session, struct treadle_error *error)
{
    struct encoder_session *made = NULL;
    int rc = encoder_session_new(&made, context, documents ? ENCODER_DOCUMENTS : ENCODER_QUESTIONS,
                                 error);
    if (!rc)
        *session = made;
    return rc;
}

static void end(void *session)
{
    encoder_session_free(session);
}

static int encode(void *session, const struct search_text *texts, size_t count, int8_t *vectors,
                  float *scales, struct treadle_error *error)
{
    int rc = 0;
    for (size_t i = 0; i < count && !rc; i++) {
        rc = encoder_encode(session, texts[i].text, texts[i].length,
                            vectors + i * ENCODER_DIMENSIONS, error);
        scales[i] = 1.0f / ENCODER_STEPS;
    }
    return rc;
}

void search_embedder_built_in(const struct encoder *encoder, struct search_embedder *out)
{
    *out = (struct search_embedder){
        .version = encoder_version(encoder),
        .dimensions = ENCODER_DIMENSIONS,
        .context = (void *)(uintptr_t)encoder,
        .begin = begin,
        .end = end,
        .encode = encode,
    };
}
