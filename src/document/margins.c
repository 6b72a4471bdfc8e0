/*
 * Margins: the outermost rows of each page, compared with those of the others. A number at the
 * start or end of such a row, or after the word "page", is the page's own where it differs from the
 * page's index by the same amount as on enough other pages. It then reads as '#'. Rows with the
 * same text at the same height on enough pages are margins. A row is dropped only together with all
 * rows further out.
 */
#include "document/margins.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/hash.h"
#include "base/text.h"

enum {
    EDGE = 4,        /* rows at each end of a page that are looked at */
    ZONE = 16,       /* percent of the page's height in which they are */
    NUMBERS = 3,     /* of a row that may be its page's own */
    CLOSE = 600,     /* hundredths of a point that the same row's height may differ by */
    ROMAN = 1 << 20, /* keeps the offset of a Roman number apart from that of another */
    LONGEST = 400    /* bytes of a row that may repeat */
};

struct number {
    size_t start, end; /* in the row's text */
    int32_t offset;    /* its value less the page's index */
};

/* A row at a page's edge. */
struct mark {
    struct row *row;
    size_t page;
    int edge;       /* 0 top, 1 bottom, 2 beside: turned text */
    int32_t height; /* of the row from its edge */
    struct number numbers[NUMBERS];
    size_t number_count;
    uint64_t text; /* hash of its text, with the page's own number as '#' */
    bool counted;  /* has the page's own number */
    bool bare;     /* and nothing else */
    bool repeats;
    bool first; /* of those that repeat */
    bool dropped;
};

struct margins {
    struct sheet *sheets;
    size_t count;
    struct mark *marks; /* by page, edge, from the outermost inwards */
    size_t mark_count;
};

static int roman_digit(char c)
{
    static const char digits[] = "ivxlc";
    static const int values[] = {1, 5, 10, 50, 100};
    const char *found = c ? strchr(digits, c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c) : NULL;
    return found ? values[found - digits] : 0;
}

/* The value of a word that is a number up to 99,999, and ROMAN more for a Roman one; else -1. */
static int32_t number_of(const char *word, size_t length)
{
    int32_t value = 0;
    if (length == 0 || length > 10)
        return -1;
    if (word[0] >= '0' && word[0] <= '9') {
        for (size_t i = 0; i < length; i++) {
            if (word[i] < '0' || word[i] > '9' || length > 5)
                return -1;
            value = value * 10 + (word[i] - '0');
        }
        return value;
    }
    for (size_t i = 0; i < length; i++) {
        int digit = roman_digit(word[i]);
        if (digit == 0)
            return -1;
        bool before_larger = i + 1 < length && digit < roman_digit(word[i + 1]);
        value += before_larger ? -digit : digit;
    }
    return value + ROMAN;
}

/* Words beside a page's number. */
static bool is_page_word(const char *word, size_t length)
{
    static const char *const words[] = {
        "page",   "p",      "pg",   "pag",  "pages", "seite",  "s",  "página",   "pagina", "pág",
        "strona", "str",    "sida", "side", "sivu",  "стр",    "с",  "страница", "oldal",  "sayfa",
        "blz",    "pagină", "第",   "页",   "頁",    "ページ", "쪽", "of",       "von",    "de",
        "sur",    "di",     "z",    "из",   "/",     "|",      "-",  "–",        "—",      "•"};
    while (length > 1 && strchr(".:,", word[length - 1]))
        length--;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strlen(words[i]) == length) {
            size_t same = 0;
            while (same < length &&
                   (word[same] == words[i][same] || (word[same] >= 'A' && word[same] <= 'Z' &&
                                                     word[same] - 'A' + 'a' == words[i][same])))
                same++;
            if (same == length)
                return true;
        }
    return false;
}

/* Where the next word ends: at a space, and where digits begin or end. */
static size_t end_of_word(const char *text, size_t start, size_t length)
{
    bool digit = text[start] >= '0' && text[start] <= '9';
    size_t end = start;
    while (end < length && text[end] != ' ' && (text[end] >= '0' && text[end] <= '9') == digit)
        end++;
    return end;
}

static void add_number(struct mark *mark, size_t start, size_t end)
{
    int32_t value = number_of(mark->row->text + start, end - start);
    if (value < 0 || mark->number_count == NUMBERS)
        return;
    for (size_t i = 0; i < mark->number_count; i++)
        if (mark->numbers[i].start == start)
            return;
    mark->numbers[mark->number_count++] =
        (struct number){.start = start, .end = end, .offset = value - (int32_t)mark->page};
}

