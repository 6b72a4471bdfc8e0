/*
 * Input of imports: the order in which objects are stored.
 *
 * Objects of one list are in the order of the input, or in its reverse: services list the newest
 * first. Which of the two it is, their times say. Where all have the same second, a conversation
 * that begins with an assistant and ends with a user is turned round. Lists that are in neither
 * order, such as pages that were mixed, are sorted by time.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/import_input.h"

static int compare_text(const char *a, const char *b)
{
    return strcmp(a, b);
}

static int by_id(const void *left, const void *right)
{
    const struct import_item *a = left, *b = right;
    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    int order = compare_text(a->id, b->id);
    if (!order && a->kind == IMPORT_VECTOR_STORE_FILE)
        order = compare_text(a->thread, b->thread);
    return order ? order : a->order < b->order ? -1 : a->order > b->order;
}

/* Of those with the same id the last one counts. */
static void drop_repeated(struct import_input *input)
{
    for (size_t i = 0; i + 1 < input->count; i++) {
        struct import_item *item = &input->items[i];
        const struct import_item *next = item + 1;
        if (!item->id[0] || item->kind != next->kind || strcmp(item->id, next->id) != 0 ||
            (item->kind == IMPORT_VECTOR_STORE_FILE && strcmp(item->thread, next->thread) != 0))
            continue;
        item->dropped = true;
        input->repeated++;
    }
}

/* Lists stay together: of a kind, and within a thread or a vector store. */
static int by_list(const void *left, const void *right)
{
    const struct import_item *a = left, *b = right;
    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    bool grouped = a->kind >= IMPORT_MESSAGE || a->kind == IMPORT_VECTOR_STORE_FILE;
    int order = grouped ? compare_text(a->thread, b->thread) : 0;
    return order ? order : a->order < b->order ? -1 : a->order > b->order;
}

static int by_time(const void *left, const void *right)
{
    const struct import_item *a = left, *b = right;
    if (a->created_at != b->created_at)
        return a->created_at < b->created_at ? -1 : 1;
    return a->order < b->order ? -1 : a->order > b->order;
}

static void turn_round(struct import_item *items, size_t count)
{
    for (size_t i = 0; i < count / 2; i++) {
        struct import_item item = items[i];
        items[i] = items[count - 1 - i];
        items[count - 1 - i] = item;
    }
}

static void order_list(struct import_item *items, size_t count)
{
    size_t up = 0, down = 0;
    for (size_t i = 0; i + 1 < count; i++) {
        up += items[i].created_at < items[i + 1].created_at;
        down += items[i].created_at > items[i + 1].created_at;
    }
    if (down > up || (!down && !up && items[0].role == 'a' && items[count - 1].role == 'u'))
        turn_round(items, count);
    for (size_t i = 0; i < count; i++)
        items[i].order = i;
    if (down && up)
        qsort(items, count, sizeof *items, by_time);
    for (size_t i = 0; i < count; i++)
        items[i].order = i;
}

static bool same_list(const struct import_item *a, const struct import_item *b)
{
    bool grouped = a->kind >= IMPORT_MESSAGE || a->kind == IMPORT_VECTOR_STORE_FILE;
    return a->kind == b->kind && (!grouped || strcmp(a->thread, b->thread) == 0);
}

int import_input_sort(struct import_input *input)
{
    if (!input->count)
        return 0;
    qsort(input->items, input->count, sizeof *input->items, by_id);
    drop_repeated(input);
    qsort(input->items, input->count, sizeof *input->items, by_list);
    size_t kept = 0;
    for (size_t i = 0; i < input->count; i++)
        if (!input->items[i].dropped)
            input->items[kept++] = input->items[i];
    input->count = kept;
    for (size_t first = 0, end; first < input->count; first = end) {
        end = first + 1;
        while (end < input->count && same_list(&input->items[first], &input->items[end]))
            end++;
        order_list(&input->items[first], end - first);
    }
    return 0;
}
