/*
 * Description: read with poppler's library for glib, which changes less than the library below it.
 * Where it fails, the document is still read.
 */
#include "reader/describe.h"

#include <stdio.h>
#include <string.h>

enum {
    LONGEST_TITLE = 1024, /* bytes */
    LONGEST_LABEL = 64,
    MOST_ENTRIES = 20000,
    DEEPEST = 12
};

/* The length of a text that can be sent, else 0. */
static size_t usable(const char *text, size_t longest)
{
    size_t length = text && g_utf8_validate(text, -1, NULL) ? strlen(text) : 0;
    return length > longest ? 0 : length;
}

static void send_labels(struct output *output, PopplerDocument *document, int pages)
{
    for (int number = 1; number <= pages; number++) {
        PopplerPage *page = poppler_document_get_page(document, number - 1);
        char *label = page ? poppler_page_get_label(page) : NULL;
        char plain[16];
        snprintf(plain, sizeof plain, "%d", number);
        size_t length = usable(label, LONGEST_LABEL);
        struct frame_page body = {.number = (uint32_t)number};
        if (length > 0 && strcmp(label, plain) != 0)
            output_frame(output, FRAME_LABEL, &body, sizeof body, label, length);
        g_free(label);
        g_clear_object(&page);
    }
}

/* The page that an action leads to, 0 for none. */
static int find_page(PopplerDocument *document, const PopplerAction *action)
{
    const PopplerDest *dest =
        action->type == POPPLER_ACTION_GOTO_DEST ? action->goto_dest.dest : NULL;
    if (!dest || dest->type != POPPLER_DEST_NAMED)
        return dest ? dest->page_num : 0;
    PopplerDest *found = poppler_document_find_dest(document, dest->named_dest);
    int page = found ? found->page_num : 0;
    if (found)
        poppler_dest_free(found);
    return page;
}

static void send_entries(struct output *output, PopplerDocument *document, int pages,
                         PopplerIndexIter *at, int depth, int *left)
{
    do {
        PopplerAction *action = poppler_index_iter_get_action(at);
        int page = action ? find_page(document, action) : 0;
        size_t length = action ? usable(action->any.title, LONGEST_TITLE) : 0;
        struct frame_entry body = {.page = (uint32_t)page, .depth = (uint32_t)depth};
        if (page > 0 && page <= pages && length > 0)
            output_frame(output, FRAME_ENTRY, &body, sizeof body, action->any.title, length);
        if (action)
            poppler_action_free(action);
        PopplerIndexIter *below = depth < DEEPEST ? poppler_index_iter_get_child(at) : NULL;
        if (below)
            send_entries(output, document, pages, below, depth + 1, left);
        poppler_index_iter_free(below);
    } while (--*left > 0 && poppler_index_iter_next(at));
}

void describe_pages(struct output *output, PopplerDocument *document, int pages)
{
    struct frame_document body = {.pages = (uint32_t)pages};
    char *title = document ? poppler_document_get_title(document) : NULL;
    output_frame(output, FRAME_DOCUMENT, &body, sizeof body, title, usable(title, LONGEST_TITLE));
    g_free(title);
}

void describe_document(struct output *output, PopplerDocument *document)
{
    int pages = poppler_document_get_n_pages(document);
    send_labels(output, document, pages);
    PopplerIndexIter *outline = poppler_index_iter_new(document);
    int left = MOST_ENTRIES;
    if (outline)
        send_entries(output, document, pages, outline, 1, &left);
    poppler_index_iter_free(outline);
}
