/*
 * The tokenizer of the sentence embedding.
 *
 * The best path goes over the bytes of the normalised text, at characters' boundaries, from left to
 * right: a place knows the best sum that leads to it, and the piece that ends there.
 */
#include "encoder/tokenizer.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/error.h"
#include "base/text.h"
#include "encoder/charmap.h"
#include "encoder/trie.h"
#include "encoder/wire.h"

/* Fields and types of the model. */
enum {
    MODEL_PIECE = 1,
    MODEL_NORMALIZER = 3,
    PIECE_TEXT = 1,
    PIECE_SCORE = 2,
    PIECE_TYPE = 3,
    NORMALIZER_MAP = 2,
    TYPE_NORMAL = 1
};

enum { LONGEST_PIECE = 255, LONGEST_TEXT = 1 << 20 };

/* A character that is in no piece costs this much more than the worst piece. */
#define UNKNOWN_PENALTY 10.0f

static const char space[] = "\xe2\x96\x81";
enum { SPACE_LENGTH = 3 };

struct tokenizer {
    struct charmap map;
    struct trie *trie; /* of the normal pieces, to their ids */
    float *scores;     /* by id */
    size_t count;
    float unknown;
};

struct tokenizer_place {
    float best;     /* -INFINITY: not reached */
    uint32_t id;    /* of the piece that ends here */
    uint32_t start; /* where it begins */
};

/* ---- The model ------------------------------------------------------------------------------ */

struct piece {
    const unsigned char *text;
    size_t length;
    float score;
    uint64_t type;
};

static bool read_piece(struct wire wire, struct piece *out)
{
    struct wire_field field;
    *out = (struct piece){.type = TYPE_NORMAL};
    while (wire_next(&wire, &field)) {
        if (field.number == PIECE_TEXT && field.kind == WIRE_BYTES) {
            out->text = field.bytes;
            out->length = field.length;
        } else if (field.number == PIECE_SCORE && field.kind == WIRE_FOUR) {
            out->score = wire_float(field.bytes);
        } else if (field.number == PIECE_TYPE && field.kind == WIRE_NUMBER) {
            out->type = field.value;
        }
    }
    return !wire.broken && out->length && out->length <= LONGEST_PIECE && isfinite(out->score) &&
           fabsf(out->score) < 1000;
}

/* The pieces are counted first. */
static size_t count_pieces(struct wire wire)
{
    struct wire_field field;
    size_t count = 0;
    while (wire_next(&wire, &field))
        count += field.number == MODEL_PIECE && field.kind == WIRE_BYTES;
    return wire.broken ? 0 : count;
}

static bool read_normalizer(struct wire wire, struct tokenizer *tokenizer)
{
    struct wire_field field;
    while (wire_next(&wire, &field))
        if (field.number == NORMALIZER_MAP && field.kind == WIRE_BYTES &&
            !charmap_read(field.bytes, field.length, &tokenizer->map))
            return false;
    return !wire.broken;
}

static bool read_model(struct wire wire, struct tokenizer *tokenizer, struct trie_word *words,
                       size_t *word_count)
{
    struct wire_field field;
    struct piece piece;
    float worst = INFINITY;
    size_t id = 0;
    while (wire_next(&wire, &field)) {
        if (field.kind != WIRE_BYTES)
            continue;
        if (field.number == MODEL_NORMALIZER && !read_normalizer(wire_within(&field), tokenizer))
            return false;
        if (field.number != MODEL_PIECE)
            continue;
        if (!read_piece(wire_within(&field), &piece))
            return false;
        tokenizer->scores[id] = piece.score;
        if (piece.type == TYPE_NORMAL) {
            words[(*word_count)++] = (struct trie_word){piece.text, piece.length, (uint32_t)id};
            worst = fminf(worst, piece.score);
        }
        id++;
    }
    tokenizer->unknown = worst - UNKNOWN_PENALTY;
    return *word_count > 0;
}

static int make(struct tokenizer *tokenizer, struct wire wire, struct trie_word *words,
                struct treadle_error *error)
{
    size_t word_count = 0;
    if (!tokenizer->scores || !words)
        return error_set_memory(error);
    if (!read_model(wire, tokenizer, words, &word_count))
        return error_set(error, TREADLE_EPARSE, "The tokenizer's model cannot be used.");
    tokenizer->trie = trie_new(words, word_count);
    return tokenizer->trie ? 0 : error_set_memory(error);
}

int tokenizer_new(struct tokenizer **out, const unsigned char *model, size_t length, size_t ids,
                  struct treadle_error *error)
{
    struct wire wire = {.at = model, .left = length};
    size_t count = count_pieces(wire);
    if (!count || count > ids)
        return error_set(error, TREADLE_EPARSE, "The tokenizer's model cannot be used.");
    struct tokenizer *tokenizer = calloc(1, sizeof *tokenizer);
    if (!tokenizer)
        return error_set_memory(error);
    struct trie_word *words = reallocarray(NULL, count, sizeof *words);
    tokenizer->count = count;
    tokenizer->scores = reallocarray(NULL, count, sizeof *tokenizer->scores);
    int rc = make(tokenizer, wire, words, error);
    free(words);
    if (rc)
        tokenizer_free(tokenizer);
    else
        *out = tokenizer;
    return rc;
}

void tokenizer_free(struct tokenizer *tokenizer)
{
    if (!tokenizer)
        return;
    trie_free(tokenizer->trie);
    free(tokenizer->scores);
    free(tokenizer);
}

