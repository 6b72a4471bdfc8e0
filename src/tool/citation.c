/*
 * Citations: one pass over the text, marker by marker, which passes the text on and counts
 * characters. A marker has the form 【digits:digits†name】. Text comes in pieces of any length, so
 * what may still become a marker is held back. Offsets are characters (code points), as in the
 * service.
 */
#include "tool/citation.h"

#include <string.h>

#include "api/error.h"
#include "base/buffer.h"
#include "base/error.h"
#include "base/text.h"

#define OPEN   "【"
#define CLOSE  "】"
#define DAGGER "†"

enum {
    MOST_ANNOTATIONS = 1000,
    LARGEST_MARKER = 1024,
    LARGEST_STATEMENT = 64 * 1024,
    LARGEST_PIECE = 8 << 20,
    LARGEST_PAGE = 100000,
    LARGEST_QUOTE = 1000
};

/* What a text that starts with an opening bracket is. */
enum shape { NO_MARKER, MARKER, TOO_SHORT };

/* Skips the given text where it is there; a text that ends within it may still become it. */
static enum shape expect(const char **at, const char *end, const char *text)
{
    size_t length = strlen(text), there = (size_t)(end - *at);
    if (there < length)
        return memcmp(*at, text, there) == 0 ? TOO_SHORT : NO_MARKER;
    if (memcmp(*at, text, length) != 0)
        return NO_MARKER;
    *at += length;
    return MARKER;
}

static enum shape expect_digits(const char **at, const char *end)
{
    const char *start = *at;
    while (*at < end && **at >= '0' && **at <= '9')
        (*at)++;
    if (*at == end)
        return TOO_SHORT;
    return *at > start ? MARKER : NO_MARKER;
}

/* Looks at no more than a marker may have, so a text that never closes one is not searched again
 * with each piece, and is not held back for ever. */
static enum shape find_begun(const char *text, size_t length, size_t *marker)
{
    const char *at = text + strlen(OPEN), *end = text + length;
    enum shape shape = expect_digits(&at, end);
    if (shape == MARKER)
        shape = expect(&at, end, ":");
    if (shape == MARKER)
        shape = expect_digits(&at, end);
    if (shape == MARKER)
        shape = expect(&at, end, DAGGER);
    if (shape != MARKER)
        return shape;
    const char *close = memmem(at, (size_t)(end - at), CLOSE, strlen(CLOSE));
    if (!close)
        return TOO_SHORT;
    *marker = (size_t)(close - text) + strlen(CLOSE);
    return MARKER;
}

static enum shape find_shape(const char *text, size_t length, size_t *marker)
{
    enum shape shape = find_begun(text, length < LARGEST_MARKER ? length : LARGEST_MARKER, marker);
    return shape == TOO_SHORT && length >= LARGEST_MARKER ? NO_MARKER : shape;
}

/* The bytes up to the dagger: the numbers, which alone identify the passage. Models change what
 * follows: they write "source", shorten the name, or add lines. */
static size_t numbers_of(const char *marker, size_t length)
{
    const char *dagger = memmem(marker, length, DAGGER, strlen(DAGGER));
    return dagger ? (size_t)(dagger - marker) : length;
}

static const struct citation_source *
find_source(const char *marker, size_t length, const struct citation_source *sources, size_t count)
{
    size_t numbers = numbers_of(marker, length);
    for (size_t i = 0; i < count; i++) {
        const char *known = sources[i].passage->marker;
        if (numbers_of(known, strlen(known)) == numbers && memcmp(known, marker, numbers) == 0)
            return &sources[i];
    }
    return NULL;
}

/* The page that the statement itself names ("page 12"), 0 when it names none of the passage's. */
static int named_page(const char *statement, size_t length, const struct search_result *result)
{
    static const char word[] = "page ";
    int named = 0;
    for (size_t i = 0; i + sizeof word - 1 < length; i++) {
        if (memcmp(statement + i, word, sizeof word - 1) != 0)
            continue;
        int page = 0;
        for (size_t j = i + sizeof word - 1; j < length && page < LARGEST_PAGE; j++) {
            if (statement[j] < '0' || statement[j] > '9')
                break;
            page = page * 10 + (statement[j] - '0');
        }
        for (size_t j = 0; j < result->page_count; j++)
            if (page > 0 && result->pages[j].page == page)
                named = page;
    }
    return named;
}

/* The quote in a statement, where there is one: the last words between quotation marks. */
static void narrow_to_quotation(const char **statement, size_t *length)
{
    static const char open[] = "“", close[] = "”";
    const char *start = NULL, *end = NULL;
    for (size_t i = 0; i + sizeof open - 1 <= *length; i++) {
        const char *at = *statement + i;
        if (memcmp(at, open, sizeof open - 1) == 0)
            start = at + sizeof open - 1;
        else if (start && memcmp(at, close, sizeof close - 1) == 0)
            end = at;
    }
    if (!start || !end || end <= start)
        return;
    *statement = start;
    *length = (size_t)(end - start);
}

static int find_page(const char *statement, size_t length, const struct search_result *result)
{
    int page = named_page(statement, length, result);
    if (page)
        return page;
    narrow_to_quotation(&statement, &length);
    return search_cited_page(result->text, result->pages, result->page_count, statement, length);
}

