/*
 * Rows: each direction of the page's text is made into segments, these are put into the order of
 * reading, and those that follow each other on one line become the cells of a row.
 */
#include "document/rows.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/text.h"
#include "document/fold.h"
#include "document/frame.h"
#include "document/order.h"
#include "document/segment.h"
#include "document/table.h"
#include "document/tagged.h"
#include "document/turn.h"

enum {
    SIZES = 400, /* half points */
    MOST_BLANKS = 60,
    ROW_BYTES = 1 << 20 /* longest text of a row */
};

struct making {
    struct arena *arena; /* of the document */
    struct arena *scratch;
    struct row *rows;
    size_t count;
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

static int32_t common_size(const struct segment *segments, size_t count)
{
    uint64_t letters[SIZES] = {0};
    int best = 0;
    for (size_t i = 0; i < count; i++) {
        int halves = (segments[i].size + 25) / 50;
        letters[halves < SIZES ? halves : SIZES - 1] += segments[i].letters;
    }
    for (int i = 1; i < SIZES; i++)
        if (letters[i] > letters[best])
            best = i;
    return best ? best * 50 : 50;
}

static bool runs_leftward(const struct segment *segments, size_t count)
{
    uint64_t letters = 0, leftward = 0;
    for (size_t i = 0; i < count; i++) {
        letters += segments[i].letters;
        leftward += segments[i].leftward;
    }
    return leftward * 2 > letters;
}

static int compare_cells(const void *a, const void *b)
{
    const struct cell *left = a, *right = b;
    return (left->left > right->left) - (left->left < right->left);
}

static int compare_cells_leftward(const void *a, const void *b)
{
    return compare_cells(b, a);
}

/* Whether the segment is on the row's line, clear of what is there. */
static bool belongs(const struct row *row, const struct segment *last, const struct segment *next)
{
    int32_t slack = last->size * 3 / 10;
    return segments_level(last, next) &&
           (next->left >= row->right - slack || next->right <= row->left + slack);
}

static void widen(struct row *row, const struct segment *segment, uint32_t *most, bool first)
{
    row->left = first || segment->left < row->left ? segment->left : row->left;
    row->top = first || segment->top < row->top ? segment->top : row->top;
    row->right = first || segment->right > row->right ? segment->right : row->right;
    row->bottom = first || segment->bottom > row->bottom ? segment->bottom : row->bottom;
    if (first || segment->letters > *most) {
        row->size = segment->size;
        *most = segment->letters;
    }
    row->bold = (first || row->bold) && segment->bold * 10 >= segment->letters * 9;
    row->artifact = (first || row->artifact) && segment->artifact;
    bool same = first || (segment->pitch &&
                          labs((long)segment->pitch - row->pitch) * 100 <= (long)row->pitch * 3);
    row->pitch = !same ? 0 : first ? segment->pitch : row->pitch;
}

/* Whether tags say that a row of several cells begins here; one of a single cell only sets text
 * apart. */
static bool begins_cells(const struct order *order, size_t start)
{
    const struct segment *first = &order->segments[order->sequence[start]];
    for (size_t i = start + 1; first->row && i < order->count; i++) {
        const struct segment *next = &order->segments[order->sequence[i]];
        if (next->row != first->row)
            return false;
        if (next->part != first->part)
            return true;
    }
    return false;
}

/* Notes what tags say of a row that is made of these segments. */
static void set_tags(struct row *row, const struct order *order, size_t start, size_t count)
{
    const struct segment *first = &order->segments[order->sequence[start]];
    row->table = row->head = row->tagged_row;
    row->part = row->tagged_row ? first->row : first->part;
    if (first->role > FRAME_ROLE_HEADING)
        row->tag_level = (int)(first->role - FRAME_ROLE_HEADING);
    row->tagged_text = first->role == FRAME_ROLE_TEXT || first->role == FRAME_ROLE_ITEM;
    for (size_t i = 0; i < count && row->head; i++)
        row->head = order->segments[order->sequence[start + i]].role == FRAME_ROLE_HEAD_CELL;
}

/* Puts a further line of a cell to what it has. */
static int join_cell(struct making *making, struct cell *cell, const struct segment *segment,
                     struct treadle_error *error)
{
    size_t length = cell->length + 1 + segment->length;
    char *text = length < ROW_BYTES ? arena_array(making->scratch, length + 1, 1) : NULL;
    if (!text)
        return error_set_memory(error);
    memcpy(text, cell->text, cell->length);
    text[cell->length] = ' ';
    memcpy(text + cell->length + 1, segment->text, segment->length);
    cell->text = text;
    cell->length = length;
    cell->left = segment->left < cell->left ? segment->left : cell->left;
    cell->right = segment->right > cell->right ? segment->right : cell->right;
    return 0;
}

/* Makes a row of the segments from `start` on that are on one line; returns their number. */
static int make_row(struct making *making, const struct order *order, size_t start, size_t *taken,
                    struct treadle_error *error)
{
    struct row row = {.tagged_row = begins_cells(order, start)};
    uint32_t most = 0;
    size_t count = 0, letters = 0, leftward = 0, typewriter = 0;
    bool slim = false, broad = false;
    const struct segment *last = NULL;
    while (start + count < order->count) {
        const struct segment *next = &order->segments[order->sequence[start + count]];
        if (last && (row.tagged_row ? last->row != next->row
                                    : last->part != next->part || !belongs(&row, last, next)))
            break;
        widen(&row, next, &most, !last);
        letters += next->letters;
        leftward += next->leftward;
        typewriter += next->typewriter;
        slim = slim || next->slim;
        broad = broad || next->broad;
        last = next;
        count++;
    }
    struct cell *cells = arena_array(making->scratch, count, sizeof *cells);
    uint32_t last_part = 0;
    if (!cells)
        return error_set_memory(error);
    set_tags(&row, order, start, count);
    for (size_t i = 0; i < count; i++) {
        const struct segment *segment = &order->segments[order->sequence[start + i]];
        struct cell *cell = &cells[row.cell_count];
        if (i > 0 && row.tagged_row && row.cell_count > 0 && segment[0].part == last_part) {
            int rc = join_cell(making, cell - 1, segment, error);
            if (rc)
                return rc;
            continue;
        }
        last_part = segment->part;
        *cell = (struct cell){.left = segment->left,
                              .right = segment->right,
                              .pitch = segment->pitch,
                              .length = segment->length};
        char *text = arena_copy(making->scratch, segment->text, segment->length);
        if (!text)
            return error_set_memory(error);
        row.leader = drop_leaders(text, &cell->length) || row.leader;
        cell->text = text;
        row.cell_count += cell->length > 0;
    }
    row.leftward = leftward * 2 > letters;
    qsort(cells, row.cell_count, sizeof *cells,
          row.leftward ? compare_cells_leftward : compare_cells);
    row.fixed = !row.tagged_row && row.pitch > 0 &&
                (typewriter * 10 >= letters * 9 || (slim && broad && letters >= 4));
    row.cells = cells;
    row.last_left = row.cell_count ? cells[row.cell_count - 1].left : row.left;
    *taken = count;
    if (row.cell_count > 0)
        making->rows[making->count++] = row;
    return 0;
}

static bool same_pitch(const struct row *a, const struct row *b)
{
    return a->pitch > 0 && labs((long)a->pitch - b->pitch) * 100 <= (long)b->pitch * 3;
}

/* A row too short to show its font, such as the brace that ends a block, has that of its
 * neighbour. */
static void spread_fixed(struct row *rows, size_t count)
{
    for (size_t i = 1; i < count; i++)
        rows[i].fixed = rows[i].fixed || (rows[i - 1].fixed && same_pitch(&rows[i], &rows[i - 1]));
    for (size_t i = count; i-- > 1;)
        rows[i - 1].fixed =
            rows[i - 1].fixed || (rows[i].fixed && same_pitch(&rows[i - 1], &rows[i]));
}

static size_t count_blanks(int64_t width, int32_t pitch)
{
    int64_t blanks = pitch > 0 ? (width + pitch / 2) / pitch : 0;
    return blanks < 0 ? 0 : blanks > MOST_BLANKS ? MOST_BLANKS : (size_t)blanks;
}

/* Joins the texts of a row's cells; `margin` is where rows of its kind begin. */
static int join_cells(struct making *making, struct row *row, int32_t margin, struct buffer *joined,
                      struct treadle_error *error)
{
    buffer_reset(joined);
    for (size_t i = row->fixed ? count_blanks((int64_t)row->left - margin, row->pitch) : 0; i > 0;
         i--)
        buffer_append_char(joined, ' ');
    for (size_t c = 0; c < row->cell_count; c++) {
        const struct cell *cell = &row->cells[c];
        size_t blanks = c > 0;
        if (c > 0 && row->fixed)
            blanks = count_blanks((int64_t)cell->left - cell[-1].right, row->pitch);
        for (size_t i = 0; i < blanks || (c > 0 && i == 0); i++)
            buffer_append_char(joined, ' ');
        buffer_append(joined, cell->text, cell->length);
    }
    if (joined->failed)
        return buffer_error(joined, FOLD_TOO_LONG, error);
    row->length = joined->length;
    row->text = arena_copy(making->arena, joined->data, joined->length);
    return row->text ? 0 : error_set_memory(error);
}

/* Gives the rows from `first` on their texts, with the indents of those that follow each other in a
 * typewriter's font. */
static int fill_rows(struct making *making, size_t first, struct treadle_error *error)
{
    struct buffer joined;
    buffer_init(&joined, ROW_BYTES);
    int rc = 0;
    for (size_t start = first; start < making->count && !rc;) {
        size_t end = start + 1;
        int32_t margin = making->rows[start].left;
        while (end < making->count && making->rows[end].fixed && making->rows[end - 1].fixed &&
               same_pitch(&making->rows[end], &making->rows[end - 1])) {
            if (making->rows[end].left < margin)
                margin = making->rows[end].left;
            end++;
        }
        for (; start < end && !rc; start++)
            rc = join_cells(making, &making->rows[start], margin, &joined, error);
    }
    buffer_clear(&joined);
    return rc;
}

static int compare_edges(const void *a, const void *b)
{
    int32_t left = *(const int32_t *)a, right = *(const int32_t *)b;
    return (left > right) - (left < right);
}

/* Whether the row is below the one before it, in the same column. */
static bool goes_down(const struct row *before, const struct row *row)
{
    return row->bottom > before->bottom && row->left < before->right && before->left < row->right;
}

/* Finds how far the text of each column runs: the edge that all but a few rows keep within. */
static int find_edges(struct row *rows, size_t count, struct treadle_error *error)
{
    int32_t *edges = calloc(count + 1, sizeof *edges);
    if (!edges)
        return error_set_memory(error);
    for (size_t start = 0; start < count;) {
        size_t end = start + 1;
        while (end < count && goes_down(&rows[end - 1], &rows[end]))
            end++;
        for (size_t i = start; i < end; i++)
            edges[i - start] = rows[i].right;
        qsort(edges, end - start, sizeof *edges, compare_edges);
        int32_t edge = edges[(end - start - 1) * 95 / 100];
        for (; start < end; start++)
            rows[start].edge = edge;
    }
    free(edges);
    return 0;
}

/* Makes segments and finds their order, by tags where these are good and agree with it. */
static int arrange(struct order *order, struct word *words, size_t count,
                   struct treadle_error *error)
{
    bool tagged = tagged_is_good(words, count);
    for (;;) {
        struct segment *segments = NULL;
        for (size_t i = 0; i < count && !tagged; i++)
            words[i].part = words[i].row = words[i].role = 0;
        int rc = segments_make(&segments, &order->count, words, count, order->arena, error);
        if (rc)
            return rc;
        order->segments = segments;
        order->em = common_size(segments, order->count);
        order->leftward = runs_leftward(segments, order->count);
        rc = order_find(order, error);
        if (rc || !tagged || tagged_gather(order))
            return rc;
        tagged = false;
    }
}

/* Appends the rows of text that runs in one direction. */
static int add_direction(struct making *making, const struct turned *turned,
                         struct treadle_error *error)
{
    struct order order = {.arena = making->scratch};
    size_t first = making->count;
    int rc = arrange(&order, turned->page.words, turned->page.count, error);
    for (size_t at = 0, taken = 0; at < order.count && !rc; at += taken)
        rc = make_row(making, &order, at, &taken, error);
    if (rc)
        return rc;
    struct row *rows = making->rows + first;
    size_t count = making->count - first;
    for (size_t i = 0; i < count; i++)
        rows[i].rotation = turned->rotation;
    spread_fixed(rows, count);
    rc = table_fill(rows, count, making->scratch, error);
    if (!rc)
        rc = find_edges(rows, count, error);
    if (!rc)
        rc = fill_rows(making, first, error);
    if (!rc)
        table_name(rows, count);
    return rc;
}

int rows_make(struct sheet *out, const struct page *page, struct arena *arena,
              struct treadle_error *error)
{
    struct turned turned[TURNS];
    struct making making = {.arena = arena};
    int rc = turn_page(turned, page, error);
    if (rc)
        return rc;
    making.scratch = arena_new((size_t)512 << 20);
    making.rows = calloc(page->count + 1, sizeof *making.rows);
    rc = making.scratch && making.rows ? 0 : error_set_memory(error);
    for (int i = 0; i < TURNS && !rc; i++)
        if (turned[i].page.count > 0)
            rc = add_direction(&making, &turned[i], error);
    if (rc)
        goto done;
    struct row *rows = arena_array(arena, making.count, sizeof *rows);
    if (!rows) {
        rc = error_set_memory(error);
        goto done;
    }
    if (making.count > 0)
        memcpy(rows, making.rows, making.count * sizeof *rows);
    /* The cells are freed with the page. */
    for (size_t i = 0; i < making.count; i++) {
        struct row *row = &rows[i];
        row->cells = NULL;
        row->place = turn_back(row->rotation, page, row->left, row->top, row->right, row->bottom);
    }
    out->width = turned[0].page.width;
    out->height = turned[0].page.height;
    out->rows = rows;
    out->count = making.count;
done:
    arena_free(making.scratch);
    free(making.rows);
    turn_clear(turned);
    return rc;
}
