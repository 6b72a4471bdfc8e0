/*
 * Citations: one walk over the text copies it, marker by marker, and counts characters.
 *
 * Something is a marker when it reads 【digits:digits†name】. Offsets are characters (code
 * points), as the service counted them.
 */
#include "tool/citation.h"

#include <string.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/text.h"

#define OPEN   "【"
#define CLOSE  "】"
#define DAGGER "†"

enum {
    MOST_ANNOTATIONS = 1000,
    LARGEST_MARKER = 1024,
    LARGEST_TEXT = 8 << 20,
    LARGEST_PAGE = 100000
};

static size_t digits(const char *text)
{
    return strspn(text, "0123456789");
}

/* The length of the marker at `text`, 0 where there is none. */
static size_t marker_length(const char *text)
{
    const char *at = text + strlen(OPEN);
    size_t first = digits(at);
    if (!first || at[first] != ':')
        return 0;
    at += first + 1;
    size_t second = digits(at);
    if (!second || !text_starts_with(at + second, DAGGER))
        return 0;
    const char *end = strstr(at, CLOSE);
    size_t length = end ? (size_t)(end - text) + strlen(CLOSE) : 0;
    return length <= LARGEST_MARKER ? length : 0;
}

static const struct citation_source *
find_source(const char *marker, size_t length, const struct citation_source *sources, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *known = sources[i].passage->marker;
        if (strlen(known) == length && memcmp(known, marker, length) == 0)
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

/* What a statement quotes, where it quotes something: the last words between quotation marks. */
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

struct walk {
    struct arena *arena;
    struct buffer text;
    size_t characters;
    size_t statement; /* where the statement that is cited next starts, in text */
    struct treadle_annotation *annotations;
    size_t count;
};

static int annotate(struct walk *walk, const struct citation_source *source)
{
    struct treadle_file_citation *citation = arena_alloc(walk->arena, sizeof *citation);
    if (!citation)
        return TREADLE_EMEMORY;
    const struct search_result *result = source->result;
    int page = find_page(walk->text.data ? walk->text.data + walk->statement : "",
                         walk->text.length - walk->statement, result);
    const char *marker = source->passage->marker;
    size_t length = text_characters(marker, strlen(marker));
    citation->file_id = result->file_id;
    if (page > 0)
        citation->page = (struct treadle_integer){TREADLE_SET, page};
    walk->annotations[walk->count++] = (struct treadle_annotation){
        .type = TREADLE_ANNOTATION_FILE_CITATION,
        .text = marker,
        .start_index = (int64_t)walk->characters,
        .end_index = (int64_t)(walk->characters + length),
        .file_citation = citation,
    };
    walk->characters += length;
    return buffer_append_string(&walk->text, marker);
}

static int copy_plain(struct walk *walk, const char *text, size_t length)
{
    walk->characters += text_characters(text, length);
    return buffer_append(&walk->text, text, length);
}

static int copy_marker(struct walk *walk, const char *marker, size_t length,
                       const struct citation_source *sources, size_t source_count)
{
    const struct citation_source *source = find_source(marker, length, sources, source_count);
    int rc = 0;
    if (source && walk->count < MOST_ANNOTATIONS)
        rc = annotate(walk, source);
    return rc;
}

static int copy_all(struct walk *walk, const char *text, const struct citation_source *sources,
                    size_t source_count)
{
    int rc = 0;
    bool after_marker = false;
    for (const char *at = text; *at && !rc;) {
        const char *next = strstr(at, OPEN);
        if (next == at) {
            size_t length = marker_length(at);
            if (length)
                rc = copy_marker(walk, at, length, sources, source_count);
            else
                rc = copy_plain(walk, at, length = strlen(OPEN));
            after_marker = true;
            at += length;
            continue;
        }
        /* Markers that follow each other cite the same statement. */
        if (after_marker)
            walk->statement = walk->text.length;
        after_marker = false;
        size_t length = next ? (size_t)(next - at) : strlen(at);
        rc = copy_plain(walk, at, length);
        at += length;
    }
    return rc;
}

int citation_resolve(const char *text, const struct citation_source *sources, size_t source_count,
                     struct arena *arena, struct treadle_text *out, struct treadle_error *error)
{
    struct walk walk = {.arena = arena};
    buffer_init(&walk.text, LARGEST_TEXT);
    walk.annotations = arena_array(arena, MOST_ANNOTATIONS, sizeof *walk.annotations);
    int rc = walk.annotations ? copy_all(&walk, text, sources, source_count) : TREADLE_EMEMORY;
    char *value = rc ? NULL : arena_copy(arena, walk.text.data, walk.text.length);
    buffer_clear(&walk.text);
    if (rc == TREADLE_ELIMIT)
        return error_set(error, rc, "the model's answer is longer than %d bytes", LARGEST_TEXT);
    if (!value)
        return error_set_memory(error);
    *out = (struct treadle_text){value, walk.annotations, walk.count};
    return 0;
}
