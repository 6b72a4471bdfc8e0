/*
 * Outline: an entry names its page. On it, or on the next page where a title comes first there, is
 * a row, or a few that follow each other, with the entry's words. Only letters and digits are
 * compared, because spaces, marks and small capitals differ; the number of a chapter may be in one
 * of the two alone.
 */
#include "document/outline.h"

#include <string.h>

enum {
    LONGEST = 300, /* bytes of a title */
    MOST_ROWS = 4, /* of a title */
    LEVELS = 6,
    FEWEST = 3 /* entries that make an outline */
};

/* Rows that are looked at in all, so that an outline which names a full page thousands of times
 * costs no more. */
static const uint64_t most_looks = 50000000;

/* The letters and digits of a text. */
struct key {
    char bytes[LONGEST];
    size_t length;
};

static bool key_add(struct key *key, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        bool upper = c >= 'A' && c <= 'Z';
        if (!(c >= 0x80 || upper || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')))
            continue;
        if (key->length == LONGEST)
            return false;
        key->bytes[key->length++] = (char)(upper ? c - 'A' + 'a' : c);
    }
    return true;
}

/* The key without the number or the word and number that it begins with: "chapter3", "a1". */
static size_t skip_number(const struct key *key)
{
    static const char *const words[] = {"chapter", "appendix", "section", "part", "kapitel"};
    size_t at = 0, start;
    for (size_t i = 0; i < sizeof words / sizeof *words && at == 0; i++)
        if (key->length > strlen(words[i]) && memcmp(key->bytes, words[i], strlen(words[i])) == 0)
            at = strlen(words[i]);
    start = at;
    while (at < key->length && key->bytes[at] >= '0' && key->bytes[at] <= '9')
        at++;
    return at > start ? at : 0;
}

static bool keys_match(const struct key *a, const struct key *b)
{
    size_t skip_a = skip_number(a), skip_b = skip_number(b);
    if (a->length == b->length && memcmp(a->bytes, b->bytes, a->length) == 0)
        return true;
    if ((skip_a == 0) == (skip_b == 0))
        return false;
    size_t left = a->length - skip_a;
    return left > 2 && left == b->length - skip_b &&
           memcmp(a->bytes + skip_a, b->bytes + skip_b, left) == 0;
}

/* The number of rows from `first` on that are the title; 0 when it does not start there. */
static size_t match_rows(const struct sheet *sheet, size_t first, const struct key *title)
{
    struct key key = {.length = 0};
    for (size_t i = first; i < sheet->count && i < first + MOST_ROWS; i++) {
        const struct row *row = &sheet->rows[i];
        if (row->level || row->margin || row->leader || row->fixed || row->table ||
            !key_add(&key, row->text, row->length))
            return 0;
        if (keys_match(&key, title))
            return i - first + 1;
        if (key.length > title->length + 12)
            return 0;
    }
    return 0;
}

static bool mark_title(struct sheet *sheet, const struct key *title, int level)
{
    for (size_t i = 0; i < sheet->count; i++) {
        size_t rows = match_rows(sheet, i, title);
        for (size_t r = 0; r < rows; r++) {
            sheet->rows[i + r].level = level;
            sheet->rows[i + r].goes_on = r > 0;
        }
        if (rows)
            return true;
    }
    return false;
}

bool outline_mark(struct sheaf *sheaf)
{
    uint64_t looks = 0;
    size_t found = 0;
    for (size_t e = 0; e < sheaf->entry_count; e++) {
        const struct entry *entry = &sheaf->entries[e];
        struct key title = {.length = 0};
        int level = entry->depth < LEVELS ? entry->depth : LEVELS;
        if (!key_add(&title, entry->title, strlen(entry->title)) || title.length == 0)
            continue;
        size_t last = entry->page + 1 < sheaf->count ? entry->page + 1 : entry->page;
        bool marked = false;
        for (size_t page = entry->page; page <= last && !marked && looks < most_looks; page++) {
            looks += sheaf->sheets[page].count;
            marked = mark_title(&sheaf->sheets[page], &title, level);
        }
        found += marked;
    }
    return found >= FEWEST && found * 2 > sheaf->entry_count;
}
