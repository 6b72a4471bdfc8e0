/*
 * HTML by the parser of libxml2, whose events go to the sink: no tree is built, so depth costs
 * nothing. What a reader of the page does not see is left out: scripts, styles, templates, hidden
 * elements, and navigation. The parser gets UTF-8 only, because the encodings of the C library are
 * files that the sandbox denies.
 */
#include "reader/html.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <libxml/HTMLparser.h>

#include "reader/text.h"

enum {
    SAMPLE = 2048, /* bytes within which a page names its encoding */
    MOST_LISTS = 32,
    LONGEST_NAME = 40
};

enum role {
    ROLE_BLOCK,
    ROLE_HEADING,
    ROLE_HIDDEN,
    ROLE_TITLE,
    ROLE_BREAK,
    ROLE_CODE,
    ROLE_LIST,
    ROLE_NUMBERED,
    ROLE_ITEM,
    ROLE_TABLE,
    ROLE_HEAD,
    ROLE_ROW,
    ROLE_CELL,
    ROLE_PICTURE
};

static const struct {
    const char *name;
    enum role role;
} elements[] = {
    {"address", ROLE_BLOCK},    {"article", ROLE_BLOCK},  {"aside", ROLE_BLOCK},
    {"blockquote", ROLE_BLOCK}, {"body", ROLE_BLOCK},     {"br", ROLE_BREAK},
    {"caption", ROLE_BLOCK},    {"center", ROLE_BLOCK},   {"dd", ROLE_BLOCK},
    {"details", ROLE_BLOCK},    {"div", ROLE_BLOCK},      {"dl", ROLE_BLOCK},
    {"dt", ROLE_BLOCK},         {"fieldset", ROLE_BLOCK}, {"figcaption", ROLE_BLOCK},
    {"figure", ROLE_BLOCK},     {"footer", ROLE_BLOCK},   {"form", ROLE_BLOCK},
    {"h1", ROLE_HEADING},       {"h2", ROLE_HEADING},     {"h3", ROLE_HEADING},
    {"h4", ROLE_HEADING},       {"h5", ROLE_HEADING},     {"h6", ROLE_HEADING},
    {"header", ROLE_BLOCK},     {"hr", ROLE_BLOCK},       {"img", ROLE_PICTURE},
    {"legend", ROLE_BLOCK},     {"li", ROLE_ITEM},        {"main", ROLE_BLOCK},
    {"nav", ROLE_HIDDEN},       {"ol", ROLE_NUMBERED},    {"option", ROLE_BLOCK},
    {"p", ROLE_BLOCK},          {"pre", ROLE_CODE},       {"script", ROLE_HIDDEN},
    {"section", ROLE_BLOCK},    {"select", ROLE_BLOCK},   {"style", ROLE_HIDDEN},
    {"summary", ROLE_BLOCK},    {"table", ROLE_TABLE},    {"td", ROLE_CELL},
    {"template", ROLE_HIDDEN},  {"th", ROLE_CELL},        {"thead", ROLE_HEAD},
    {"title", ROLE_TITLE},      {"tr", ROLE_ROW},         {"ul", ROLE_LIST},
};

struct page {
    struct sink *sink;
    htmlParserCtxtPtr parser;
    size_t hidden; /* open elements from the outermost hidden one on */
    struct buffer title;
    bool in_title, in_head, seen_row;
    size_t pictured; /* open pictures as vectors, whose title is not the page's */
    size_t code;
    unsigned counts[MOST_LISTS]; /* of numbered lists, 0 for one without numbers */
    size_t lists;
};

static bool find_role(const char *name, enum role *out)
{
    for (size_t i = 0; i < sizeof elements / sizeof *elements; i++)
        if (strcasecmp(elements[i].name, name) == 0) {
            *out = elements[i].role;
            return true;
        }
    return false;
}

