/*
 * Style: the commonest size is the running text's; larger sizes rank the headings, and a number
 * such as 7.2.1 says a heading's level by itself.
 */
#include "document/style.h"

#include <string.h>

#include "base/text.h"

enum {
    LONGEST_HEADING = 200, /* bytes */
    PITCHES = 300,         /* percent */
    NEAR_PITCH = 3,
    LARGER = 112, /* percent of the body from which size alone makes a heading */
    FEWEST = 2    /* headings that make a size a rank of its own */
};

static int half_points(int32_t size)
{
    int halves = (size + 25) / 50;
    return halves < 0 ? 0 : halves >= STYLE_SIZES ? STYLE_SIZES - 1 : halves;
}

static void learn_body(struct style *style, const struct sheet *sheets, size_t count)
{
    uint64_t bytes[STYLE_SIZES] = {0};
    for (size_t p = 0; p < count; p++)
        for (size_t r = 0; r < sheets[p].count; r++)
            bytes[half_points(sheets[p].rows[r].size)] += sheets[p].rows[r].length;
    int best = 0;
    for (int i = 1; i < STYLE_SIZES; i++)
        if (bytes[i] > bytes[best])
            best = i;
    style->body = best * 50;
}

static void learn_pitch(struct style *style, const struct sheet *sheets, size_t count)
{
    size_t found[PITCHES] = {0};
    for (size_t p = 0; p < count; p++)
        for (size_t r = 1; r < sheets[p].count; r++) {
            const struct row *row = &sheets[p].rows[r], *before = row - 1;
            int64_t percent =
                row->size ? ((int64_t)row->bottom - before->bottom) * 100 / row->size : 0;
            if (half_points(row->size) * 50 == style->body && row->size == before->size &&
                percent >= 80 && percent < PITCHES)
                found[percent]++;
        }
    /* Lines of a scan are not all equally far apart. */
    size_t most = 0;
    style->pitch = 120;
    for (int i = NEAR_PITCH; i < PITCHES - NEAR_PITCH; i++) {
        size_t near = 0;
        for (int j = -NEAR_PITCH; j <= NEAR_PITCH; j++)
            near += found[i + j] * (size_t)(j == 0 ? 3 : 2);
        if (near > most) {
            most = near;
            style->pitch = i;
        }
    }
}

/* The number of levels in a number at the row's start ("3" 1, "3.2" 2, "A.1" 2), or 0. */
static int numbering(const struct row *row)
{
    const char *text = row->text;
    size_t i = 0;
    int levels = 0;
    if (row->length > 2 && text[0] >= 'A' && text[0] <= 'Z' && text[1] == '.') {
        levels = 1;
        i = 2;
    }
    while (i < row->length && text[i] >= '0' && text[i] <= '9') {
        size_t start = i;
        while (i < row->length && text[i] >= '0' && text[i] <= '9')
            i++;
        if (i - start > 3)
            return 0;
        levels++;
        if (i >= row->length || text[i] != '.')
            break;
        i++;
    }
    return levels && i < row->length && text[i] == ' ' ? levels : 0;
}

static bool has_letter(const struct row *row)
{
    for (size_t i = 0; i < row->length; i++) {
        unsigned char c = (unsigned char)row->text[i];
        if (c >= 0x80 || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
            return true;
    }
    return false;
}

/* Whether it is a line of a table of contents: a number, words, and apart from them the page. */
static bool is_entry(const struct row *row)
{
    size_t start = row->length;
    while (start > 0 && row->text[start - 1] >= '0' && row->text[start - 1] <= '9')
        start--;
    return row->leader || (row->cell_count > 1 && start < row->length && start > 0 &&
                           row->text[start - 1] == ' ' && numbering(row));
}

static bool may_head(const struct row *row)
{
    return !row->fixed && !row->margin && row->length <= LONGEST_HEADING && !is_entry(row) &&
           has_letter(row);
}

static bool is_larger(const struct style *style, const struct row *row)
{
    return (int64_t)row->size * 100 >= (int64_t)style->body * LARGER;
}

/* The step from one row to the one below it in percent of what it is within a paragraph; a large
 * number where the page or column begins or ends. */
static int64_t step_between(const struct style *style, const struct row *above,
                            const struct row *below)
{
    int64_t usual = (int64_t)style->pitch * style->body / 100;
    if (!above || !below || usual <= 0 || below->top < above->top)
        return 10000;
    return ((int64_t)below->bottom - above->bottom) * 100 / usual;
}

static bool ends_clause(const struct row *row)
{
    return strchr(".,;:", row->text[row->length - 1]) != NULL;
}

/* Whether a bold row is on its own: with space above it, and not part of a bold passage or
 * table. */
static bool stands_alone(const struct style *style, const struct sheet *sheet, size_t index)
{
    const struct row *row = &sheet->rows[index];
    const struct row *before = index > 0 ? row - 1 : NULL;
    const struct row *after = index + 1 < sheet->count ? row + 1 : NULL;
    if (ends_clause(row) || (row->cell_count > 1 && !numbering(row)) || row->cell_count > 2)
        return false;
    if (after && after->bold && !is_larger(style, after) && step_between(style, row, after) < 125)
        return false;
    return (before && is_larger(style, before)) || step_between(style, before, row) > 111;
}

/* Whether a row is a title by the space around it alone: a line by itself, much space above and
 * below, and then a bold heading. Manuals set the names of their entries so. */
static bool is_set_apart(const struct style *style, const struct sheet *sheet, size_t index)
{
    const struct row *row = &sheet->rows[index];
    const struct row *before = index > 0 ? row - 1 : NULL;
    const struct row *after = index + 1 < sheet->count ? row + 1 : NULL;
    return after && after->bold && may_head(after) && after->cell_count == 1 &&
           row->cell_count <= 3 && row->length <= LONGEST_HEADING / 2 && !ends_clause(row) &&
           step_between(style, before, row) > 220 && step_between(style, row, after) > 220 &&
           step_between(style, row, after) < 10000;
}

static void learn_ranks(struct style *style, const struct sheet *sheets, size_t count)
{
    size_t found[STYLE_SIZES] = {0};
    for (size_t p = 0; p < count; p++)
        for (size_t r = 0; r < sheets[p].count; r++) {
            const struct row *row = &sheets[p].rows[r];
            if (may_head(row) && is_larger(style, row))
                found[half_points(row->size)]++;
        }
    int level = 1;
    for (int i = STYLE_SIZES - 1; i >= 0; i--) {
        style->ranks[i] = level;
        if (found[i] >= FEWEST && level < STYLE_LEVELS)
            level++;
    }
}

void style_learn(struct style *style, const struct sheet *sheets, size_t count)
{
    *style = (struct style){.body = 0};
    learn_body(style, sheets, count);
    learn_pitch(style, sheets, count);
    learn_ranks(style, sheets, count);
}

int style_heading(const struct style *style, const struct sheet *sheet, size_t index)
{
    const struct row *row = &sheet->rows[index];
    int rank = style->ranks[half_points(row->size)];
    if (row->margin || is_entry(row) || row->length > LONGEST_HEADING || !has_letter(row))
        return 0;
    if (!row->bold && !is_larger(style, row) && is_set_apart(style, sheet, index))
        return rank > 1 ? rank - 1 : 1;
    if (row->fixed || (!is_larger(style, row) && !(row->bold && stands_alone(style, sheet, index))))
        return 0;
    int levels = numbering(row);
    if (levels == 0 || (levels == 1 && !is_larger(style, row)))
        return rank;
    return levels > STYLE_LEVELS ? STYLE_LEVELS : levels;
}