/* Finds the numbers that may be the page's own. */
static void find_numbers(struct mark *mark)
{
    const char *text = mark->row->text;
    size_t length = mark->row->length, last = 0, last_end = 0;
    bool after_page = true; /* the first word of a row counts as if it were after the word "page" */
    for (size_t start = 0; start < length;) {
        if (text[start] == ' ') {
            start++;
            continue;
        }
        size_t end = end_of_word(text, start, length);
        if (after_page)
            add_number(mark, start, end);
        after_page = is_page_word(text + start, end - start);
        last = start;
        last_end = end;
        start = end;
    }
    /* "3 -": marks after the last number do not count. */
    while (last > 0 && is_page_word(text + last, last_end - last)) {
        last_end = last;
        while (last_end > 0 && text[last_end - 1] == ' ')
            last_end--;
        last = last_end;
        while (last > 0 && text[last - 1] != ' ')
            last--;
    }
    if (last_end > last)
        add_number(mark, last, last_end);
}

/* Adds the outermost rows of one edge of a page to the marks. */
static void mark_edge(struct margins *margins, size_t page, int edge)
{
    struct sheet *sheet = &margins->sheets[page];
    struct mark *found = &margins->marks[margins->mark_count];
    size_t count = 0;
    int64_t zone = (int64_t)sheet->height * ZONE / 100;
    uint16_t rotation = sheet->count ? sheet->rows[0].rotation : 0;
    for (size_t i = 0; i < sheet->count; i++) {
        struct row *row = &sheet->rows[i];
        bool beside = row->rotation != rotation;
        int32_t height = edge == 0 ? row->top : edge == 1 ? sheet->height - row->bottom : row->left;
        int32_t reach = edge == 0 ? row->bottom : sheet->height - row->top;
        if (beside != (edge == 2) || (edge < 2 && reach > zone) || row->length > LONGEST)
            continue;
        size_t at = count;
        while (at > 0 && height < found[at - 1].height)
            at--;
        if (at == EDGE)
            continue;
        count += count < EDGE;
        memmove(&found[at + 1], &found[at], (count - 1 - at) * sizeof *found);
        found[at] = (struct mark){.row = row, .page = page, .edge = edge, .height = height};
    }
    for (size_t i = 0; i < count; i++)
        if (edge < 2)
            find_numbers(&found[i]);
    margins->mark_count += count;
}

struct vote {
    int32_t offset;
    size_t page;
};

static int compare_votes(const void *a, const void *b)
{
    const struct vote *left = a, *right = b;
    if (left->offset != right->offset)
        return left->offset < right->offset ? -1 : 1;
    return (left->page > right->page) - (left->page < right->page);
}

/* Drops the numbers whose offset too few pages share, so that only the pages' own stay. */
static int keep_own_numbers(struct margins *margins, struct treadle_error *error)
{
    struct vote *votes = calloc(margins->mark_count * NUMBERS + 1, sizeof *votes);
    if (!votes)
        return error_set_memory(error);
    size_t count = 0, kept = 0;
    for (size_t m = 0; m < margins->mark_count; m++)
        for (size_t n = 0; n < margins->marks[m].number_count; n++)
            votes[count++] =
                (struct vote){margins->marks[m].numbers[n].offset, margins->marks[m].page};
    qsort(votes, count, sizeof *votes, compare_votes);
    /* Of few pages most: two totals may differ by one as well. */
    size_t needed = (margins->count * 6 + 9) / 10;
    needed = needed > 4 ? 4 : needed < 2 ? 2 : needed;
    for (size_t start = 0; start < count;) {
        size_t end = start, pages = 0;
        for (; end < count && votes[end].offset == votes[start].offset; end++)
            pages += end == start || votes[end].page != votes[end - 1].page;
        if (pages >= needed)
            votes[kept++].offset = votes[start].offset;
        start = end;
    }
    for (size_t m = 0; m < margins->mark_count; m++) {
        struct mark *mark = &margins->marks[m];
        size_t own = 0;
        for (size_t n = 0; n < mark->number_count; n++)
            for (size_t v = 0; v < kept; v++)
                if (votes[v].offset == mark->numbers[n].offset) {
                    mark->numbers[own++] = mark->numbers[n];
                    break;
                }
        mark->number_count = own;
    }
    free(votes);
    return 0;
}

/* Hashes the row's text, and checks whether it is a page's number and nothing else. */
static void hash_mark(struct mark *mark)
{
    const struct row *row = mark->row;
    bool words = false;
    mark->text = HASH_START_64;
    mark->counted = mark->number_count > 0;
    for (size_t at = 0; at < row->length;) {
        const struct number *own = NULL;
        for (size_t n = 0; n < mark->number_count && !own; n++)
            own = mark->numbers[n].start == at ? &mark->numbers[n] : NULL;
        if (own) {
            mark->text = hash_step_64(mark->text, '#');
            at = own->end;
            continue;
        }
        size_t end = row->text[at] == ' ' ? at + 1 : end_of_word(row->text, at, row->length);
        bool number = number_of(row->text + at, end - at) >= 0;
        words =
            words || !(row->text[at] == ' ' || number || is_page_word(row->text + at, end - at));
        for (; at < end; at++)
            mark->text = hash_step_64(mark->text, (unsigned char)row->text[at]);
    }
    mark->bare = mark->counted && !words;
}

