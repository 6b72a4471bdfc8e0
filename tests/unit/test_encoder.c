/*
 * The sentence embedding: its kernels, its tokenizer, and, where the weights are there, the vectors
 * that are known for some texts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "encoder/charmap.h"
#include "encoder/encoder.h"
#include "encoder/kernel.h"
#include "encoder/tokenizer.h"
#include "encoder/wire.h"

/* ---- Kernels -------------------------------------------------------------------------------- */

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

enum { INPUTS = 96, OUTPUTS = 32, ROWS = 23, STRIDE = 32, VECTORS = 5, WIDTH = 512 };

static void kernels_agree_to_the_bit(void **state)
{
    (void)state;
    static int8_t cells[INPUTS * OUTPUTS], vectors[VECTORS * WIDTH];
    static int16_t rows[ROWS * STRIDE + INPUTS];
    static int32_t expected[ROWS * OUTPUTS], got[ROWS * OUTPUTS];
    uint32_t seed = 7;
    struct kernel_matrix matrix;
    for (size_t i = 0; i < sizeof cells; i++)
        cells[i] = (int8_t)next_random(&seed);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        rows[i] = (int16_t)next_random(&seed);
    for (size_t i = 0; i < sizeof vectors; i++)
        vectors[i] = (int8_t)next_random(&seed);
    assert_int_equal(kernel_pack(cells, INPUTS, OUTPUTS, &matrix), 0);
    for (size_t row = 0; row < ROWS; row++)
        for (size_t out = 0; out < OUTPUTS; out++) {
            int64_t sum = 0;
            for (size_t i = 0; i < INPUTS; i++)
                sum += rows[row * STRIDE + i] * cells[i * OUTPUTS + out];
            expected[row * OUTPUTS + out] = (int32_t)sum;
        }
    for (size_t k = 0; kernel_at(k); k++) {
        for (size_t count = 1; count <= ROWS; count++) {
            memset(got, 0, sizeof got);
            kernel_multiply(kernel_at(k), rows, STRIDE, count, &matrix, got);
            assert_memory_equal(got, expected, count * OUTPUTS * sizeof *got);
        }
        int32_t scores[VECTORS];
        kernel_at(k)->dots(vectors, vectors, VECTORS, WIDTH, scores);
        for (size_t v = 0; v < VECTORS; v++) {
            int32_t sum = 0;
            for (size_t i = 0; i < WIDTH; i++)
                sum += vectors[i] * vectors[v * WIDTH + i];
            assert_int_equal(scores[v], sum);
        }
    }
    kernel_matrix_clear(&matrix);
}

/* ---- The wire format ------------------------------------------------------------------------ */

static void broken_fields_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t length, fields;
        bool broken;
    } cases[] = {
        {"", 0, 0, false},
        {"\x08\x96\x01", 3, 1, false}, /* 150 */
        {"\x08\x96", 2, 0, true},      /* a number without its end */
        {"\x12\x02zz", 4, 1, false},   /* two bytes */
        {"\x12\x03zz", 4, 0, true},    /* three that are not there */
        {"\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01z", 12, 0, true},
        {"\x0dxxxx", 5, 1, false},
        {"\x0dxxx", 4, 0, true},
        {"\x0b", 1, 0, true}, /* a kind that is not read */
        {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 11, 0, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct wire wire = {(const unsigned char *)cases[i].bytes, cases[i].length, false};
        struct wire_field field;
        size_t fields = 0;
        while (wire_next(&wire, &field))
            fields++;
        assert_int_equal(fields, cases[i].fields);
        assert_int_equal(wire.broken, cases[i].broken);
    }
}

/* ---- The tokenizer -------------------------------------------------------------------------- */

struct model {
    unsigned char bytes[4096];
    size_t length;
};

static void put(struct model *model, const void *bytes, size_t length)
{
    assert_true(model->length + length <= sizeof model->bytes);
    memcpy(model->bytes + model->length, bytes, length);
    model->length += length;
}

static void put_piece(struct model *model, const char *text, float score, unsigned char type)
{
    unsigned char head[] = {0x0a, (unsigned char)(strlen(text) + 9), 0x0a,
                            (unsigned char)strlen(text)};
    unsigned char tail[] = {0x15, 0, 0, 0, 0, 0x18, type};
    uint32_t bits;
    memcpy(&bits, &score, sizeof bits);
    for (int i = 0; i < 4; i++)
        tail[1 + i] = (unsigned char)(bits >> 8 * i);
    put(model, head, sizeof head);
    put(model, text, strlen(text));
    put(model, tail, sizeof tail);
}

