/*
 * Rows: lines are folded, then each joins one of the rows before it, or begins one.
 *
 * A line looks for its row among the latest ones only, so that a page of very many lines costs no
 * more than their number. The gap between two columns is found by counting, in narrow strips of
 * the page, the lines that cross them.
 */
#include "document/rows.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/text.h"
#include "document/fold.h"
#include "document/frame.h"

enum {
    LOOK_BACK = 80,     /* rows */
    STRIPS = 100,       /* of a page's width, in the search for columns */
    COLUMN_LINES = 12,  /* fewest lines of a column */
    ROW_BYTES = 1 << 20 /* longest text of a row */
};

/* A line that is folded and has found its row. */
struct piece {
    struct line line;
    size_t row;
    bool leader;
};

struct making {
    struct arena *arena;
    struct piece *pieces;
    size_t piece_count;
    struct row *rows;
    size_t row_count;
    int32_t gutter; /* where the right column begins, 0 for one column */
};

/* Collapses dot leaders (four dots and more with spaces between them, or five) into one space. */
static bool drop_leaders(char *text, size_t *length)
{
    size_t to = 0;
    bool found = false;
    for (size_t from = 0; from < *length;) {
        size_t end = from, dots = 0;
        while (end < *length && (text[end] == '.' || text[end] == ' '))
            dots += text[end++] == '.';
        if (dots >= 5 || (dots == 4 && end - from >= 7)) {
            found = true;
            if (to > 0 && text[to - 1] != ' ' && end < *length)
                text[to++] = ' ';
            from = end;
        } else {
            do
                text[to++] = text[from++];
            while (from < end);
        }
    }
    *length = to;
    return found;
}

static int fold_pieces(struct making *making, const struct page *page, struct treadle_error *error)
{
    struct buffer folded;
    buffer_init(&folded, ROW_BYTES);
    int rc = 0;
    for (size_t i = 0; i < page->count && !rc; i++) {
        struct line line = page->lines[i];
        buffer_reset(&folded);
        rc = fold_line(&folded, line.text, line.length, error);
        if (rc || folded.length == 0)
            continue;
        bool leader = drop_leaders(folded.data, &folded.length);
        line.length = folded.length;
        line.text = arena_copy(making->arena, folded.data, folded.length);
        if (!line.text)
            rc = error_set_memory(error);
        making->pieces[making->piece_count++] = (struct piece){.line = line, .leader = leader};
    }
    buffer_clear(&folded);
    return rc;
}

/* "words, 123", as in an index, whose lines are short. */
static bool is_index_entry(const struct line *line)
{
    size_t start = line->length;
    while (start > 0 && line->text[start - 1] >= '0' && line->text[start - 1] <= '9')
        start--;
    return start < line->length && start > 3 && memcmp(line->text + start - 2, ", ", 2) == 0;
}

/* Finds the gap between two columns: hardly a line crosses it, and on both of its sides there are
 * many lines that are long enough to be running text. */
static int32_t find_gutter(const struct making *making, int32_t width)
{
    int crossing[STRIPS] = {0};
    int strip = width / STRIPS;
    if (strip <= 0)
        return 0;
    for (size_t i = 0; i < making->piece_count; i++) {
        const struct line *line = &making->pieces[i].line;
        int first = line->left / strip, last = line->right / strip;
        for (int s = first < 0 ? 0 : first; s <= last && s < STRIPS; s++)
            crossing[s]++;
    }
    int best = STRIPS * 35 / 100;
    for (int s = best; s < STRIPS * 65 / 100; s++)
        if (crossing[s] < crossing[best])
            best = s;
    int32_t gutter = best * strip + strip / 2;
    size_t left = 0, right = 0;
    for (size_t i = 0; i < making->piece_count; i++) {
        const struct line *line = &making->pieces[i].line;
        bool text = line->right - line->left > width / 4 || is_index_entry(line);
        left += text && line->right <= gutter;
        right += text && line->left >= gutter;
    }
    bool columns =
        left >= COLUMN_LINES && right >= COLUMN_LINES && (size_t)crossing[best] * 10 < left + right;
    return columns ? gutter : 0;
}

static enum row_column column_of(const struct making *making, const struct line *line)
{
    if (making->gutter == 0)
        return ROW_WHOLE;
    if (line->right <= making->gutter)
        return ROW_LEFT;
    return line->left >= making->gutter ? ROW_RIGHT : ROW_WHOLE;
}

/* Whether the line stands beside the row, neither above nor below it nor upon it. */
static bool beside(const struct row *row, const struct line *line)
{
    int32_t low = row->bottom < line->bottom ? row->bottom : line->bottom;
    int32_t high = row->top > line->top ? row->top : line->top;
    int32_t a = row->bottom - row->top, b = line->bottom - line->top;
    int32_t smaller = a < b ? a : b;
    int32_t shift = abs(row->bottom - line->bottom);
    bool apart = line->left >= row->right - 100 || line->right <= row->left + 100;
    return apart && (low - high) * 2 > smaller && shift * 3 < (a > b ? a : b);
}

