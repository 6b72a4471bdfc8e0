/*
 * Citations: one pass over the text, marker by marker, which passes the text on and counts
 * characters. A marker has the form 【digits:digits†name】. Text comes in pieces of any length, so
 * what may still become a marker is held back. Offsets are characters (code points), as in the
 * service.
 *
 * Small models cite nothing. Where that is wished for, a sentence without a marker gets that of the
 * passage which says it; the white space after the sentence is held back until it is known that no
 * marker of the model's own follows.
 */
#include "tool/citation.h"

#include <string.h>

#include "api/error.h"
#include "base/buffer.h"
#include "base/error.h"
#include "base/text.h"
#include "tool/marker.h"

enum {
    MOST_ANNOTATIONS = 1000,
    LARGEST_STATEMENT = 64 * 1024,
    LARGEST_PIECE = 8 << 20,
    LARGEST_PAGE = 100000,
    LARGEST_QUOTE = 1000,
    MOST_MATCHED = 3 /* passages that one sentence or paragraph gets the markers of */
};

/* A later source must say so much more of a statement than one that ranks before it. */
#define SUPPORT_GAP 0.02

static const struct citation_source *
find_source(const struct marker *marker, const struct citation_source *sources, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *known = sources[i].passage->marker;
        struct marker own;
        if (marker_read(known, strlen(known), &own) == MARKER && own.turn == marker->turn &&
            own.index == marker->index)
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
    struct citation_options options;
    const struct citation_target *target;
    struct arena *arena;
    struct buffer held;      /* may still be a marker */
    struct buffer statement; /* that is cited next */
    struct buffer unmatched; /* the sentence or paragraph that may get a marker */
    struct buffer blanks;    /* after it, until it is known whether the model cites it */
    bool ended;              /* it has ended, and is to be matched unless a marker follows */
    bool fenced;             /* within a block of code */
    bool after_marker;
    size_t characters, annotations;
};

struct citation_walk *citation_begin(const struct citation_options *options,
                                     const struct citation_target *target, struct arena *arena)
{
    struct citation_walk *walk = arena_alloc(arena, sizeof *walk);
    if (!walk)
        return NULL;
    walk->options = *options;
    walk->target = target;
    walk->arena = arena;
    buffer_init(&walk->held, LARGEST_PIECE);
    buffer_init(&walk->statement, LARGEST_STATEMENT);
    buffer_init(&walk->unmatched, LARGEST_STATEMENT);
    buffer_init(&walk->blanks, LARGEST_PIECE);
    return walk;
}

size_t citation_count(const struct citation_walk *walk)
{
    return walk->annotations;
}

static int hand_on_marker(struct citation_walk *walk, const struct citation_source *source,
                          const char *statement, size_t statement_length,
                          struct treadle_error *error)
{
    const struct search_result *result = source->result;
    const char *marker = source->passage->marker;
    size_t length = text_characters(marker, strlen(marker));
    struct treadle_file_citation citation = {
        .file_id = result->file_id,
        .quote = find_quote(statement, statement_length, result, walk->arena)};
    if (!citation.quote)
        return error_set_memory(error);
    int page = find_page(statement, statement_length, result);
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
    walk->after_marker = true;
    return walk->target->annotation(walk->target->context, &annotation, error);
}

