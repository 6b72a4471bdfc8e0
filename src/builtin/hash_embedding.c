/*
 * The built-in embedding.
 *
 * Each distinct term of a text, and each run of three to five characters of its words, is hashed to
 * a dimension and a sign. A feature weighs with the logarithm of how often it comes; runs weigh
 * less than terms, so that they help with unknown inflections and spelling without drowning words.
 * Stopwords weigh little. The vector is scaled to length 1.
 */
#include "builtin/hash_embedding.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/text.h"
#include "language/language.h"

enum { ARENA_BYTES = 64 << 20, SHORTEST_RUN = 3, LONGEST_RUN = 5, LONGEST_WORD = 64 };

static const double term_weight = 1, stopword_weight = 0.1, part_weight = 0.5, run_weight = 0.3;

/* A feature and how much of it there is. Open addressing; hash 0 is a free place. */
struct feature {
    uint64_t hash;
    double weight, count;
};

struct features {
    struct feature *places;
    size_t size, used;
};

static uint64_t hash_bytes(const char *bytes, size_t length, uint64_t kind)
{
    uint64_t hash = HASH_START_64 ^ kind;
    for (size_t i = 0; i < length; i++)
        hash = hash_step_64(hash, (unsigned char)bytes[i]);
    /* The multiplication leaves the low bits weak. */
    hash ^= hash >> 32;
    hash *= UINT64_C(0xd6e8feb86659fd93);
    hash ^= hash >> 32;
    return hash ? hash : 1;
}

static void add(struct features *features, uint64_t hash, double weight)
{
    size_t at = (size_t)hash & (features->size - 1);
    while (features->places[at].hash && features->places[at].hash != hash)
        at = (at + 1) & (features->size - 1);
    struct feature *place = &features->places[at];
    if (!place->hash && features->used * 2 >= features->size)
        return;
    features->used += !place->hash;
    place->hash = hash;
    place->weight = weight;
    place->count++;
}

static void add_runs(struct features *features, const char *word, size_t length)
{
    size_t starts[LONGEST_WORD + 2], count = 0;
    for (size_t at = 0; at < length && count < LONGEST_WORD;) {
        starts[count++] = at;
        text_next(word, length, &at);
        starts[count] = at;
    }
    for (size_t run = SHORTEST_RUN; run <= LONGEST_RUN; run++)
        for (size_t i = 0; i + run <= count; i++)
            add(features, hash_bytes(word + starts[i], starts[i + run] - starts[i], run),
                run_weight);
}

static int gather(struct features *features, const char *text, struct arena *arena,
                  struct treadle_error *error)
{
    struct language *language;
    struct language_word *words;
    size_t count, length = strlen(text), size = 1024;
    int rc = language_new(&language, language_detect(text, length), error);
    if (rc)
        return rc;
    rc = language_words(language, text, length, arena, &words, &count, error);
    language_free(language);
    if (rc)
        return rc;
    while (size < 4 * (count + length * 3) && size < ((size_t)1 << 20))
        size *= 2;
    features->size = size;
    features->places = arena_array(arena, size, sizeof *features->places);
    if (!features->places)
        return error_set_memory(error);
    for (size_t i = 0; i < count; i++) {
        const char *term = words[i].term;
        double weight = words[i].stopword ? stopword_weight
                        : words[i].part   ? part_weight
                                          : term_weight;
        add(features, hash_bytes(term, strlen(term), 0), weight);
        if (!words[i].stopword && !words[i].part)
            add_runs(features, term, strlen(term));
    }
    return 0;
}

static void project(const struct features *features, float *out, size_t dimensions)
{
    double sum = 0;
    for (size_t i = 0; i < features->size; i++) {
        const struct feature *feature = &features->places[i];
        if (!feature->hash)
            continue;
        float value = (float)(feature->weight * (1 + log(feature->count)));
        size_t at = (size_t)((feature->hash >> 1) % dimensions);
        out[at] += feature->hash & 1 ? value : -value;
    }
    for (size_t i = 0; i < dimensions; i++)
        sum += (double)out[i] * out[i];
    float scale = sum > 0 ? (float)(1 / sqrt(sum)) : 0;
    for (size_t i = 0; i < dimensions; i++)
        out[i] *= scale;
}

int hash_embedding_make(const char *text, float *out, size_t dimensions,
                        struct treadle_error *error)
{
    struct arena *arena = arena_new(ARENA_BYTES);
    struct features features = {.size = 0};
    int rc = arena ? gather(&features, text, arena, error) : error_set_memory(error);
    if (!rc) {
        memset(out, 0, dimensions * sizeof *out);
        project(&features, out, dimensions);
    }
    arena_free(arena);
    return rc;
}

static int check(const struct embedding_request *request, struct treadle_error *error)
{
    if (!request->texts)
        return error_set_request(error, "unsupported_value", "input",
                                 "%s reads texts; tokens can only be read by the model that they "
                                 "are of.",
                                 HASH_EMBEDDING);
    if (request->dimensions && (request->dimensions < HASH_EMBEDDING_DIMENSIONS_LEAST ||
                                request->dimensions > HASH_EMBEDDING_DIMENSIONS_MOST))
        return error_set_request(error, "invalid_value", "dimensions",
                                 "Invalid 'dimensions': %s makes vectors of %d to %d.",
                                 HASH_EMBEDDING, HASH_EMBEDDING_DIMENSIONS_LEAST,
                                 HASH_EMBEDDING_DIMENSIONS_MOST);
    return 0;
}

static void embed(struct model *model, const struct embedding_request *request,
                  const struct embedding_sink *sink)
{
    (void)model;
    struct treadle_error error;
    struct embedding_outcome outcome = {.model = HASH_EMBEDDING, .count = request->count};
    float *vectors = NULL;
    int rc = check(request, &error);
    outcome.dimensions =
        request->dimensions ? (size_t)request->dimensions : (size_t)HASH_EMBEDDING_DIMENSIONS;
    if (!rc) {
        vectors = calloc(request->count * outcome.dimensions + 1, sizeof *vectors);
        rc = vectors ? 0 : error_set_memory(&error);
    }
    for (size_t i = 0; !rc && i < request->count; i++) {
        const char *text = request->texts[i];
        outcome.prompt_tokens += (int64_t)language_tokens(text, strlen(text));
        rc =
            hash_embedding_make(text, vectors + i * outcome.dimensions, outcome.dimensions, &error);
    }
    outcome.vectors = vectors;
    outcome.error = rc ? &error : NULL;
    sink->done(sink->context, &outcome);
    free(vectors);
}

/* ---- The model ------------------------------------------------------------------------------ */

static bool knows(struct model *model, const char *name)
{
    (void)model;
    return strcmp(name, HASH_EMBEDDING) == 0;
}

static int list(struct model *model, struct arena *arena, struct model_info *out, size_t room,
                size_t *count, struct treadle_error *error)
{
    (void)model, (void)arena, (void)error;
    if (*count < room)
        out[(*count)++] = (struct model_info){HASH_EMBEDDING, 0, "treadle"};
    return 0;
}

static void destroy(struct model *model)
{
    free(model);
}

static const struct model_driver driver = {
    .name = HASH_EMBEDDING, .embed = embed, .knows = knows, .list = list, .destroy = destroy};

int hash_embedding_new(struct model **out, struct treadle_error *error)
{
    struct model *model = malloc(sizeof *model);
    if (!model)
        return error_set_memory(error);
    model->driver = &driver;
    *out = model;
    return 0;
}
