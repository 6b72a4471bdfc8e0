/*
 * Assembling: margins are dropped, headings found, and the rest joined into paragraphs. A row
 * continues the paragraph before it unless something speaks against it: a gap, another size, the
 * mark of a list item, or a previous row that ends early. What is laid out by hand (code, the rows
 * of a table, a table of contents) stays one block for each row, so that a quote of it reads as it
 * was set. A paragraph ends with its page, because a block has one page.
 */
#include "document/assemble.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "document/cells.h"
#include "document/fold.h"
#include "document/hyphens.h"
#include "document/margins.h"
#include "document/outline.h"
#include "document/rows.h"
#include "document/style.h"

enum {
    ALIGNED = 200, /* hundredths of a point within which two edges are one */
    LONGEST_ADDRESS = 300,
    FEWEST_TAGGED = 2, /* rows of headings that show that tags name them */
    CELL_HEIGHT = 8000 /* hundredths of a point: of a table's row, at most */
};

struct assembling {
    struct blocks *blocks;
    struct sheet *sheets;
    size_t count;
    struct style style;
    struct hyphens hyphens;
    const struct sheet *sheet; /* the current page */
    int page;
    const struct row *first, *last;   /* of the block that is being made */
    int level;                        /* of a heading that is being made, 0 for a paragraph */
    bool tagged;                      /* tags say what most headings are */
    bool outlined;                    /* most headings are listed by the document itself */
    int above;                        /* the level of the last of these */
    int32_t right;                    /* how wide the paragraph is that is being made */
    const char *header, *kept_header; /* of the current table: the sheaf's and the blocks' */
};

static bool ends_sentence(const struct row *row)
{
    static const char *const ends[] = {".", "!", "?", ":", ";", "。", "！", "？", "：", "؟", "।"};
    size_t length = row->length;
    while (length > 0 && strchr(")\"'", row->text[length - 1]))
        length--;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        size_t size = strlen(ends[i]);
        if (length >= size && memcmp(row->text + length - size, ends[i], size) == 0)
            return true;
    }
    return false;
}

/* Whether the row begins with the mark of an item: a bullet, "(a)", "12." or "3)". */
static bool begins_item(const struct row *row, bool *certain)
{
    static const uint32_t bullets[] = {0x2022, 0x2023, 0x25E6, 0x25AA, 0x25CF, 0x25CB, 0x25A0,
                                       0x2217, 0x2219, 0x00B7, 0x2013, 0x2043, '*'};
    size_t next = 0;
    uint32_t first = row->length ? text_next(row->text, row->length, &next) : 0;
    bool spaced = next < row->length && row->text[next] == ' ';
    *certain = true;
    for (size_t i = 0; i < sizeof bullets / sizeof *bullets; i++)
        if (first == bullets[i])
            return spaced;
    *certain = false;
    size_t i = row->length > 0 && row->text[0] == '(';
    size_t start = i;
    while (i < row->length && i < start + 3 &&
           ((row->text[i] >= '0' && row->text[i] <= '9') ||
            (i == start && row->text[i] >= 'a' && row->text[i] <= 'z')))
        i++;
    return i > start && i + 1 < row->length && (row->text[i] == '.' || row->text[i] == ')') &&
           row->text[i + 1] == ' ';
}

/* Whether the previous row ends so early that the first word of this one would have fitted. */
static bool ends_early(const struct assembling *assembling, const struct row *row)
{
    const struct row *before = assembling->last;
    int32_t edge = before->edge;
    /* Rows that end together show an edge of their own. */
    if (assembling->first != before && assembling->right < edge - ALIGNED)
        edge = assembling->right;
    if (abs(before->right - row->right) < ALIGNED && before->right - before->left > 20 * row->size)
        return false;
    const char *space = memchr(row->text, ' ', row->length);
    size_t bytes = space ? (size_t)(space - row->text) : row->length;
    size_t next = 0;
    if (fold_is_ideographic(text_next(row->text, row->length, &next)))
        bytes = next;
    int64_t width = (int64_t)(row->right - row->left) * (int64_t)bytes / (int64_t)row->length;
    return edge - before->right > width + row->size / 2;
}

static bool similar_size(int32_t a, int32_t b)
{
    return abs(a - b) * 12 <= (a > b ? a : b);
}

/* Whether the row is set as part of a table or a list of labels. */
static bool in_cells(const struct row *row)
{
    return row->cell_count > 1;
}

/* Whether the row continues a row of cells: it is below the last cell. */
static bool below_cell(const struct row *before, const struct row *row)
{
    return in_cells(before) && !in_cells(row) && abs(row->left - before->last_left) < ALIGNED;
}