static void widen(struct row *row, const struct line *line)
{
    row->left = line->left < row->left ? line->left : row->left;
    row->top = line->top < row->top ? line->top : row->top;
    row->right = line->right > row->right ? line->right : row->right;
    row->bottom = line->bottom > row->bottom ? line->bottom : row->bottom;
    if (line->length > row->length) {
        row->size = line->size;
        row->length = line->length;
    }
    row->last_left = line->left > row->last_left ? line->left : row->last_left;
    row->bold = row->bold && (line->style & FRAME_BOLD);
    row->fixed = row->fixed && (line->style & FRAME_FIXED);
    row->pieces++;
}

static void find_row(struct making *making, struct piece *piece)
{
    const struct line *line = &piece->line;
    enum row_column column = column_of(making, line);
    size_t oldest = making->row_count > LOOK_BACK ? making->row_count - LOOK_BACK : 0;
    for (size_t r = making->row_count; r-- > oldest;) {
        struct row *row = &making->rows[r];
        if (row->column != column || !beside(row, line))
            continue;
        widen(row, line);
        row->leader = row->leader || piece->leader;
        piece->row = r;
        return;
    }
    piece->row = making->row_count;
    making->rows[making->row_count++] = (struct row){
        .left = line->left,
        .top = line->top,
        .right = line->right,
        .bottom = line->bottom,
        .size = line->size,
        .bold = line->style & FRAME_BOLD,
        .fixed = line->style & FRAME_FIXED,
        .leader = piece->leader,
        .column = column,
        .pieces = 1,
        .last_left = line->left,
        .length = line->length, /* of its longest piece, until the text is put together */
    };
}

static int compare_pieces(const void *a, const void *b)
{
    const struct piece *left = a, *right = b;
    if (left->row != right->row)
        return left->row < right->row ? -1 : 1;
    return (left->line.left > right->line.left) - (left->line.left < right->line.left);
}

static bool runs_left(const struct piece *pieces, size_t count)
{
    size_t letters = 0, others = 0;
    for (size_t i = 0; i < count; i++)
        for (size_t at = 0; at < pieces[i].line.length;) {
            bool left = fold_runs_left(text_next(pieces[i].line.text, pieces[i].line.length, &at));
            letters += left;
            others += !left;
        }
    return letters > others / 2;
}

/* Puts the texts of a row's pieces together, in the order in which they are read. */
static int join_pieces(struct making *making, struct row *row, const struct piece *pieces,
                       size_t count, struct buffer *joined, struct treadle_error *error)
{
    if (count == 1) {
        row->text = pieces->line.text;
        row->length = pieces->line.length;
        return 0;
    }
    bool backwards = runs_left(pieces, count);
    buffer_reset(joined);
    for (size_t i = 0; i < count; i++) {
        const struct line *line = &pieces[backwards ? count - 1 - i : i].line;
        if (joined->length > 0 && line->length > 0)
            buffer_append_char(joined, ' ');
        buffer_append(joined, line->text, line->length);
    }
    if (joined->failed)
        return error_set(error, TREADLE_ELIMIT, "a line of the document is too long");
    row->length = joined->length;
    row->text = arena_copy(making->arena, joined->data, joined->length);
    return row->text ? 0 : error_set_memory(error);
}

static int fill_rows(struct making *making, struct treadle_error *error)
{
    struct buffer joined;
    buffer_init(&joined, ROW_BYTES);
    qsort(making->pieces, making->piece_count, sizeof *making->pieces, compare_pieces);
    int rc = 0;
    for (size_t start = 0; start < making->piece_count && !rc;) {
        const struct piece *pieces = &making->pieces[start];
        struct row *row = &making->rows[pieces->row];
        rc = join_pieces(making, row, pieces, row->pieces, &joined, error);
        start += row->pieces;
    }
    buffer_clear(&joined);
    return rc;
}

static int compare_rows(const void *a, const void *b)
{
    const struct row *left = a, *right = b;
    if (left->bottom != right->bottom)
        return left->bottom < right->bottom ? -1 : 1;
    return (left->left > right->left) - (left->left < right->left);
}

int rows_make(struct sheet *out, const struct page *page, struct arena *arena,
              struct treadle_error *error)
{
    struct making making = {.arena = arena};
    making.pieces = calloc(page->count + 1, sizeof *making.pieces);
    making.rows = arena_array(arena, page->count, sizeof *making.rows);
    int rc =
        making.pieces && making.rows ? fold_pieces(&making, page, error) : error_set_memory(error);
    if (rc)
        goto done;
    making.gutter = find_gutter(&making, page->width);
    for (size_t i = 0; i < making.piece_count; i++)
        find_row(&making, &making.pieces[i]);
    rc = fill_rows(&making, error);
    if (rc)
        goto done;
    /* The reader takes a list of labels and their texts for two columns; only real ones keep its
     * order. */
    if (making.gutter == 0)
        qsort(making.rows, making.row_count, sizeof *making.rows, compare_rows);
    *out = (struct sheet){.height = page->height, .rows = making.rows, .count = making.row_count};
done:
    free(making.pieces);
    return rc;
}
