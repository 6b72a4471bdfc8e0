/*
 * The network of the sentence embedding. Three branches of two convolutions each look at 2, 3 and 5
 * neighbours. Their inner values are whole numbers of 16 bits in steps of 1/256. The result of the
 * first convolution for a place depends on that place's id alone, so it is computed once for each
 * id (a feature) and only added up afterwards. After the convolutions there is one row for each
 * place; the last projection is applied to the sum of the rows, which has the same result and costs
 * one row. For it and the layers after it the row is turned into whole numbers, in steps of which
 * the largest is 32,767. Sums of floats are made in a fixed order, in eight parts, so that
 * compilers may use vectors and the result stays the same.
 */
#include "encoder/network.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "treadle/error.h"

enum {
    BRANCH = WEIGHTS_BRANCH,
    BRANCHES = WEIGHTS_BRANCHES,
    WIDE = WEIGHTS_WIDE,
    OFFSETS = 2 + 3 + 5,    /* places that the branches look at, together */
    STEPS = 256,            /* of a whole number */
    WAYS = 4,               /* features that may replace each other in a session */
    ROWS = NETWORK_IDS + 4, /* with those beside the text */
    LANES = 8
};

#define EPSILON 1e-12f

/* A matrix that a single row is multiplied by. */
struct dense {
    struct kernel_matrix matrix;
    float scale;
};

struct branch {
    struct kernel_matrix project, second;
    struct kernel_matrix first[5]; /* by the place that is looked at */
    int32_t first_bias[BRANCH];    /* in steps */
};

struct network {
    const struct weights *weights;
    const struct kernel *kernel;
    struct branch branches[BRANCHES];
    struct dense out, layers[4], adjust[2];
};

/* What depends on an id alone. */
struct feature {
    int16_t own[BRANCHES][BRANCH];
    int16_t products[OFFSETS][BRANCH];
};

struct network_session {
    const struct network *network;
    struct feature *features; /* [sets][WAYS] */
    uint32_t *ids;            /* of them; UINT32_MAX: free */
    uint32_t *used;           /* when each was used last */
    size_t sets;
    uint32_t clock;
    /* Of the text, by place: */
    int32_t sums[BRANCHES][NETWORK_IDS][BRANCH]; /* of the first convolution */
    int16_t own[BRANCHES][NETWORK_IDS][BRANCH];
    int16_t rows[ROWS][BRANCH]; /* of one branch, with the zeros before and after it */
    int32_t product[NETWORK_IDS][BRANCH];
    float wide[NETWORK_IDS][WIDE];
};

/* ---- Floats --------------------------------------------------------------------------------- */

static float add_lanes(const float lanes[LANES])
{
    return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) +
           ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
}

/* Mean and the reciprocal of the deviation; the width is a multiple of LANES. */
static void measure(const float *values, size_t width, float *mean, float *scale)
{
    float lanes[LANES] = {0}, squares[LANES] = {0};
    for (size_t at = 0; at < width; at += LANES)
        for (size_t i = 0; i < LANES; i++)
            lanes[i] += values[at + i];
    float middle = add_lanes(lanes) / (float)width;
    for (size_t at = 0; at < width; at += LANES)
        for (size_t i = 0; i < LANES; i++) {
            float away = values[at + i] - middle;
            squares[i] += away * away;
        }
    *mean = middle;
    *scale = 1 / sqrtf(add_lanes(squares) / (float)width + EPSILON);
}

static void rectify(float *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        values[i] = values[i] > 0 ? values[i] : 0;
}

/* The nearest whole number: adding a large number leaves no room for the digits after the point. */
static int16_t to_steps(float value)
{
    const float large = 12582912;
    value = value > INT16_MAX ? INT16_MAX : value < -INT16_MAX ? -INT16_MAX : value;
    return (int16_t)((value + large) - large);
}

/* ---- Making --------------------------------------------------------------------------------- */

static int pack(const struct weights_matrix *matrix, struct dense *out)
{
    out->scale = matrix->scale;
    return kernel_pack(matrix->cells, matrix->inputs, matrix->outputs, &out->matrix);
}