/* Whether the indent marks a new paragraph. */
static bool indent_parts(const struct assembling *assembling, const struct row *row)
{
    const struct row *before = assembling->last;
    int32_t indent = row->left - before->left, em = row->size;
    bool ended = ends_sentence(before) || ends_early(assembling, row);
    if (indent > em * 6 / 10)
        return ended && !in_cells(before);
    /* Back from the indent of a first row, or out of a list or quote. */
    if (indent < -em * 6 / 10)
        return assembling->first != before || ends_early(assembling, row);
    return false;
}

/* Whether the row begins the next cell of a table's row: beside a short text, at the height of its
 * first line. */
static bool begins_cell(const struct assembling *assembling, const struct row *row)
{
    const struct row *first = assembling->first, *before = assembling->last;
    return row->rotation == first->rotation && row->bottom <= before->bottom &&
           row->left >= before->left + 2 * row->size && abs(row->top - first->top) <= ALIGNED &&
           before->bottom - first->top <= CELL_HEIGHT;
}

static bool starts_paragraph(const struct assembling *assembling, const struct row *row)
{
    const struct row *before = assembling->last;
    bool certain = false;
    int32_t step = row->bottom - before->bottom, em = row->size;
    if (assembling->level || !similar_size(row->size, before->size) || row->leader ||
        before->leader || row->margin || before->margin)
        return true;
    /* Some writers tag the pieces of a paragraph apart that stand in two columns. */
    if (row->part && before->part && row->part != before->part &&
        (step > 0 || !row->tagged_text || !before->tagged_text))
        return true;
    if (row->part && row->part == before->part && !row->fixed)
        return step > 0 && ends_early(assembling, row);
    if (begins_cell(assembling, row))
        return true;
    if (step <= 0 || row->rotation != before->rotation)
        return ends_sentence(before) || ends_early(assembling, row) || row->fixed;
    if ((int64_t)step * 100 > (int64_t)row->size * assembling->style.pitch * 130 / 100)
        return true;
    if (below_cell(before, row))
        return false;
    if (in_cells(row) || (in_cells(before) && row->left <= before->left + ALIGNED))
        return true;
    if (row->fixed && before->fixed)
        return true;
    bool early = ends_early(assembling, row);
    if (begins_item(row, &certain) && (certain || early || ends_sentence(before)))
        return true;
    bool other_font = row->fixed != before->fixed;
    if (early || (other_font && (ends_sentence(before) || abs(row->left - before->left) > em / 2)))
        return true;
    return indent_parts(assembling, row);
}

/* Whether a row continues the heading that is being made. */
static bool continues_heading(const struct assembling *assembling, const struct row *row, int level)
{
    const struct row *before = assembling->last;
    int32_t step = row->bottom - before->bottom;
    return assembling->level && before->size == row->size && before->bold == row->bold &&
           step > 0 && (int64_t)step * 100 < (int64_t)row->size * 160 &&
           level >= assembling->level && !ends_early(assembling, row);
}

static enum document_block_kind kind_of(const struct assembling *assembling)
{
    const struct row *row = assembling->first;
    if (assembling->level)
        return DOCUMENT_HEADING;
    if (row && row->table)
        return DOCUMENT_ROW;
    return row && row->fixed ? DOCUMENT_CODE : DOCUMENT_PARAGRAPH;
}

static int end_block(struct assembling *assembling, struct treadle_error *error)
{
    enum document_block_kind kind = kind_of(assembling);
    int level = assembling->level;
    assembling->first = assembling->last = NULL;
    assembling->level = 0;
    return blocks_add(assembling->blocks, kind, level, assembling->page, error);
}

/* Whether the last word is an address that was split after a slash. */
static bool ends_in_address(const struct buffer *text)
{
    size_t start = text->length > LONGEST_ADDRESS ? text->length - LONGEST_ADDRESS : 0;
    const char *from = text->data + start;
    const char *space = memrchr(from, ' ', text->length - start);
    return text->data[text->length - 1] == '/' && strstr(space ? space : from, "://");
}

static bool joins_closely(const struct buffer *text, const struct row *row)
{
    if (ends_in_address(text))
        return true;
    size_t start = text_cut(text->data, text->length - 1), next = 0;
    return fold_is_ideographic(text_next(text->data, text->length, &start)) &&
           fold_is_ideographic(text_next(row->text, row->length, &next));
}