static int compare_marks(const void *a, const void *b)
{
    const struct mark *left = *(struct mark *const *)a, *right = *(struct mark *const *)b;
    if (left->text != right->text)
        return left->text < right->text ? -1 : 1;
    if (left->edge != right->edge)
        return left->edge - right->edge;
    return (left->page > right->page) - (left->page < right->page);
}

/* Checks whether these marks, of one text at one edge and in the order of their pages, repeat.
 * Those at another height than the first are left for the next call. */
static size_t judge(const struct margins *margins, struct mark **marks, size_t count)
{
    size_t kept = 1, pages = 1, last = marks[0]->page;
    for (size_t i = 1; i < count; i++) {
        int32_t shift = marks[i]->height - marks[0]->height;
        if (shift < -CLOSE || shift > CLOSE)
            continue;
        pages += marks[i]->page != last;
        last = marks[i]->page;
        struct mark *moved = marks[i];
        memmove(&marks[kept + 1], &marks[kept], (i - kept) * sizeof *marks);
        marks[kept++] = moved;
    }
    size_t stretch = last - marks[0]->page + 1;
    size_t needed = marks[0]->counted || margins->count == 2 ? 2 : 3;
    for (size_t i = 0; pages >= needed && pages * 10 >= stretch * 3 && i < kept; i++) {
        marks[i]->repeats = true;
        marks[i]->first = i == 0;
    }
    return kept;
}

static int find_repeated(struct margins *margins, struct treadle_error *error)
{
    struct mark **sorted = calloc(margins->mark_count + 1, sizeof *sorted);
    if (!sorted)
        return error_set_memory(error);
    for (size_t m = 0; m < margins->mark_count; m++)
        sorted[m] = &margins->marks[m];
    qsort(sorted, margins->mark_count, sizeof *sorted, compare_marks);
    for (size_t start = 0; start < margins->mark_count;) {
        size_t end = start;
        while (end < margins->mark_count && sorted[end]->text == sorted[start]->text &&
               sorted[end]->edge == sorted[start]->edge)
            end++;
        /* Few heights are tried, because text at many heights is not a margin. */
        for (int tries = 0; tries < 8 && start < end; tries++)
            start += judge(margins, sorted + start, end - start);
        start = end;
    }
    free(sorted);
    return 0;
}

/* Marks the rows that are dropped; returns how many stay. */
static size_t find_dropped(struct margins *margins, int32_t body)
{
    size_t rows = 0;
    bool open = true;
    for (size_t p = 0; p < margins->count; p++)
        rows += margins->sheets[p].count;
    for (size_t m = 0; m < margins->mark_count; m++) {
        struct mark *mark = &margins->marks[m];
        if (m == 0 || mark->page != mark[-1].page || mark->edge != mark[-1].edge)
            open = true;
        bool tagged = mark->row->artifact && mark->counted;
        bool title = mark->row->size > body + body / 8;
        open = (open || mark->edge == 2) && !title && (mark->repeats || mark->bare || tagged);
        mark->dropped = open && (!mark->first || mark->bare);
        mark->row->margin = open;
        rows -= mark->dropped;
    }
    return rows;
}

static void drop_marked(const struct margins *margins)
{
    for (size_t m = 0; m < margins->mark_count; m++)
        if (margins->marks[m].dropped)
            margins->marks[m].row->length = 0;
    for (size_t p = 0; p < margins->count; p++) {
        struct sheet *sheet = &margins->sheets[p];
        size_t kept = 0;
        for (size_t r = 0; r < sheet->count; r++)
            if (sheet->rows[r].length > 0)
                sheet->rows[kept++] = sheet->rows[r];
        sheet->count = kept;
    }
}

int margins_drop(struct sheet *sheets, size_t count, int32_t body, struct treadle_error *error)
{
    struct margins margins = {.sheets = sheets, .count = count};
    if (count < 2)
        return 0;
    /* One more than there can be, because an edge is sorted in its place. */
    margins.marks = calloc(count * 3 * EDGE + 1, sizeof *margins.marks);
    if (!margins.marks)
        return error_set_memory(error);
    for (size_t p = 0; p < count; p++)
        for (int edge = 0; edge < 3; edge++)
            mark_edge(&margins, p, edge);
    int rc = keep_own_numbers(&margins, error);
    for (size_t m = 0; m < margins.mark_count; m++)
        hash_mark(&margins.marks[m]);
    if (!rc)
        rc = find_repeated(&margins, error);
    if (!rc && find_dropped(&margins, body) > 0)
        drop_marked(&margins);
    free(margins.marks);
    return rc;
}
