/*
 * Answers: the chosen sentences in quotation marks, each with what makes it understandable, its
 * page, and its passage's marker.
 *
 * A quote begins with the title above the sentence, where that is close by, and includes neighbours
 * as long as it stays short: a sentence often needs them, and as often one of them has the answer.
 */
#include <ctype.h>
#include <string.h>

#include "base/text.h"
#include "builtin/extractive_internal.h"

enum { CERTAIN_BYTES = 360, NEAREST_BYTES = 560, SHORTEST_CUT = 200, HEADING_BYTES = 120 };

static const char not_direct[] = "No passage answers this directly.";

/* Characters of scripts without spaces take three bytes, and say more. */
static size_t room_for(const struct sentence *sentence, bool certain)
{
    unsigned char first = (unsigned char)sentence->passage->text[sentence->start];
    size_t room = certain ? CERTAIN_BYTES : NEAREST_BYTES;
    return first >= 0xE3 && first < 0xF0 ? room * 4 / 3 : room;
}

/* The sentences of a passage: [first, last). */
static void bounds(const struct sentences *sentences, const struct sentence *sentence,
                   size_t *first, size_t *last)
{
    size_t next = sentence->passage_number + 1;
    *first = sentences->passage_first[sentence->passage_number];
    *last = next < sentences->passage_count ? sentences->passage_first[next] : sentences->count;
}

/* Whether a title begins a section: rows of a list or a table follow each other. */
static bool begins_section(const struct sentence *items, size_t at, size_t last)
{
    return items[at].is_title && at + 1 < last && !items[at + 1].is_title && !items[at + 1].row;
}

static int page_at(const struct model_passage *passage, size_t offset)
{
    int page = 0;
    for (size_t i = 0; i < passage->page_count; i++)
        if (i == 0 || passage->pages[i].offset <= offset)
            page = passage->pages[i].page;
    return page;
}

/* A paragraph that was split at the end of a page continues in small letters. */
static bool is_parted(const struct sentence *items, size_t at)
{
    const struct model_passage *passage = items[at].passage;
    return items[at - 1].open && islower((unsigned char)passage->text[items[at].start]) &&
           page_at(passage, items[at - 1].start) != page_at(passage, items[at].start);
}

/* How many neighbours a quote may include: a row of a table or a record can be understood alone. */
static size_t most_neighbours(const struct sentence *items, size_t at, size_t last, bool certain)
{
    bool row = items[at].row || (items[at].is_title && !begins_section(items, at, last));
    return !row ? SIZE_MAX : certain ? 1 : 3;
}

static size_t include_title(const struct sentence *items, size_t at, size_t last, size_t room,
                            struct language_span *span)
{
    size_t title = items[at].title;
    if (title == SIZE_MAX || begins_section(items, at, last) ||
        span->end - items[title].start > room)
        return at;
    span->start = items[title].start;
    return title;
}

/* The next sentence explains more often than the previous one; a title begins something else,
 * unless the sentence before it is not at its end. The sentence right below a title is never left
 * out. */
static void include_following(const struct sentence *items, size_t at, size_t last, size_t room,
                              size_t most, struct language_span *span)
{
    size_t to = at;
    bool title = begins_section(items, at, last);
    while (to + 1 < last && to - at < most && !items[to + 1].clutter &&
           (items[to + 1].end - span->start <= room || (title && to == at)) &&
           (items[to].open || !begins_section(items, to + 1, last)))
        span->end = items[++to].end;
    /* A title alone at the end belongs to what is not quoted. */
    if (to > at && items[to].is_title && !items[to - 1].is_title)
        span->end = items[--to].end;
}

struct language_span answer_span(const struct sentences *sentences, const struct sentence *sentence,
                                 bool certain)
{
    const struct sentence *items = sentences->items;
    struct language_span span = {sentence->start, sentence->end};
    size_t first, last, room = room_for(sentence, certain), at = (size_t)(sentence - items);
    bounds(sentences, sentence, &first, &last);
    size_t from = include_title(items, at, last, room, &span);
    if (from > first && is_parted(items, from))
        span.start = items[--from].start;
    size_t most = most_neighbours(items, at, last, certain);
    include_following(items, at, last, room, most, &span);
    while (from > first && at - from < most && !begins_section(items, from, last) &&
           !items[from - 1].clutter && span.end - items[from - 1].start <= room)
        span.start = items[--from].start;
    return span;
}

/* Where to end a quote that is too long: after a clause, else after a word. */
static size_t cut(const char *text, size_t length, size_t room)
{
    if (length <= room)
        return length;
    size_t end = text_cut(text, room), word = 0;
    for (size_t i = end; i > SHORTEST_CUT; i--) {
        if (text[i] != ' ' && text[i] != '\n')
            continue;
        if (strchr(",;:", text[i - 1]))
            return i - 1;
        if (!word)
            word = i;
    }
    return word ? word : end;
}

static void write_quote(struct buffer *out, const struct sentences *sentences,
                        const struct sentence *sentence, bool certain)
{
    const struct model_passage *passage = sentence->passage;
    struct language_span span = answer_span(sentences, sentence, certain);
    const char *text = passage->text + span.start;
    size_t length = span.end - span.start, end = cut(text, length, room_for(sentence, certain));
    buffer_append_string(out, "“");
    for (size_t i = 0; i < end; i++)
        buffer_append_char(out, text[i] == '\n'                ? '\n'
                                : (unsigned char)text[i] < ' ' ? ' '
                                                               : text[i]);
    buffer_append_string(out, end < length ? " …”" : "”");
    int page = page_at(passage, sentence->start);
    if (page > 0)
        buffer_append_format(out, " (page %d)", page);
    if (passage->marker)
        buffer_append_format(out, " %s", passage->marker);
}

/* The innermost heading above a passage, when the quote does not show it. */
static void write_source(struct buffer *out, const struct sentence *sentence)
{
    const struct model_passage *passage = sentence->passage;
    buffer_append_format(out, "From %s", passage->filename);
    if (passage->heading) {
        size_t length = strlen(passage->heading);
        if (length > HEADING_BYTES)
            length = text_cut(passage->heading, HEADING_BYTES);
        buffer_append_format(out, ", %.*s", (int)length, passage->heading);
    }
    buffer_append_string(out, ":\n");
}

void answer_write(struct buffer *out, const struct sentences *sentences,
                  const struct selection *selection)
{
    if (!selection->certain)
        buffer_append_format(out, "%s The nearest passage%s:\n\n", not_direct,
                             selection->count == 1 ? "" : "s");
    for (size_t i = 0; i < selection->count; i++) {
        if (i > 0)
            buffer_append_string(out, "\n\n");
        if (selection->chosen[i]->passage->filename)
            write_source(out, selection->chosen[i]);
        write_quote(out, sentences, selection->chosen[i], selection->certain);
    }
}
