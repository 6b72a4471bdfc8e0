/*
 * Fuzzing the walk over citations. The first byte says how the text is cut, the rest is what a
 * model says. However it is cut, the same is handed on; what is left out are markers of no passage;
 * each annotation stands at the characters of its marker. A walk that is given up in the middle
 * hands on nothing more.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/text.h"
#include "tool/citation.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static const struct search_page pages[] = {{0, 4, NULL}, {22, 5, NULL}};
static const struct search_result results[] = {
    {.file_id = "file-a",
     .text = "The cat sat down here. The dog ran off there.",
     .pages = pages,
     .page_count = 2},
    {.file_id = "file-b", .text = "", .pages = pages, .page_count = 1},
};
static const struct model_passage passages[] = {{.marker = "【0:0†a.pdf】"},
                                                {.marker = "【0:1†b】"}};
static const struct citation_source sources[] = {{&passages[0], &results[0]},
                                                 {&passages[1], &results[1]}};

struct seen {
    struct buffer text, annotations;
    size_t characters;
    bool closed;
};

static void require(bool condition)
{
    if (!condition)
        abort();
}

static int take_text(void *context, const char *text, size_t length, struct treadle_error *error)
{
    struct seen *seen = context;
    (void)error;
    require(!seen->closed && length > 0);
    seen->characters += text_characters(text, length);
    return buffer_append(&seen->text, text, length);
}

static int take_annotation(void *context, const struct treadle_annotation *annotation,
                           struct treadle_error *error)
{
    struct seen *seen = context;
    size_t length = text_characters(annotation->text, strlen(annotation->text));
    (void)error;
    require(!seen->closed && (size_t)annotation->start_index == seen->characters);
    require((size_t)annotation->end_index == seen->characters + length);
    seen->characters += length;
    buffer_append_format(&seen->annotations, "%zu %s %s %d\n", seen->characters, annotation->text,
                         annotation->file_citation->file_id,
                         (int)annotation->file_citation->page.value);
    return buffer_append_string(&seen->text, annotation->text);
}

/* Feeds the text in pieces, up to `stop`; finishes where that is its end. */
static void walk(const char *text, size_t length, size_t piece, size_t stop,
                 enum citation_matching matching, struct seen *seen)
{
    struct treadle_error error;
    struct arena *arena = arena_new(0);
    const struct citation_target target = {seen, take_text, take_annotation};
    *seen = (struct seen){.closed = false};
    buffer_init(&seen->text, 2 << 20);
    buffer_init(&seen->annotations, 2 << 20);
    const struct citation_options options = {
        .sources = sources, .source_count = 2, .matching = matching};
    struct citation_walk *walk = citation_begin(&options, &target, arena);
    require(walk != NULL);
    for (size_t at = 0; at < stop; at += piece) {
        size_t size = stop - at < piece ? stop - at : piece;
        require(citation_feed(walk, text + at, size, &error) == 0);
    }
    if (stop == length)
        require(citation_finish(walk, &error) == 0);
    seen->closed = true;
    citation_free(walk);
    arena_free(arena);
}

static void clear(struct seen *seen)
{
    buffer_clear(&seen->text);
    buffer_clear(&seen->annotations);
}

static bool is_same(const struct buffer *one, const struct buffer *other)
{
    return one->length == other->length &&
           (!one->length || memcmp(one->data, other->data, one->length) == 0);
}

static void check(const char *text, size_t length, uint8_t cut, enum citation_matching matching)
{
    struct seen whole, parted, broken;
    walk(text, length, length + 1, length, matching, &whole);
    walk(text, length, cut % 17u + 1, length, matching, &parted);
    walk(text, length, cut % 5u + 1, length * cut / 256, matching, &broken);
    require(is_same(&whole.text, &parted.text) && is_same(&whole.annotations, &parted.annotations));
    /* An altered marker, as [0:0†], becomes the whole one. */
    require(matching != CITATION_AS_WRITTEN || whole.text.length <= 3 * length);
    /* What was given up has handed on a beginning of the whole. */
    require(broken.text.length <= whole.text.length);
    require(!broken.text.length ||
            memcmp(broken.text.data, whole.text.data, broken.text.length) == 0);
    clear(&whole);
    clear(&parted);
    clear(&broken);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    if (!length)
        return 0;
    for (int i = CITATION_AS_WRITTEN; i <= CITATION_PARAGRAPHS; i++)
        check((const char *)bytes + 1, length - 1, bytes[0], (enum citation_matching)i);
    return 0;
}