/* ---- Normalising ---------------------------------------------------------------------------- */

void tokenizer_work_clear(struct tokenizer_work *work)
{
    free(work->text);
    free(work->places);
    *work = (struct tokenizer_work){.text = NULL};
}

static bool reserve(struct tokenizer_work *work, size_t more)
{
    char *text = array_grow(work->text, work->length + more, &work->room, 1);
    if (!text)
        return false;
    work->text = text;
    return true;
}

/* Appends a character of the normalised text. Spaces wait until a character follows: there is one
 * before everything, one for each run of them, and none at the end. */
static bool put(struct tokenizer_work *work, const char *bytes, size_t length, bool *gap)
{
    if (length == 1 && bytes[0] == ' ') {
        *gap = true;
        return true;
    }
    if (!reserve(work, length + SPACE_LENGTH))
        return false;
    if (*gap) {
        memcpy(work->text + work->length, space, SPACE_LENGTH);
        work->length += SPACE_LENGTH;
        *gap = false;
    }
    memcpy(work->text + work->length, bytes, length);
    work->length += length;
    return true;
}

static size_t character_length(const char *text, size_t length)
{
    size_t at = 0;
    if (length)
        text_next(text, length, &at);
    return at ? at : 1;
}

static bool put_all(struct tokenizer_work *work, const char *text, size_t length, bool *gap)
{
    bool worked = true;
    for (size_t at = 0; at < length && worked;) {
        size_t step = character_length(text + at, length - at);
        worked = put(work, text + at, step, gap);
        at += step;
    }
    return worked;
}

static bool normalise(const struct tokenizer *tokenizer, struct tokenizer_work *work,
                      const char *text, size_t length)
{
    bool worked = true, gap = true;
    work->length = 0;
    for (size_t at = 0; at < length && worked;) {
        const char *replacement = NULL;
        size_t step = charmap_match(&tokenizer->map, text + at, length - at, &replacement);
        if (step) {
            worked = put_all(work, replacement, strlen(replacement), &gap);
        } else {
            step = character_length(text + at, length - at);
            worked = put(work, text + at, step, &gap);
        }
        at += step;
    }
    return worked;
}

/* ---- Cutting -------------------------------------------------------------------------------- */

static void reach(struct tokenizer_place *place, float sum, uint32_t id, size_t start)
{
    if (sum > place->best)
        *place = (struct tokenizer_place){sum, id, (uint32_t)start};
}

/* All pieces that begin at a place. */
static void try_pieces(const struct tokenizer *tokenizer, const struct tokenizer_work *work,
                       size_t start)
{
    float best = work->places[start].best;
    size_t first = character_length(work->text + start, work->length - start);
    struct trie_walk walk = trie_begin(tokenizer->trie);
    bool has_character = false;
    int64_t id = TRIE_INSIDE;
    for (size_t at = start; at < work->length && id != TRIE_ENDS; at++) {
        id = trie_step(&walk, (unsigned char)work->text[at]);
        if (id < 0)
            continue;
        has_character |= at + 1 - start == first;
        reach(&work->places[at + 1], best + tokenizer->scores[id], (uint32_t)id, start);
    }
    if (!has_character)
        reach(&work->places[start + first], best + tokenizer->unknown, TOKENIZER_UNKNOWN, start);
}

static bool find_path(const struct tokenizer *tokenizer, struct tokenizer_work *work)
{
    struct tokenizer_place *places =
        array_grow(work->places, work->length, &work->place_room, sizeof *places);
    if (!places)
        return false;
    work->places = places;
    for (size_t i = 0; i <= work->length; i++)
        work->places[i] = (struct tokenizer_place){.best = -INFINITY};
    work->places[0].best = 0;
    for (size_t at = 0; at < work->length;
         at += character_length(work->text + at, work->length - at))
        if (work->places[at].best > -INFINITY)
            try_pieces(tokenizer, work, at);
    return true;
}

/* Reads the path from its end: turns it, so that each place knows where the piece that begins there
 * ends, in `start`. */
static void turn_path(struct tokenizer_work *work)
{
    size_t at = work->length;
    uint32_t end = 0, id = 0;
    while (true) {
        struct tokenizer_place *place = &work->places[at];
        size_t before = place->start;
        uint32_t its_id = place->id;
        place->start = end;
        place->id = id;
        if (at == 0)
            return;
        end = (uint32_t)at;
        id = its_id;
        at = before;
    }
}

static size_t write_ids(const struct tokenizer_work *work, uint32_t *out, size_t most)
{
    size_t count = 0;
    out[count++] = TOKENIZER_BEGIN;
    for (size_t at = 0; at < work->length && count + 1 < most; at = work->places[at].start) {
        uint32_t id = work->places[at].id;
        /* Neighbouring unknown characters are one. */
        if (id != TOKENIZER_UNKNOWN || out[count - 1] != TOKENIZER_UNKNOWN)
            out[count++] = id;
    }
    out[count++] = TOKENIZER_END;
    return count;
}

int tokenizer_cut(const struct tokenizer *tokenizer, struct tokenizer_work *work, const char *text,
                  size_t length, uint32_t *out, size_t most, size_t *count,
                  struct treadle_error *error)
{
    if (length > LONGEST_TEXT)
        length = text_cut(text, LONGEST_TEXT);
    if (!normalise(tokenizer, work, text, length) || !find_path(tokenizer, work))
        return error_set_memory(error);
    if (work->length)
        turn_path(work);
    *count = write_ids(work, out, most);
    return 0;
}