/* The part of the result that supports the statement, in the arena; "" where none does. */
static const char *find_quote(const char *statement, size_t length,
                              const struct search_result *result, struct arena *arena)
{
    size_t start, end;
    narrow_to_quotation(&statement, &length);
    if (!search_cited_stretch(result->text, statement, length, &start, &end))
        return "";
    if (end - start > LARGEST_QUOTE)
        end = start + text_cut(result->text + start, LARGEST_QUOTE);
    return arena_copy(arena, result->text + start, end - start);
}

struct citation_walk {
    const struct citation_source *sources;
    size_t source_count;
    const struct citation_target *target;
    struct arena *arena;
    struct buffer held;      /* may still be a marker */
    struct buffer statement; /* that is cited next */
    bool after_marker;
    size_t characters, annotations;
};

struct citation_walk *citation_begin(const struct citation_source *sources, size_t source_count,
                                     const struct citation_target *target, struct arena *arena)
{
    struct citation_walk *walk = arena_alloc(arena, sizeof *walk);
    if (!walk)
        return NULL;
    walk->sources = sources;
    walk->source_count = source_count;
    walk->target = target;
    walk->arena = arena;
    buffer_init(&walk->held, LARGEST_PIECE);
    buffer_init(&walk->statement, LARGEST_STATEMENT);
    return walk;
}

static int hand_on_marker(struct citation_walk *walk, const struct citation_source *source,
                          struct treadle_error *error)
{
    const struct search_result *result = source->result;
    const char *marker = source->passage->marker;
    size_t length = text_characters(marker, strlen(marker));
    const char *statement = walk->statement.data ? walk->statement.data : "";
    struct treadle_file_citation citation = {
        .file_id = result->file_id,
        .quote = find_quote(statement, walk->statement.length, result, walk->arena)};
    if (!citation.quote)
        return error_set_memory(error);
    int page = find_page(statement, walk->statement.length, result);
    if (page > 0) {
        citation.page = (struct treadle_integer){TREADLE_SET, page};
        citation.page_label = search_page_label(result, page);
    }
    const struct treadle_annotation annotation = {
        .type = TREADLE_ANNOTATION_FILE_CITATION,
        .text = marker,
        .start_index = (int64_t)walk->characters,
        .end_index = (int64_t)(walk->characters + length),
        .file_citation = &citation,
    };
    walk->characters += length;
    walk->annotations++;
    return walk->target->annotation(walk->target->context, &annotation, error);
}

static int hand_on_text(struct citation_walk *walk, const char *text, size_t length,
                        struct treadle_error *error)
{
    if (!length)
        return 0;
    /* Markers that follow each other cite the same statement. */
    if (walk->after_marker || walk->statement.length + length > LARGEST_STATEMENT)
        buffer_reset(&walk->statement);
    walk->after_marker = false;
    if (length <= LARGEST_STATEMENT)
        buffer_append(&walk->statement, text, length);
    walk->characters += text_characters(text, length);
    return walk->target->text(walk->target->context, text, length, error);
}

/* Processes the text at an opening bracket; `taken` is 0 when it must wait. */
static int take_bracket(struct citation_walk *walk, const char *text, size_t length, bool last,
                        size_t *taken, struct treadle_error *error)
{
    size_t marker = 0;
    enum shape shape = find_shape(text, length, &marker);
    *taken = 0;
    if (shape == TOO_SHORT && !last)
        return 0;
    if (shape != MARKER) {
        *taken = strlen(OPEN);
        return hand_on_text(walk, text, *taken, error);
    }
    const struct citation_source *source =
        find_source(text, marker, walk->sources, walk->source_count);
    *taken = marker;
    walk->after_marker = true;
    if (!source || walk->annotations == MOST_ANNOTATIONS)
        return 0;
    return hand_on_marker(walk, source, error);
}

/* How many bytes at the end of the text may be the beginning of a bracket. */
static size_t begun_bracket(const char *text, size_t length)
{
    for (size_t begun = strlen(OPEN) - 1; begun > 0; begun--)
        if (length >= begun && memcmp(text + length - begun, OPEN, begun) == 0)
            return begun;
    return 0;
}

static int hand_on(struct citation_walk *walk, bool last, struct treadle_error *error)
{
    const char *text = walk->held.data;
    size_t length = walk->held.length, at = 0;
    int rc = 0;
    while (at < length && !rc) {
        const char *open = memmem(text + at, length - at, OPEN, strlen(OPEN));
        size_t plain = open ? (size_t)(open - text) - at : length - at;
        size_t taken = plain;
        if (!open && !last)
            taken = plain -= begun_bracket(text + at, plain);
        if (plain)
            rc = hand_on_text(walk, text + at, plain, error);
        else if (open)
            rc = take_bracket(walk, text + at, length - at, last, &taken, error);
        if (!taken)
            break;
        at += taken;
    }
    if (!rc) {
        memmove(walk->held.data, text + at, length - at);
        walk->held.length = length - at;
    }
    return rc;
}

int citation_feed(struct citation_walk *walk, const char *text, size_t length,
                  struct treadle_error *error)
{
    if (buffer_append(&walk->held, text, length))
        return buffer_error(&walk->held, ERROR_ANSWER_TOO_LARGE, error);
    return hand_on(walk, false, error);
}

int citation_finish(struct citation_walk *walk, struct treadle_error *error)
{
    return walk->held.length ? hand_on(walk, true, error) : 0;
}

void citation_free(struct citation_walk *walk)
{
    if (!walk)
        return;
    buffer_clear(&walk->held);
    buffer_clear(&walk->statement);
}
