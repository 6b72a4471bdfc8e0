/*
 * Markdown by cmark-gfm, which knows tables: its tree is walked once, without recursion.
 *
 * HTML within the text is read as HTML. A description in YAML before the text is taken line by
 * line.
 */
#include "reader/markdown.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmark-gfm-core-extensions.h>
#include <cmark-gfm-extension_api.h>
#include <cmark-gfm.h>

#include "reader/html.h"
#include "reader/plain.h"

enum { LONGEST_DESCRIPTION = 1 << 16, MARK_BYTES = 24 };

struct reading {
    struct sink *sink;
    char mark[MARK_BYTES]; /* of the list item whose first block comes next; empty: none does */
};

static bool is_kind(cmark_node *node, const char *kind)
{
    return strcmp(cmark_node_get_type_string(node), kind) == 0;
}

static void begin_block(struct reading *reading, enum frame_block_kind kind, int level)
{
    sink_begin(reading->sink, kind, (unsigned)level);
    sink_string(reading->sink, reading->mark);
    reading->mark[0] = '\0';
}

/* As "3. " or "- ". */
static void mark_item(struct reading *reading, cmark_node *item)
{
    cmark_node *list = cmark_node_parent(item);
    int number = cmark_node_get_list_start(list);
    if (!list || cmark_node_get_list_type(list) != CMARK_ORDERED_LIST) {
        snprintf(reading->mark, sizeof reading->mark, "- ");
        return;
    }
    for (cmark_node *before = cmark_node_previous(item); before;
         before = cmark_node_previous(before))
        number++;
    snprintf(reading->mark, sizeof reading->mark, "%d. ", number);
}

static void put_literal(struct reading *reading, cmark_node *node)
{
    sink_string(reading->sink, cmark_node_get_literal(node));
}

static void read_html(struct reading *reading, cmark_node *node)
{
    const char *literal = cmark_node_get_literal(node);
    sink_end(reading->sink);
    if (literal && *literal)
        html_read(reading->sink, literal, strlen(literal));
}

/* Nodes of the extension for tables, which have no fixed numbers. */
static void enter_table(struct reading *reading, cmark_node *node, bool entering)
{
    struct sink *sink = reading->sink;
    bool head = is_kind(node, "table_header");
    if (is_kind(node, "table_cell") && entering)
        sink_cell_begin(sink, false, 1, 1);
    else if (is_kind(node, "table_cell"))
        sink_cell_end(sink);
    else if ((head || is_kind(node, "table_row")) && entering)
        sink_row_begin(sink);
    else if (head || is_kind(node, "table_row"))
        sink_row_end(sink, head);
    else if (is_kind(node, "table") && entering) {
        sink_table_begin(sink, 0);
        sink->table.data = true;
    } else if (is_kind(node, "table"))
        sink_table_end(sink);
}

static void enter_node(struct reading *reading, cmark_node *node)
{
    switch (cmark_node_get_type(node)) {
    case CMARK_NODE_HEADING:
        begin_block(reading, FRAME_HEADING, cmark_node_get_heading_level(node));
        break;
    case CMARK_NODE_PARAGRAPH:
        begin_block(reading, FRAME_PARAGRAPH, 0);
        break;
    case CMARK_NODE_ITEM:
        mark_item(reading, node);
        break;
    case CMARK_NODE_CODE_BLOCK:
        sink_begin(reading->sink, FRAME_CODE, 0);
        put_literal(reading, node);
        sink_end(reading->sink);
        break;
    case CMARK_NODE_HTML_BLOCK:
        read_html(reading, node);
        break;
    case CMARK_NODE_TEXT:
    case CMARK_NODE_CODE:
        put_literal(reading, node);
        break;
    case CMARK_NODE_SOFTBREAK:
    case CMARK_NODE_LINEBREAK:
        sink_text(reading->sink, " ", 1);
        break;
    default:
        enter_table(reading, node, true);
    }
}

static void leave_node(struct reading *reading, cmark_node *node)
{
    switch (cmark_node_get_type(node)) {
    case CMARK_NODE_HEADING:
    case CMARK_NODE_PARAGRAPH:
        sink_end(reading->sink);
        break;
    default:
        enter_table(reading, node, false);
    }
}

static void walk(struct sink *sink, cmark_node *document)
{
    struct reading reading = {.sink = sink};
    cmark_iter *iterator = cmark_iter_new(document);
    cmark_event_type event;
    while ((event = cmark_iter_next(iterator)) != CMARK_EVENT_DONE && !sink->failure) {
        cmark_node *node = cmark_iter_get_node(iterator);
        if (event == CMARK_EVENT_ENTER)
            enter_node(&reading, node);
        else
            leave_node(&reading, node);
    }
    cmark_iter_free(iterator);
}

/* Bytes of a description between lines of three dashes, 0 where there is none. */
static size_t measure_description(const struct text *text)
{
    struct line line;
    size_t position = 0;
    if (!text_line(text, &position, &line) || line.length != 3 || memcmp(line.text, "---", 3) != 0)
        return 0;
    while (position < LONGEST_DESCRIPTION && text_line(text, &position, &line))
        if (line.length == 3 &&
            (memcmp(line.text, "---", 3) == 0 || memcmp(line.text, "...", 3) == 0))
            return position;
    return 0;
}

static void read_description(struct sink *sink, const struct text *text, size_t length)
{
    struct line line;
    size_t position = 0;
    while (position < length && text_line(text, &position, &line)) {
        if (line.length == 3 && (line.text[0] == '-' || line.text[0] == '.'))
            continue;
        sink_begin(sink, FRAME_PARAGRAPH, 0);
        sink_text(sink, line.text, line.length);
    }
    sink_end(sink);
}

void markdown_put(struct sink *sink, const char *text, size_t length)
{
    cmark_gfm_core_extensions_ensure_registered();
    cmark_parser *parser = cmark_parser_new(CMARK_OPT_FOOTNOTES | CMARK_OPT_UNSAFE);
    cmark_syntax_extension *tables = cmark_find_syntax_extension("table");
    cmark_syntax_extension *struck = cmark_find_syntax_extension("strikethrough");
    if (tables)
        cmark_parser_attach_syntax_extension(parser, tables);
    if (struck)
        cmark_parser_attach_syntax_extension(parser, struck);
    cmark_parser_feed(parser, text, length);
    cmark_node *document = cmark_parser_finish(parser);
    walk(sink, document);
    cmark_node_free(document);
    cmark_parser_free(parser);
}

void markdown_read(struct sink *sink, const char *bytes, size_t length)
{
    struct text text;
    if (text_open(&text, sink, bytes, length, NULL)) {
        size_t start = measure_description(&text);
        read_description(sink, &text, start);
        markdown_put(sink, text.bytes + start, text.length - start);
    }
    text_close(&text);
}
