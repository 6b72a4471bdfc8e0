/*
 * Margins: a row near the top or bottom of its page goes when its neighbours have the like.
 *
 * Two things give it away. Its number (first or last in the row, Arabic or Roman) grows with the
 * pages: a page nearby has such a row with the number that this page's number foretells. Or the
 * same words, numbers aside, stand at the same height on two other pages nearby. The row that
 * lies behind one that goes is looked at as well.
 */
#include "document/margins.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

enum {
    EDGE = 3,          /* rows at each end of a page that are looked at */
    NEARBY = 6,        /* pages to each side */
    HEIGHT_SLACK = 300 /* hundredths of a point that the same row's height may differ by */
};

/* What is known of a row at a page's edge. */
struct mark {
    struct row *row;
    uint64_t words; /* hash of its text, each number taken as '#' */
    int numbers[2]; /* first and last in the row */
    int number_count;
    bool dropped;
};

struct edge {
    struct mark marks[EDGE]; /* outermost first */
    size_t count;
};

static int roman_digit(char c)
{
    switch (c) {
    case 'i':
        return 1;
    case 'v':
        return 5;
    case 'x':
        return 10;
    case 'l':
        return 50;
    case 'c':
        return 100;
    default:
        return 0;
    }
}

/* The value of a word that is wholly a number up to 99,999, Arabic or small Roman; else 0. */
static int number_of(const char *word, size_t length)
{
    int value = 0;
    if (length == 0 || length > 10)
        return 0;
    if (word[0] >= '0' && word[0] <= '9') {
        for (size_t i = 0; i < length; i++) {
            if (word[i] < '0' || word[i] > '9' || length > 5)
                return 0;
            value = value * 10 + (word[i] - '0');
        }
        return value;
    }
    for (size_t i = 0; i < length; i++) {
        int digit = roman_digit(word[i]);
        if (digit == 0)
            return 0;
        bool before_larger = i + 1 < length && digit < roman_digit(word[i + 1]);
        value += before_larger ? -digit : digit;
    }
    return value;
}

static uint64_t hash_words(const char *text, size_t length)
{
    uint64_t hash = 14695981039346656037u;
    for (size_t i = 0; i < length; i++) {
        char c = text[i];
        if (c >= '0' && c <= '9') {
            if (i > 0 && text[i - 1] >= '0' && text[i - 1] <= '9')
                continue;
            c = '#';
        }
        hash = (hash ^ (unsigned char)c) * 1099511628211u;
    }
    return hash;
}

static void mark_set(struct mark *mark, struct row *row)
{
    const char *text = row->text;
    size_t first = 0, last = row->length;
    *mark = (struct mark){.row = row, .words = hash_words(text, row->length)};
    while (first < row->length && text[first] != ' ')
        first++;
    while (last > 0 && text[last - 1] != ' ')
        last--;
    int value = number_of(text, first);
    if (value)
        mark->numbers[mark->number_count++] = value;
    value = last > first ? number_of(text + last, row->length - last) : 0;
    if (value)
        mark->numbers[mark->number_count++] = value;
}

/* Keeps the EDGE outermost rows of a page's top or bottom eighth. */
static void edge_set(struct edge *edge, struct sheet *sheet, bool top)
{
    struct row *found[EDGE];
    size_t count = 0;
    for (size_t i = 0; i < sheet->count; i++) {
        struct row *row = &sheet->rows[i];
        int32_t zone = sheet->height / 8;
        if (top ? row->bottom > zone : row->top < sheet->height - zone)
            continue;
        size_t at = count;
        while (at > 0 &&
               (top ? row->top < found[at - 1]->top : row->bottom > found[at - 1]->bottom))
            at--;
        if (at == EDGE)
            continue;
        count += count < EDGE;
        memmove(&found[at + 1], &found[at], (count - 1 - at) * sizeof *found);
        found[at] = row;
    }
    edge->count = count;
    for (size_t i = 0; i < count; i++)
        mark_set(&edge->marks[i], found[i]);
}

static bool numbers_agree(const struct mark *mark, const struct mark *other, int distance)
{
    for (int i = 0; i < mark->number_count; i++)
        for (int j = 0; j < other->number_count; j++)
            if (other->numbers[j] - mark->numbers[i] == distance)
                return true;
    return false;
}

static bool repeats(const struct mark *mark, const struct mark *other)
{
    return mark->words == other->words && abs(mark->row->top - other->row->top) <= HEIGHT_SLACK;
}

/* Whether pages near `page` show that this mark of its edge is no text. */
static bool is_margin(const struct edge *edges, size_t count, size_t page, const struct mark *mark)
{
    size_t first = page > NEARBY ? page - NEARBY : 0, same = 0;
    for (size_t p = first; p < count && p <= page + NEARBY; p++) {
        bool repeated = false;
        for (size_t i = 0; p != page && i < edges[p].count; i++) {
            const struct mark *other = &edges[p].marks[i];
            if (numbers_agree(mark, other, (int)p - (int)page))
                return true;
            repeated = repeated || repeats(mark, other);
        }
        same += repeated;
    }
    return same >= 2;
}

static void mark_edges(struct edge *edges, size_t count, int32_t body)
{
    for (size_t p = 0; p < count; p++)
        for (size_t i = 0; i < edges[p].count; i++) {
            const struct mark *mark = &edges[p].marks[i];
            if (mark->row->size > body + body / 8 || !is_margin(edges, count, p, mark))
                break;
            edges[p].marks[i].dropped = true;
        }
}

static void empty_marked(const struct edge *edges, size_t count)
{
    for (size_t p = 0; p < count; p++)
        for (size_t i = 0; i < edges[p].count; i++)
            if (edges[p].marks[i].dropped)
                edges[p].marks[i].row->length = 0;
}

static void drop_empty(struct sheet *sheets, size_t count)
{
    for (size_t p = 0; p < count; p++) {
        size_t kept = 0;
        for (size_t r = 0; r < sheets[p].count; r++)
            if (sheets[p].rows[r].length > 0)
                sheets[p].rows[kept++] = sheets[p].rows[r];
        sheets[p].count = kept;
    }
}

int margins_drop(struct sheet *sheets, size_t count, int32_t body, struct treadle_error *error)
{
    struct edge *edges = calloc(count * 2 + 1, sizeof *edges);
    if (!edges)
        return error_set_memory(error);
    struct edge *tops = edges, *bottoms = edges + count;
    for (size_t p = 0; p < count; p++) {
        edge_set(&tops[p], &sheets[p], true);
        edge_set(&bottoms[p], &sheets[p], false);
    }
    mark_edges(tops, count, body);
    mark_edges(bottoms, count, body);
    empty_marked(edges, count * 2);
    drop_empty(sheets, count);
    free(edges);
    return 0;
}