static const char *attribute(const xmlChar **attributes, const char *name)
{
    for (size_t i = 0; attributes && attributes[i]; i += 2)
        if (strcasecmp((const char *)attributes[i], name) == 0)
            return attributes[i + 1] ? (const char *)attributes[i + 1] : "";
    return NULL;
}

static unsigned span(const xmlChar **attributes, const char *name)
{
    const char *text = attribute(attributes, name);
    long value = text ? strtol(text, NULL, 10) : 1;
    return value < 1 ? 1 : value > SINK_COLUMNS ? SINK_COLUMNS : (unsigned)value;
}

static void begin_item(struct page *page)
{
    char mark[16];
    size_t list = page->lists < MOST_LISTS ? page->lists : MOST_LISTS;
    sink_begin(page->sink, FRAME_PARAGRAPH, 0);
    if (list > 0 && page->counts[list - 1] > 0)
        snprintf(mark, sizeof mark, "%u. ", page->counts[list - 1]++);
    else
        snprintf(mark, sizeof mark, "- ");
    sink_string(page->sink, mark);
}

static void begin_list(struct page *page, const xmlChar **attributes, bool numbered)
{
    sink_begin(page->sink, FRAME_PARAGRAPH, 0);
    if (page->lists < MOST_LISTS)
        page->counts[page->lists] = numbered ? span(attributes, "start") : 0;
    page->lists++;
}

static void begin(struct page *page, enum role role, const char *name, const xmlChar **attributes)
{
    struct sink *sink = page->sink;
    switch (role) {
    case ROLE_HIDDEN:
        page->hidden = 1;
        break;
    case ROLE_TITLE:
        page->in_title = page->pictured == 0;
        break;
    case ROLE_HEADING:
        sink_begin(sink, FRAME_HEADING, (unsigned)(name[1] - '0'));
        break;
    case ROLE_CODE:
        page->code++;
        sink_begin(sink, FRAME_CODE, 0);
        break;
    case ROLE_BREAK:
        if (page->code)
            sink_text(sink, "\n", 1);
        else
            sink_begin(sink, sink->kind, sink->level);
        break;
    case ROLE_LIST:
    case ROLE_NUMBERED:
        begin_list(page, attributes, role == ROLE_NUMBERED);
        break;
    case ROLE_ITEM:
        begin_item(page);
        break;
    case ROLE_TABLE:
        sink_table_begin(sink, 0);
        page->in_head = false;
        break;
    case ROLE_HEAD:
        page->in_head = true;
        break;
    case ROLE_ROW:
        sink_row_begin(sink);
        break;
    case ROLE_CELL:
        sink_cell_begin(sink, name[1] == 'h' || name[1] == 'H', span(attributes, "colspan"),
                        span(attributes, "rowspan"));
        break;
    case ROLE_PICTURE:
        sink_string(sink, attribute(attributes, "alt"));
        break;
    case ROLE_BLOCK:
        if (!page->code)
            sink_begin(sink, FRAME_PARAGRAPH, 0);
        break;
    }
}

static void end(struct page *page, enum role role)
{
    struct sink *sink = page->sink;
    switch (role) {
    case ROLE_TITLE:
        page->in_title = false;
        break;
    case ROLE_CODE:
        page->code -= page->code > 0;
        sink_begin(sink, FRAME_PARAGRAPH, 0);
        break;
    case ROLE_LIST:
    case ROLE_NUMBERED:
        page->lists -= page->lists > 0;
        sink_begin(sink, FRAME_PARAGRAPH, 0);
        break;
    case ROLE_TABLE:
        sink_table_end(sink);
        break;
    case ROLE_HEAD:
        page->in_head = false;
        break;
    case ROLE_ROW:
        sink_row_end(sink, page->in_head);
        break;
    case ROLE_CELL:
        sink_cell_end(sink);
        break;
    case ROLE_BLOCK:
    case ROLE_HEADING:
    case ROLE_ITEM:
        if (!page->code)
            sink_begin(sink, FRAME_PARAGRAPH, 0);
        break;
    default:
        break;
    }
}