static int pass_text(struct citation_walk *walk, const char *text, size_t length,
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

/* ---- Statements without a marker ------------------------------------------------------------ */

/* The first source that says most of a statement; NULL where none says enough. */
static const struct citation_source *find_support(const struct citation_walk *walk,
                                                  const char *statement, size_t length)
{
    const struct citation_source *found = NULL;
    double best = 0;
    for (size_t i = walk->options.first_matched; i < walk->options.source_count; i++) {
        double support = search_support(walk->options.sources[i].result->text, statement, length);
        if (support > best + SUPPORT_GAP) {
            best = support;
            found = &walk->options.sources[i];
        }
    }
    return found;
}

/* Where the sentence ends that starts at `at`, its end mark included. */
static size_t sentence_end(const char *text, size_t length, size_t at)
{
    for (; at < length; at++)
        if (strchr(".!?\n", text[at]) && at + 1 < length && strchr(" \n", text[at + 1]))
            return at + 1;
    return length;
}

static int match_sentences(struct citation_walk *walk, struct treadle_error *error)
{
    const struct citation_source *cited[MOST_MATCHED];
    const char *text = walk->unmatched.data;
    size_t length = walk->unmatched.length, count = 0;
    int rc = 0;
    for (size_t at = 0, end; at < length && count < MOST_MATCHED && !rc; at = end) {
        end = sentence_end(text, length, at);
        const struct citation_source *source = find_support(walk, text + at, end - at);
        for (size_t i = 0; i < count && source; i++)
            source = cited[i] == source ? NULL : source;
        if (!source || walk->annotations == MOST_ANNOTATIONS)
            continue;
        cited[count++] = source;
        rc = hand_on_marker(walk, source, text + at, end - at, error);
    }
    return rc;
}

/* What has ended gets its markers, and what was held back after it follows. */
static int settle(struct citation_walk *walk, bool match, struct treadle_error *error)
{
    const char *text = walk->unmatched.data ? walk->unmatched.data : "";
    bool fence = strncmp(text + strspn(text, " \t\n"), "```", 3) == 0;
    int rc = 0;
    if (match && !fence && !walk->fenced && walk->unmatched.length)
        rc = match_sentences(walk, error);
    walk->fenced ^= fence;
    walk->ended = false;
    buffer_reset(&walk->unmatched);
    if (!rc)
        rc = pass_text(walk, walk->blanks.data, walk->blanks.length, error);
    buffer_reset(&walk->blanks);
    return rc;
}

static bool ends_with(const struct buffer *text, const char *end)
{
    size_t length = strlen(end);
    return text->length >= length && memcmp(text->data + text->length - length, end, length) == 0;
}

/* Whether a sentence ends where this blank follows what there is of it. */
static bool ends_before(const struct citation_walk *walk, char blank)
{
    const struct buffer *text = &walk->unmatched;
    size_t length = text->length;
    if (!length || blank == '\n')
        return length && blank == '\n';
    if (walk->options.matching == CITATION_PARAGRAPHS)
        return false;
    while (length > 1 && strchr("\"')*_", text->data[length - 1]))
        length--;
    return strchr(".!?", text->data[length - 1]) || ends_with(text, ".”") ||
           ends_with(text, "!”") || ends_with(text, "?”");
}

static bool is_wide_end(const struct citation_walk *walk)
{
    return walk->options.matching == CITATION_SENTENCES &&
           (ends_with(&walk->unmatched, "。") || ends_with(&walk->unmatched, "！") ||
            ends_with(&walk->unmatched, "？"));
}

/* Hands text on and finds the ends of sentences in it. */
static int hand_on_sentences(struct citation_walk *walk, const char *text, size_t length,
                             struct treadle_error *error)
{
    size_t from = 0;
    int rc = 0;
    for (size_t i = 0; i < length && !rc; i++) {
        bool blank = text[i] == ' ' || text[i] == '\n';
        if (walk->ended && blank) {
            buffer_append_char(&walk->blanks, text[i]);
            from = i + 1;
            continue;
        }
        if (walk->ended)
            rc = settle(walk, true, error);
        if (!rc && blank && ends_before(walk, text[i])) {
            rc = pass_text(walk, text + from, i - from, error);
            walk->ended = true;
            buffer_append_char(&walk->blanks, text[i]);
            from = i + 1;
            continue;
        }
        if (walk->unmatched.length == LARGEST_STATEMENT)
            buffer_reset(&walk->unmatched);
        buffer_append_char(&walk->unmatched, text[i]);
        if (!rc && is_wide_end(walk)) {
            rc = pass_text(walk, text + from, i + 1 - from, error);
            walk->ended = true;
            from = i + 1;
        }
    }
    return rc ? rc : pass_text(walk, text + from, length - from, error);
}

static int hand_on_text(struct citation_walk *walk, const char *text, size_t length,
                        struct treadle_error *error)
{
    return walk->options.matching == CITATION_AS_WRITTEN
               ? pass_text(walk, text, length, error)
               : hand_on_sentences(walk, text, length, error);
}

/* ---- Markers -------------------------------------------------------------------------------- */

/* The model cites by itself. */
static int stop_matching(struct citation_walk *walk, struct treadle_error *error)
{
    int rc = settle(walk, false, error);
    walk->options.matching = CITATION_AS_WRITTEN;
    return rc;
}

/* Processes the text at an opening bracket; `taken` is 0 when it must wait. */
static int take_bracket(struct citation_walk *walk, const char *text, size_t length, bool last,
                        size_t *taken, struct treadle_error *error)
{
    struct marker marker;
    enum marker_shape shape = marker_read(text, length, &marker);
    *taken = 0;
    if (shape == MARKER_TOO_SHORT && !last)
        return 0;
    if (shape != MARKER) {
        *taken = marker_open_length(text);
        return hand_on_text(walk, text, *taken, error);
    }
    const struct citation_source *source =
        find_source(&marker, walk->options.sources, walk->options.source_count);
    *taken = marker.length;
    if (!source) {
        walk->after_marker = true;
        return 0;
    }
    int rc = stop_matching(walk, error);
    walk->after_marker |= walk->annotations == MOST_ANNOTATIONS;
    if (rc || walk->annotations == MOST_ANNOTATIONS)
        return rc;
    const char *statement = walk->statement.data ? walk->statement.data : "";
    return hand_on_marker(walk, source, statement, walk->statement.length, error);
}

static int hand_on(struct citation_walk *walk, bool last, struct treadle_error *error)
{
    const char *text = walk->held.data;
    size_t length = walk->held.length, at = 0;
    int rc = 0;
    while (at < length && !rc) {
        const char *open = marker_find_open(text + at, length - at);
        size_t plain = open ? (size_t)(open - text) - at : length - at;
        size_t taken = plain;
        if (!open && !last)
            taken = plain -= marker_begun(text + at, plain);
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
    int rc = walk->held.length ? hand_on(walk, true, error) : 0;
    return rc ? rc : settle(walk, walk->options.matching != CITATION_AS_WRITTEN, error);
}

void citation_free(struct citation_walk *walk)
{
    if (!walk)
        return;
    buffer_clear(&walk->held);
    buffer_clear(&walk->statement);
    buffer_clear(&walk->unmatched);
    buffer_clear(&walk->blanks);
}