static int make_branch(const struct weights_branch *weights, size_t order, struct branch *out)
{
    const struct weights_matrix *project = &weights->project, *second = &weights->second;
    int rc = kernel_pack(project->cells, project->inputs, project->outputs, &out->project);
    if (!rc)
        rc = kernel_pack(second->cells, second->inputs, second->outputs, &out->second);
    for (size_t i = 0; i < order && !rc; i++)
        rc =
            kernel_pack(weights->first.cells + i * BRANCH * BRANCH, BRANCH, BRANCH, &out->first[i]);
    for (size_t i = 0; i < BRANCH; i++)
        out->first_bias[i] = to_steps(weights->first_bias[i] * STEPS);
    return rc;
}

static int make_parts(struct network *network)
{
    const struct weights *weights = network->weights;
    int rc = pack(&weights->out, &network->out);
    for (size_t i = 0; i < BRANCHES && !rc; i++)
        rc = make_branch(&weights->branches[i], weights_order[i], &network->branches[i]);
    for (size_t i = 0; i < 4 && !rc; i++)
        rc = pack(&weights->dense[i], &network->layers[i]);
    for (size_t i = 0; i < 2 && !rc; i++)
        rc = pack(&weights->adjust[i], &network->adjust[i]);
    return rc;
}

int network_new(struct network **out, const struct weights *weights, const struct kernel *kernel)
{
    struct network *network = calloc(1, sizeof *network);
    if (!network)
        return TREADLE_EMEMORY;
    network->weights = weights;
    network->kernel = kernel;
    int rc = make_parts(network);
    if (rc)
        network_free(network);
    else
        *out = network;
    return rc;
}

void network_free(struct network *network)
{
    if (!network)
        return;
    for (size_t i = 0; i < BRANCHES; i++) {
        struct branch *branch = &network->branches[i];
        kernel_matrix_clear(&branch->project);
        kernel_matrix_clear(&branch->second);
        for (size_t j = 0; j < weights_order[i]; j++)
            kernel_matrix_clear(&branch->first[j]);
    }
    kernel_matrix_clear(&network->out.matrix);
    for (size_t i = 0; i < 4; i++)
        kernel_matrix_clear(&network->layers[i].matrix);
    for (size_t i = 0; i < 2; i++)
        kernel_matrix_clear(&network->adjust[i].matrix);
    free(network);
}

/* Sets for a whole text, at least: what one text needs is there until the text is done. */
struct network_session *network_session_new(const struct network *network, size_t memory)
{
    size_t sets = memory / (WAYS * sizeof(struct feature));
    struct network_session *session = malloc(sizeof *session);
    if (!session)
        return NULL;
    session->network = network;
    session->clock = 0;
    session->sets = sets ? sets : 1;
    size_t count = session->sets * WAYS;
    session->features = reallocarray(NULL, count, sizeof *session->features);
    session->ids = reallocarray(NULL, count, sizeof *session->ids);
    session->used = calloc(count, sizeof *session->used);
    if (!session->features || !session->ids || !session->used) {
        network_session_free(session);
        return NULL;
    }
    memset(session->ids, 0xff, count * sizeof *session->ids);
    return session;
}

void network_session_free(struct network_session *session)
{
    if (!session)
        return;
    free(session->features);
    free(session->ids);
    free(session->used);
    free(session);
}

/* ---- Features ------------------------------------------------------------------------------- */

/* The row of an id in the table, exactly. */
static const uint8_t *find_row(const struct weights *weights, uint32_t id,
                               const struct weights_part **part)
{
    *part = &weights->parts[id % WEIGHTS_PARTS];
    return (*part)->rows + (size_t)(id / WEIGHTS_PARTS) * WEIGHTS_WORD;
}

static void make_own(const struct network *network, size_t index, const int16_t *row, float scale,
                     int16_t out[BRANCH])
{
    const struct weights_branch *weights = &network->weights->branches[index];
    int32_t sums[BRANCH];
    float values[BRANCH], mean, inverse;
    kernel_multiply(network->kernel, row, 0, 1, &network->branches[index].project, sums);
    scale *= weights->project.scale;
    for (size_t i = 0; i < BRANCH; i++)
        values[i] = (float)sums[i] * scale + weights->project_bias[i];
    measure(values, BRANCH, &mean, &inverse);
    for (size_t i = 0; i < BRANCH; i++)
        out[i] =
            to_steps(((values[i] - mean) * inverse * weights->gamma[i] + weights->beta[i]) * STEPS);
}