/* Appends the row's text. */
static void append_row(struct assembling *assembling, const struct row *row)
{
    struct buffer *text = &assembling->blocks->text;
    size_t cut = 0;
    blocks_place(assembling->blocks, &row->place);
    if (text->length > 0 && hyphens_ends(text->data, text->length, &cut)) {
        bool soft = cut + 1 < text->length;
        if (soft || !hyphens_keep(&assembling->hyphens, text->data, cut, row->text, row->length)) {
            text->length = cut;
            text->data[cut] = '\0';
        }
    } else if (text->length > 0 && !joins_closely(text, row)) {
        buffer_append_char(text, ' ');
    }
    buffer_append(text, row->text, row->length);
}

/* The rows of a table share one copy of its head. */
static int set_header(struct assembling *assembling, const char *header,
                      struct treadle_error *error)
{
    if (header != assembling->header) {
        assembling->header = header;
        assembling->kept_header = arena_string(assembling->blocks->arena, header);
        if (!assembling->kept_header)
            return error_set_memory(error);
    }
    assembling->blocks->header = assembling->kept_header;
    return 0;
}

/* The level of a row that is a heading. Where the document lists its headings, others are below the
 * last listed one. */
static int find_level(struct assembling *assembling, size_t index)
{
    const struct row *row = &assembling->sheet->rows[index];
    if (row->level) {
        assembling->above = row->level;
        return row->level;
    }
    if (row->tag_level)
        return row->tag_level;
    if (row->tagged_row || (assembling->tagged && row->tagged_text))
        return 0;
    int level = style_heading(&assembling->style, assembling->sheet, index);
    if (level == 0 || !assembling->outlined || level > assembling->above)
        return level;
    return assembling->above < STYLE_LEVELS ? assembling->above + 1 : STYLE_LEVELS;
}

static int add_row(struct assembling *assembling, size_t index, struct treadle_error *error)
{
    const struct row *row = &assembling->sheet->rows[index];
    int level = find_level(assembling, index);
    bool starts = true;
    if (assembling->last && row->level)
        starts = !row->goes_on;
    else if (assembling->last && row->part && row->tag_level)
        starts = row->part != assembling->last->part;
    else if (assembling->last && level)
        starts = !continues_heading(assembling, row, level);
    else if (assembling->last)
        starts = starts_paragraph(assembling, row);
    if (starts) {
        int rc = end_block(assembling, error);
        if (rc)
            return rc;
        assembling->first = row;
        assembling->level = level;
        assembling->right = row->right;
    }
    if (level)
        assembling->level = level;
    if (row->header) {
        int rc = set_header(assembling, row->header, error);
        if (rc)
            return rc;
    }
    append_row(assembling, row);
    assembling->last = row;
    assembling->right = row->right > assembling->right ? row->right : assembling->right;
    return 0;
}

static int assemble_sheet(struct assembling *assembling, size_t index, struct treadle_error *error)
{
    assembling->sheet = &assembling->sheets[index];
    assembling->page = (int)index + 1;
    size_t first = assembling->blocks->list.length / sizeof(struct document_block);
    int rc = 0;
    for (size_t r = 0; r < assembling->sheet->count && !rc; r++)
        rc = add_row(assembling, r, error);
    if (!rc)
        rc = end_block(assembling, error);
    return rc ? rc : cells_join(assembling->blocks, first, error);
}

/* Whether the document's tags name headings, so that no other text is one. */
static bool names_headings(const struct assembling *assembling)
{
    size_t found = 0;
    for (size_t p = 0; p < assembling->count && found < FEWEST_TAGGED; p++)
        for (size_t r = 0; r < assembling->sheets[p].count; r++)
            found += assembling->sheets[p].rows[r].tag_level > 0;
    return found >= FEWEST_TAGGED;
}

static int learn_hyphens(struct assembling *assembling, struct treadle_error *error)
{
    int rc = 0;
    for (size_t p = 0; p < assembling->count && !rc; p++)
        for (size_t r = 0; r < assembling->sheets[p].count && !rc; r++) {
            const struct row *row = &assembling->sheets[p].rows[r];
            rc = hyphens_learn(&assembling->hyphens, row->text, row->length, error);
        }
    return rc;
}

int assemble_blocks(struct blocks *blocks, struct sheaf *sheaf, struct treadle_error *error)
{
    struct assembling assembling = {
        .blocks = blocks, .sheets = sheaf->sheets, .count = sheaf->count};
    style_learn(&assembling.style, assembling.sheets, sheaf->count);
    int rc = margins_drop(assembling.sheets, sheaf->count, assembling.style.body, error);
    if (!rc)
        assembling.outlined = outline_mark(sheaf);
    assembling.tagged = names_headings(&assembling);
    if (!rc)
        rc = learn_hyphens(&assembling, error);
    for (size_t p = 0; p < sheaf->count && !rc; p++)
        rc = assemble_sheet(&assembling, p, error);
    hyphens_clear(&assembling.hyphens);
    return rc;
}