static void put_pieces(struct model *model)
{
    put_piece(model, "<unk>", 0, 2);
    put_piece(model, "<s>", 0, 3);
    put_piece(model, "</s>", 0, 3);
    put_piece(model, "\xe2\x96\x81", -3, 1); /* 3 */
    put_piece(model,
              "\xe2\x96\x81"
              "a",
              -4, 1);                 /* 4 */
    put_piece(model, "b", -5, 1);     /* 5 */
    put_piece(model, "ab", -5.5f, 1); /* 6 */
    put_piece(model,
              "\xe2\x96\x81"
              "ab",
              -9.5f, 1);                 /* 7: worse than 3 and 6 */
    put_piece(model, "\xc3\xa9", -6, 1); /* 8: é */
}

static void check_ids(const struct tokenizer *tokenizer, const char *text, const uint32_t *ids,
                      size_t count)
{
    struct tokenizer_work work = {.text = NULL};
    struct treadle_error error;
    uint32_t got[16];
    size_t got_count = 0;
    assert_int_equal(
        tokenizer_cut(tokenizer, &work, text, strlen(text), got, 16, &got_count, &error), 0);
    assert_int_equal(got_count, count);
    assert_memory_equal(got, ids, count * sizeof *ids);
    tokenizer_work_clear(&work);
}

#define CHECK_IDS(text, ...)                                                                       \
    check_ids(tokenizer, text, (const uint32_t[]){__VA_ARGS__},                                    \
              sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t))

static void text_is_cut_where_scores_are_best(void **state)
{
    (void)state;
    struct model model = {.length = 0};
    struct tokenizer *tokenizer = NULL;
    struct treadle_error error;
    put_pieces(&model);
    assert_int_equal(tokenizer_new(&tokenizer, model.bytes, model.length, 100, &error), 0);
    CHECK_IDS("", 1, 2);
    CHECK_IDS("   ", 1, 2);
    CHECK_IDS("a", 1, 4, 2);
    CHECK_IDS("ab", 1, 3, 6, 2);          /* 8.5 against 9 (4 and 5) and 9.5 (7) */
    CHECK_IDS(" a  b ", 1, 4, 3, 5, 2);   /* one space for a run, none at the end */
    CHECK_IDS("zzz b", 1, 3, 0, 3, 5, 2); /* unknown ones that stand together are one */
    CHECK_IDS("\xc3\xa9", 1, 3, 8, 2);
    CHECK_IDS("a a a a a a a a a a a a a a a a a", 1, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 2);
    tokenizer_free(tokenizer);
}

static void other_models_are_refused(void **state)
{
    (void)state;
    struct model model = {.length = 0};
    struct tokenizer *tokenizer = NULL;
    struct treadle_error error;
    put_pieces(&model);
    assert_int_equal(tokenizer_new(&tokenizer, model.bytes, model.length, 8, &error),
                     TREADLE_EPARSE);
    for (size_t length = 0; length < model.length; length++) {
        /* Cut between two pieces it is a smaller model. */
        if (tokenizer_new(&tokenizer, model.bytes, length, 100, &error) == 0) {
            tokenizer_free(tokenizer);
            tokenizer = NULL;
        } else {
            assert_int_equal(error.code, TREADLE_EPARSE);
        }
    }
    assert_null(tokenizer);
}

static void maps_outside_of_themselves_are_refused(void **state)
{
    (void)state;
    static const unsigned char map[] = {8, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 'x', 0};
    struct charmap out;
    const char *replacement;
    assert_true(charmap_read(map, 0, &out));
    assert_int_equal(charmap_match(&out, "A", 1, &replacement), 0);
    assert_true(charmap_read(map, sizeof map, &out));
    assert_int_equal(charmap_match(&out, "A", 1, &replacement), 0);
    assert_false(charmap_read(map, sizeof map - 1, &out)); /* a text without its end */
    assert_false(charmap_read(map, 10, &out));
    assert_false(charmap_read(map, 3, &out));
}

/* ---- Vectors -------------------------------------------------------------------------------- */