static void make_feature(const struct network *network, uint32_t id, struct feature *out)
{
    const struct weights_part *part;
    const uint8_t *bytes = find_row(network->weights, id, &part);
    int16_t row[WEIGHTS_WORD];
    int32_t sums[BRANCH];
    size_t offset = 0;
    for (size_t i = 0; i < WEIGHTS_WORD; i++)
        row[i] = (int16_t)(bytes[i] - part->zero);
    for (size_t b = 0; b < BRANCHES; b++) {
        float scale = network->weights->branches[b].first.scale;
        make_own(network, b, row, part->scale, out->own[b]);
        for (size_t o = 0; o < weights_order[b]; o++, offset++) {
            kernel_multiply(network->kernel, out->own[b], 0, 1, &network->branches[b].first[o],
                            sums);
            for (size_t i = 0; i < BRANCH; i++)
                out->products[offset][i] = to_steps((float)sums[i] * scale);
        }
    }
}

/* From the session's memory, or computed in the place of the one that was used longest ago. Valid
 * until the next call. */
static const struct feature *find_feature(struct network_session *session, uint32_t id)
{
    size_t first = id % session->sets * WAYS, oldest = first;
    session->clock++;
    for (size_t i = first; i < first + WAYS; i++) {
        if (session->ids[i] == id) {
            session->used[i] = session->clock;
            return &session->features[i];
        }
        if (session->used[i] < session->used[oldest])
            oldest = i;
    }
    make_feature(session->network, id, &session->features[oldest]);
    session->ids[oldest] = id;
    session->used[oldest] = session->clock;
    return &session->features[oldest];
}

/* ---- The branches --------------------------------------------------------------------------- */

static void add_product(int32_t sums[BRANCH], const int16_t product[BRANCH])
{
    for (size_t i = 0; i < BRANCH; i++)
        sums[i] += product[i];
}

/* Adds what the place's id gives to the sums of all places that look at it. */
static void spread(struct network_session *session, size_t place, size_t count,
                   const struct feature *feature)
{
    size_t offset = 0;
    for (size_t b = 0; b < BRANCHES; b++) {
        memcpy(session->own[b][place], feature->own[b], sizeof feature->own[b]);
        for (size_t o = 0; o < weights_order[b]; o++, offset++) {
            size_t at = place + weights_left[b] - o;
            if (at < count) /* below 0 it is beyond the largest number */
                add_product(session->sums[b][at], feature->products[offset]);
        }
    }
}

static void convolve_first(struct network_session *session, const uint32_t *ids, size_t count)
{
    const struct network *network = session->network;
    for (size_t b = 0; b < BRANCHES; b++)
        for (size_t place = 0; place < count; place++)
            memcpy(session->sums[b][place], network->branches[b].first_bias,
                   sizeof network->branches[b].first_bias);
    for (size_t place = 0; place < count; place++)
        spread(session, place, count, find_feature(session, ids[place]));
}

static void fill_row(const int32_t sums[BRANCH], const int16_t own[BRANCH], int16_t out[BRANCH])
{
    for (size_t i = 0; i < BRANCH; i++) {
        int32_t value = (sums[i] > 0 ? sums[i] : 0) + own[i];
        out[i] = (int16_t)(value > INT16_MAX ? INT16_MAX : value);
    }
}

static void fill_wide(const int32_t product[BRANCH], const int16_t row[BRANCH], float scale,
                      const float bias[BRANCH], float *out)
{
    for (size_t i = 0; i < BRANCH; i++) {
        float value = (float)product[i] * scale + bias[i];
        out[i] = (value > 0 ? value : 0) + (float)row[i] * (1.0f / STEPS);
    }
}

static void convolve_second(struct network_session *session, size_t b, size_t count)
{
    const struct network *network = session->network;
    const struct weights_branch *weights = &network->weights->branches[b];
    size_t left = weights_left[b], right = weights_order[b] - 1 - left;
    float scale = weights->second.scale / STEPS;
    memset(session->rows, 0, left * sizeof session->rows[0]);
    memset(session->rows[left + count], 0, right * sizeof session->rows[0]);
    for (size_t place = 0; place < count; place++)
        fill_row(session->sums[b][place], session->own[b][place], session->rows[left + place]);
    kernel_multiply(network->kernel, session->rows[0], BRANCH, count, &network->branches[b].second,
                    session->product[0]);
    for (size_t place = 0; place < count; place++)
        fill_wide(session->product[place], session->rows[left + place], scale, weights->second_bias,
                  session->wide[place] + WEIGHTS_WORD + b * BRANCH);
}