static void start_element(void *context, const xmlChar *name, const xmlChar **attributes)
{
    struct page *page = context;
    enum role role;
    const char *aria = attribute(attributes, "aria-hidden");
    if (page->sink->failure)
        xmlStopParser(page->parser);
    if (page->hidden > 0) {
        page->hidden++;
        return;
    }
    page->pictured += strcasecmp((const char *)name, "svg") == 0;
    bool empty = strcasecmp((const char *)name, "input") == 0;
    if (!empty && (attribute(attributes, "hidden") || (aria && strcmp(aria, "true") == 0)))
        page->hidden = 1;
    else if (find_role((const char *)name, &role))
        begin(page, role, (const char *)name, attributes);
}

static void end_element(void *context, const xmlChar *name)
{
    struct page *page = context;
    enum role role;
    if (page->hidden > 0) {
        page->hidden--;
        return;
    }
    if (page->pictured > 0 && strcasecmp((const char *)name, "svg") == 0)
        page->pictured--;
    if (find_role((const char *)name, &role))
        end(page, role);
}

static void characters(void *context, const xmlChar *text, int length)
{
    struct page *page = context;
    if (page->hidden > 0 || page->pictured > 0 || length <= 0)
        return;
    if (page->in_title)
        buffer_append(&page->title, text, (size_t)length);
    else
        sink_text(page->sink, (const char *)text, (size_t)length);
}

/* The encoding that the page names, NULL for none. */
static const char *named_encoding(const char *bytes, size_t length, char *out)
{
    static const char *const keys[] = {"charset=", "encoding="};
    size_t sample = length < SAMPLE ? length : SAMPLE;
    for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
        const char *at = memmem(bytes, sample, keys[k], strlen(keys[k]));
        size_t count = 0;
        if (!at)
            continue;
        at += strlen(keys[k]);
        at += at < bytes + sample && (*at == '"' || *at == '\'');
        while (at < bytes + sample && count<LONGEST_NAME && * at> ' ' && !strchr("\"'/>;?", *at))
            out[count++] = *at++;
        out[count] = '\0';
        if (count > 0)
            return out;
    }
    return NULL;
}

static void parse(struct page *page, const char *text, size_t length)
{
    htmlSAXHandler handler = {.startElement = start_element,
                              .endElement = end_element,
                              .characters = characters,
                              .cdataBlock = characters,
                              .ignorableWhitespace = characters};
    page->parser = htmlCreatePushParserCtxt(&handler, page, NULL, 0, NULL, XML_CHAR_ENCODING_UTF8);
    if (!page->parser) {
        sink_fail(page->sink, FRAME_NO_MEMORY);
        return;
    }
    htmlCtxtUseOptions(page->parser, HTML_PARSE_RECOVER | HTML_PARSE_NOERROR |
                                         HTML_PARSE_NOWARNING | HTML_PARSE_NONET |
                                         HTML_PARSE_IGNORE_ENC);
    enum { PIECE = 1 << 16 };
    for (size_t at = 0; at < length && !page->sink->failure; at += PIECE) {
        size_t piece = length - at < PIECE ? length - at : PIECE;
        htmlParseChunk(page->parser, text + at, (int)piece, at + piece == length);
    }
    xmlDocPtr document = page->parser->myDoc;
    htmlFreeParserCtxt(page->parser);
    xmlFreeDoc(document);
}

void html_read(struct sink *sink, const char *bytes, size_t length)
{
    struct page page = {.sink = sink};
    char name[LONGEST_NAME + 1];
    struct text text;
    if (!text_open(&text, sink, bytes, length, named_encoding(bytes, length, name)))
        goto done;
    buffer_init(&page.title, 1 << 16);
    if (text.length > 0)
        parse(&page, text.bytes, text.length);
    if (page.title.length > 0)
        sink_title(sink, page.title.data, page.title.length);
    buffer_clear(&page.title);
done:
    text_close(&text);
}