static const struct {
    const char *text;
    float start[8]; /* as the network's definition has it, in floats */
} known[] = {
    {"I have a dog",
     {0.063736f, -0.034207f, 0.037680f, -0.012110f, -0.095579f, 0.041945f, -0.011229f, -0.004865f}},
    {"How long may the secret for Blowfish be at most?",
     {-0.031272f, 0.016472f, -0.076939f, -0.030070f, 0.037779f, 0.065017f, -0.003876f, 0.032624f}},
    {"Wie gibt der Lauf einen Fehlerstatus an die Shell zur\u00fcck?",
     {-0.073622f, 0.002546f, -0.045723f, -0.015098f, -0.068338f, -0.047019f, -0.049465f,
      0.067238f}},
    {"Quelle est la longueur maximale de la cl\u00e9 ?",
     {-0.013668f, 0.007648f, 0.045661f, 0.058875f, 0.063930f, 0.063788f, 0.050575f, -0.020153f}},
    {"\u00bfC\u00f3mo decodifico texto base64 a binario?",
     {-0.047030f, 0.020097f, -0.021322f, 0.038608f, -0.076632f, -0.069835f, 0.041633f, -0.025678f}},
    {"\u65e5\u672c\u8a9e\u306e\u30c6\u30b9\u30c8\u3067\u3059\u3002\u9375\u306f\u3069\u308c\u3060"
     "\u3051\u5fc5\u8981\u3067\u3059\u304b\u3002",
     {0.008211f, 0.051318f, 0.046541f, 0.016401f, 0.024903f, -0.007974f, -0.012104f, -0.076489f}},
    {"\u81ea\u7531\u683c\u5f0f\u7684\u4ee3\u7801\u884c\u53ef\u4ee5\u6709\u591a\u5bbd\uff1f",
     {-0.050680f, -0.023992f, -0.003654f, -0.012126f, 0.005591f, -0.079563f, 0.056440f,
      -0.006395f}},
    {"\ufb01ne  caf\u00e9 \uff76\uff9e\n\n\u00bd \U0001f996\U0001f996 <s>",
     {0.021831f, 0.052756f, -0.015683f, -0.029389f, -0.069939f, 0.085367f, -0.017057f, 0.031907f}},
    {"", {0.113034f, 0.032354f, 0.004465f, 0.008135f, -0.007766f, 0.014937f, 0.029957f, 0.040401f}},
};

static struct encoder *open_encoder(void)
{
    const char *path = getenv("TREADLE_WEIGHTS");
    struct encoder *encoder = NULL;
    struct treadle_error error;
    if (!path || !*path || encoder_open(&encoder, path, &error)) {
        print_message("the weights are not here: scripts/weights.sh fetches them\n");
        skip();
    }
    return encoder;
}

static void known_texts_have_their_vectors(void **state)
{
    (void)state;
    struct encoder *encoder = open_encoder();
    struct encoder_session *session = NULL;
    struct treadle_error error;
    assert_int_equal(encoder_session_new(&session, encoder, ENCODER_QUESTIONS, &error), 0);
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        float values[ENCODER_DIMENSIONS], sum = 0;
        assert_int_equal(
            encoder_encode_floats(session, known[i].text, strlen(known[i].text), values, &error),
            0);
        for (size_t j = 0; j < 8; j++)
            assert_float_equal(values[j], known[i].start[j], 3e-4);
        for (size_t j = 0; j < ENCODER_DIMENSIONS; j++)
            sum += values[j] * values[j];
        assert_float_equal(sum, 1, 1e-4);
    }
    encoder_session_free(session);
    encoder_close(encoder);
}

/* Whatever a session met before, and however little it can remember. */
static void vectors_do_not_depend_on_the_session(void **state)
{
    (void)state;
    struct encoder *encoder = open_encoder();
    struct encoder_session *large = NULL, *small = NULL;
    struct treadle_error error;
    char text[6000];
    assert_int_equal(encoder_session_new(&large, encoder, ENCODER_DOCUMENTS, &error), 0);
    assert_int_equal(encoder_session_new(&small, encoder, ENCODER_QUESTIONS, &error), 0);
    uint32_t seed = 3;
    for (int round = 0; round < 6; round++) {
        int8_t first[ENCODER_DIMENSIONS], second[ENCODER_DIMENSIONS];
        size_t length = next_random(&seed) % sizeof text;
        for (size_t i = 0; i < length; i++)
            text[i] = "abcdefghijklmnopqrstuvwxyz  .,'-0123456789"[next_random(&seed) % 42];
        assert_int_equal(encoder_encode(large, text, length, first, &error), 0);
        assert_int_equal(encoder_encode(small, text, length, second, &error), 0);
        assert_memory_equal(first, second, sizeof first);
        int32_t score = 0;
        encoder_compare(encoder, first, second, 1, &score);
        /* A vector of length 1 with itself, but for rounding. */
        assert_in_range(score, 255000, 270000);
    }
    encoder_session_free(large);
    encoder_session_free(small);
    encoder_close(encoder);
}

static void other_files_are_refused(void **state)
{
    (void)state;
    struct encoder *encoder = NULL;
    struct treadle_error error;
    assert_int_equal(encoder_open(&encoder, "/nowhere/weights", &error), TREADLE_ENOTFOUND);
    assert_int_equal(encoder_open(&encoder, "/proc/self/exe", &error), TREADLE_EPARSE);
    assert_int_equal(encoder_open(&encoder, "/", &error), TREADLE_EIO);
    assert_null(encoder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kernels_agree_to_the_bit),
        cmocka_unit_test(broken_fields_are_refused),
        cmocka_unit_test(text_is_cut_where_scores_are_best),
        cmocka_unit_test(other_models_are_refused),
        cmocka_unit_test(maps_outside_of_themselves_are_refused),
        cmocka_unit_test(known_texts_have_their_vectors),
        cmocka_unit_test(vectors_do_not_depend_on_the_session),
        cmocka_unit_test(other_files_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
