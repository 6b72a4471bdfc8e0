/*
 * Segments: words are joined as they are drawn; then pieces of one line that were drawn apart, as
 * words in another font often are; then each gets its text. Only near neighbours are compared, so
 * the cost of a page grows no faster than its number of words.
 */
#include "document/segment.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/buffer.h"
#include "base/error.h"
#include "base/text.h"
#include "document/bidi.h"
#include "document/fold.h"
#include "document/frame.h"

enum {
    LOOK_ASIDE = 64,     /* segments on about the same line that are compared with one */
    TEXT_BYTES = 1 << 20 /* longest text of a segment */
};

/* A word, and the segment that it belongs to. */
struct member {
    size_t segment, order;
    const struct word *word;
};

struct making {
    struct arena *arena;
    struct segment *segments;
    size_t count;
    struct member *members;
    size_t member_count;
    uint32_t *characters; /* of the segment whose text is made */
    size_t room;
};

static int32_t smaller(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

static int32_t larger(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

/* Whether text of one size on one base belongs to a line of another: raised and lowered marks are
 * smaller than the text beside them. */
static bool bases_meet(int32_t base_a, int32_t size_a, int32_t base_b, int32_t size_b)
{
    int64_t shift = labs((long)base_a - base_b), most = larger(size_a, size_b);
    if (shift * 100 <= most * 28)
        return true;
    return (int64_t)smaller(size_a, size_b) * 100 < most * 85 && shift * 100 <= most * 62;
}

bool segments_level(const struct segment *a, const struct segment *b)
{
    return bases_meet(a->base, a->size, b->base, b->size);
}

static bool has_leftward(const struct word *word)
{
    for (size_t at = 0; at < word->length;)
        if (fold_runs_left(text_next(word->text, word->length, &at)))
            return true;
    return false;
}

/* Whether the word continues where the segment's last word ends. */
static bool continues(const struct segment *segment, const struct word *last,
                      const struct word *word)
{
    if (!bases_meet(segment->base, segment->size, word->base, word->size))
        return false;
    int64_t em = larger(segment->size, word->size), gap = (int64_t)word->left - last->right;
    /*
     * Words with a space between them may be further apart: sentences of a line that is stretched.
     */
    int64_t widest = last->style & FRAME_SPACE ? em * 3 / 2 : em;
    if (gap * 10 >= -6 * em && gap <= widest)
        return (int64_t)word->left * 10 >= (int64_t)segment->right * 10 - 6 * em;
    gap = (int64_t)segment->left - word->right;
    return gap * 10 >= -6 * em && gap <= em && (has_leftward(word) || has_leftward(last));
}

static void widen(struct segment *segment, const struct word *word)
{
    bool first = segment->size == 0 && segment->letters == 0;
    segment->left = first ? word->left : smaller(segment->left, word->left);
    segment->right = first ? word->right : larger(segment->right, word->right);
    if (first || (int64_t)word->size * 85 > (int64_t)segment->size * 100) {
        segment->base = word->base;
        segment->size = word->size;
    }
    segment->letters += (uint32_t)text_characters(word->text, word->length);
    if (first) {
        segment->note = word->style & FRAME_NOTE;
        segment->artifact = word->style & FRAME_ARTIFACT;
        segment->part = word->part;
        segment->row = word->row;
        segment->role = word->role;
    }
}

static void join_words(struct making *making, const struct word *words, size_t count)
{
    const struct word *last = NULL;
    for (size_t i = 0; i < count; i++) {
        const struct word *word = &words[i];
        struct segment *segment = last ? &making->segments[making->count - 1] : NULL;
        if (!last || (last->style ^ word->style) & FRAME_NOTE || last->part != word->part ||
            !continues(segment, last, word))
            segment = &making->segments[making->count++];
        widen(segment, word);
        making->members[making->member_count++] =
            (struct member){.segment = making->count - 1, .order = i, .word = word};
        last = word;
    }
}

static bool drawn_apart(const struct segment *a, const struct segment *b)
{
    const struct segment *first = a->left <= b->left ? a : b, *second = first == a ? b : a;
    int64_t em = larger(a->size, b->size), gap = (int64_t)second->left - first->right;
    bool alike = (int64_t)smaller(a->size, b->size) * 115 > em * 100;
    return gap * 100 >= -25 * em && gap * 100 <= em * (alike ? 45 : 30) && segments_level(a, b) &&
           a->note == b->note && a->part == b->part;
}

/* A segment's place in a list by base. */
struct place {
    int32_t base;
    size_t index;
};

static int compare_places(const void *a, const void *b)
{
    const struct place *left = a, *right = b;
    if (left->base != right->base)
        return left->base < right->base ? -1 : 1;
    return (left->index > right->index) - (left->index < right->index);
}

static size_t find_head(const size_t *heads, size_t index)
{
    while (heads[index] != index)
        index = heads[index];
    return index;
}

static void merge_into(struct segment *to, const struct segment *from)
{
    to->left = smaller(to->left, from->left);
    to->right = larger(to->right, from->right);
    if ((int64_t)from->size * 85 > (int64_t)to->size * 100) {
        to->base = from->base;
        to->size = from->size;
    }
    to->letters += from->letters;
}

/* Joins the parts of lines that were drawn apart, to the part that was drawn first. */
static int join_apart(struct making *making, struct treadle_error *error)
{
    struct place *places = arena_array(making->arena, making->count, sizeof *places);
    size_t *heads = arena_array(making->arena, making->count, sizeof *heads);
    if (!places || !heads)
        return error_set_memory(error);
    for (size_t i = 0; i < making->count; i++) {
        places[i] = (struct place){making->segments[i].base, i};
        heads[i] = i;
    }
    qsort(places, making->count, sizeof *places, compare_places);
    bool joined = true;
    for (int round = 0; round < 4 && joined; round++) {
        joined = false;
        for (size_t i = 0; i < making->count; i++)
            for (size_t j = i + 1; j < making->count && j < i + LOOK_ASIDE; j++) {
                size_t a = find_head(heads, places[i].index), b = find_head(heads, places[j].index);
                if (places[j].base - places[i].base > making->segments[a].size)
                    break;
                if (a == b || !drawn_apart(&making->segments[a], &making->segments[b]))
                    continue;
                size_t head = a < b ? a : b, other = a < b ? b : a;
                merge_into(&making->segments[head], &making->segments[other]);
                heads[other] = head;
                joined = true;
            }
    }
    for (size_t m = 0; m < making->member_count; m++)
        making->members[m].segment = find_head(heads, making->members[m].segment);
    return 0;
}

/* By segment, and within one from left to right. */
static int compare_members(const void *a, const void *b)
{
    const struct member *left = a, *right = b;
    if (left->segment != right->segment)
        return left->segment < right->segment ? -1 : 1;
    if (left->word->left != right->word->left)
        return left->word->left < right->word->left ? -1 : 1;
    return (left->order > right->order) - (left->order < right->order);
}

static uint32_t last_character(const struct word *word)
{
    size_t at = text_cut(word->text, word->length - 1);
    return text_next(word->text, word->length, &at);
}

static uint32_t first_character(const struct word *word)
{
    size_t at = 0;
    return text_next(word->text, word->length, &at);
}

/* Whether there is a space between two words; `right` is how far the words before reach, which need
 * not be the last one: a mark above a letter is narrower than the letter. */
static bool needs_space(const struct member *before, const struct member *after, int32_t right)
{
    const struct word *a = before->word, *b = after->word;
    int64_t gap = (int64_t)b->left - right, size = smaller(a->size, b->size);
    bool neighbours = after->order == before->order + 1 || before->order == after->order + 1;
    if (fold_is_ideographic(last_character(a)) && fold_is_ideographic(first_character(b)))
        return gap * 10 > size * 6;
    if (a->style & FRAME_SPACE && neighbours)
        return true;
    bool leftward = has_leftward(a) || has_leftward(b);
    return gap * 100 > size * (neighbours ? 25 : leftward ? 18 : 10);
}

static bool is_alphanumeric(uint32_t c)
{
    return c >= 0x80 || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool is_digit(uint32_t c)
{
    return c >= '0' && c <= '9';
}

/* Whether the word is an exponent to the one before it: 2^n, x^2, 10^-3, but not 21st, the mark of
 * a footnote after a word, or a sign such as TM. */
static bool is_exponent(const struct word *before, const struct word *after)
{
    int64_t rise = (int64_t)before->base - after->base;
    if ((int64_t)after->size * 100 >= (int64_t)before->size * 85 ||
        rise * 100 < (int64_t)before->size * 15 ||
        ((int64_t)before->right - after->left) * 100 > (int64_t)before->size * 10)
        return false;
    uint32_t base = last_character(before), mark = first_character(after);
    bool lone = text_characters(before->text, before->length) == 1;
    if (!(is_digit(base) || base == ')' || base == ']' || (lone && is_alphanumeric(base))))
        return false;
    if (is_digit(mark) || mark == '-' || mark == 0x2212)
        return true;
    return is_alphanumeric(mark) && text_characters(after->text, after->length) == 1;
}

static int put_character(struct making *making, size_t *count, uint32_t c,
                         struct treadle_error *error)
{
    if (*count >= TEXT_BYTES)
        return error_set(error, TREADLE_ELIMIT, FOLD_TOO_LONG);
    uint32_t *more = array_grow(making->characters, *count, &making->room, sizeof *more);
    if (!more)
        return error_set_memory(error);
    making->characters = more;
    making->characters[(*count)++] = c;
    return 0;
}

/* Joins the characters of a segment's words in the order in which they are seen. */
static int put_words(struct making *making, const struct member *members, size_t member_count,
                     size_t *count, struct treadle_error *error)
{
    int32_t right = members->word->right;
    int rc = 0;
    for (size_t m = 0; m < member_count && !rc; m++) {
        const struct word *word = members[m].word;
        if (m > 0 && needs_space(&members[m - 1], &members[m], right))
            rc = put_character(making, count, ' ', error);
        else if (m > 0 && is_exponent(members[m - 1].word, word))
            rc = put_character(making, count, '^', error);
        for (size_t at = 0; at < word->length && !rc;)
            rc = put_character(making, count, text_next(word->text, word->length, &at), error);
        right = larger(right, word->right);
    }
    return rc;
}

/* Whether all words have characters of one width, and that width. */
static int32_t find_pitch(const struct member *members, size_t count, size_t letters)
{
    int64_t width = 0;
    for (size_t m = 0; m < count; m++)
        width += members[m].word->right - members[m].word->left;
    int64_t pitch = letters ? width / (int64_t)letters : 0;
    for (size_t m = 0; m < count; m++) {
        const struct word *word = members[m].word;
        int64_t own = (word->right - word->left) /
                      (int64_t)(text_characters(word->text, word->length) + !word->length);
        if (!(word->style & FRAME_EVEN) || labs((long)(own - pitch)) * 100 > pitch * 3)
            return 0;
    }
    return (int32_t)pitch;
}

static void note_style(struct segment *segment, const struct member *members, size_t count)
{
    for (size_t m = 0; m < count; m++) {
        const struct word *word = members[m].word;
        uint32_t characters = (uint32_t)text_characters(word->text, word->length);
        segment->bold += word->style & FRAME_BOLD ? characters : 0;
        segment->typewriter += word->style & FRAME_TYPEWRITER ? characters : 0;
        for (size_t i = 0; i < word->length; i++) {
            char c = word->text[i];
            bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
            bool slim = letter && strchr("iljtfrI", c);
            segment->slim = segment->slim || slim;
            segment->broad = segment->broad || (letter && !slim);
        }
    }
    segment->pitch = find_pitch(members, count, segment->letters);
}

static int make_text(struct making *making, struct segment *segment, const struct member *members,
                     size_t count, struct buffer *raw, struct buffer *folded,
                     struct treadle_error *error)
{
    size_t length = 0;
    int rc = put_words(making, members, count, &length, error);
    if (rc)
        return rc;
    segment->leftward = (uint32_t)bidi_reorder(making->characters, length);
    buffer_reset(raw);
    buffer_reset(folded);
    for (size_t i = 0; i < length; i++) {
        char bytes[4];
        buffer_append(raw, bytes, text_put(bytes, making->characters[i]));
    }
    if (raw->failed)
        return buffer_error(raw, FOLD_TOO_LONG, error);
    rc = fold_line(folded, raw->data ? raw->data : "", raw->length, error);
    if (rc)
        return rc;
    segment->length = folded->length;
    segment->text = arena_copy(making->arena, folded->data ? folded->data : "", folded->length);
    return segment->text ? 0 : error_set_memory(error);
}

/* Gives each segment its text and drops those that have none. */
static int fill_segments(struct making *making, struct treadle_error *error)
{
    struct buffer raw, folded;
    size_t kept = 0;
    int rc = 0;
    buffer_init(&raw, TEXT_BYTES);
    buffer_init(&folded, TEXT_BYTES);
    qsort(making->members, making->member_count, sizeof *making->members, compare_members);
    for (size_t start = 0; start < making->member_count && !rc;) {
        const struct member *members = &making->members[start];
        struct segment segment = making->segments[members->segment];
        size_t count = 1;
        while (start + count < making->member_count && members[count].segment == members->segment)
            count++;
        start += count;
        rc = make_text(making, &segment, members, count, &raw, &folded, error);
        if (rc || segment.length == 0)
            continue;
        note_style(&segment, members, count);
        segment.top = segment.base - (int32_t)((int64_t)segment.size * 80 / 100);
        segment.bottom = segment.base + (int32_t)((int64_t)segment.size * 22 / 100);
        making->segments[kept++] = segment;
    }
    making->count = kept;
    buffer_clear(&raw);
    buffer_clear(&folded);
    return rc;
}

int segments_make(struct segment **out, size_t *count, const struct word *words, size_t word_count,
                  struct arena *arena, struct treadle_error *error)
{
    struct making making = {.arena = arena};
    making.segments = arena_array(arena, word_count, sizeof *making.segments);
    making.members = arena_array(arena, word_count, sizeof *making.members);
    int rc = making.segments && making.members ? 0 : error_set_memory(error);
    if (!rc) {
        join_words(&making, words, word_count);
        rc = join_apart(&making, error);
    }
    if (!rc)
        rc = fill_segments(&making, error);
    free(making.characters);
    if (rc)
        return rc;
    *out = making.segments;
    *count = making.count;
    return 0;
}