/* ---- The text ------------------------------------------------------------------------------- */

static void fill_word(const struct weights *weights, uint32_t id, float out[WEIGHTS_WORD])
{
    const struct weights_part *part;
    const uint8_t *row = find_row(weights, id, &part);
    for (size_t i = 0; i < WEIGHTS_WORD; i++)
        out[i] = (float)(row[i] - part->zero) * part->scale;
}

/* Adds the row to the sum, with mean 0 and deviation 1. */
static void add_normalised(const float row[WIDE], float sum[WIDE])
{
    float mean, inverse;
    measure(row, WIDE, &mean, &inverse);
    for (size_t i = 0; i < WIDE; i++)
        sum[i] += (row[i] - mean) * inverse;
}

/* Adds in × the matrix to `out`. */
static void apply(const struct network *network, const struct dense *dense, const float *in,
                  float *out)
{
    int16_t steps[WIDE];
    int32_t sums[WEIGHTS_OUT];
    float largest = 0;
    for (size_t i = 0; i < dense->matrix.inputs; i++)
        largest = fabsf(in[i]) > largest ? fabsf(in[i]) : largest;
    float step = largest / INT16_MAX;
    for (size_t i = 0; i < dense->matrix.inputs; i++)
        steps[i] = step > 0 ? to_steps(in[i] / step) : 0;
    kernel_multiply(network->kernel, steps, 0, 1, &dense->matrix, sums);
    for (size_t i = 0; i < dense->matrix.outputs; i++)
        out[i] += (float)sums[i] * (step * dense->scale);
}

static void project(const struct network *network, const float sum[WIDE], size_t count,
                    float out[WEIGHTS_OUT])
{
    const struct weights *weights = network->weights;
    float scaled[WIDE], root = sqrtf((float)count);
    for (size_t i = 0; i < WIDE; i++)
        scaled[i] = sum[i] * weights->gamma[i] + (float)count * weights->beta[i];
    for (size_t i = 0; i < WEIGHTS_OUT; i++)
        out[i] = (float)count * weights->out_bias[i];
    apply(network, &network->out, scaled, out);
    for (size_t i = 0; i < WEIGHTS_OUT; i++)
        out[i] /= root;
}

static void refine(const struct network *network, const float in[WEIGHTS_OUT],
                   float out[WEIGHTS_OUT])
{
    float first[WEIGHTS_HIDDEN] = {0}, second[WEIGHTS_HIDDEN] = {0}, third[WEIGHTS_OUT] = {0};
    apply(network, &network->layers[0], in, first);
    rectify(first, WEIGHTS_HIDDEN);
    apply(network, &network->layers[1], first, second);
    apply(network, &network->adjust[0], in, second);
    rectify(second, WEIGHTS_HIDDEN);
    apply(network, &network->layers[2], second, third);
    rectify(third, WEIGHTS_OUT);
    memset(out, 0, WEIGHTS_OUT * sizeof *out);
    apply(network, &network->layers[3], third, out);
    apply(network, &network->adjust[1], second, out);
    for (size_t i = 0; i < WEIGHTS_OUT; i++)
        out[i] = tanhf(out[i]);
}

static void set_length_one(float values[WEIGHTS_OUT])
{
    float lanes[LANES] = {0};
    for (size_t at = 0; at < WEIGHTS_OUT; at += LANES)
        for (size_t i = 0; i < LANES; i++)
            lanes[i] += values[at + i] * values[at + i];
    float inverse = 1 / sqrtf(fmaxf(add_lanes(lanes), EPSILON));
    for (size_t i = 0; i < WEIGHTS_OUT; i++)
        values[i] *= inverse;
}

void network_run(struct network_session *session, const uint32_t *ids, size_t count,
                 float out[WEIGHTS_OUT])
{
    const struct network *network = session->network;
    float sum[WIDE] = {0}, projected[WEIGHTS_OUT];
    convolve_first(session, ids, count);
    for (size_t b = 0; b < BRANCHES; b++)
        convolve_second(session, b, count);
    for (size_t place = 0; place < count; place++) {
        fill_word(network->weights, ids[place], session->wide[place]);
        add_normalised(session->wide[place], sum);
    }
    project(network, sum, count, projected);
    refine(network, projected, out);
    set_length_one(out);
}
