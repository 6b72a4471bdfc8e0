/*
 * XML by the tree of libxml2, which bounds depth and attributes.
 *
 * What an element is shows in its content: text alone makes it a field of its parent, "name: text";
 * text with elements in it makes it a paragraph; elements alone make it a record, or a section,
 * whose heading is a child called so. Declared entities end the reading before any is used: nothing
 * that people want to read has them, and bombs do.
 */
#include "reader/markup.h"

#include <string.h>
#include <strings.h>

#include <libxml/parser.h>
#include <libxml/tree.h>

#include "reader/text.h"

enum { LONGEST_NAME = 40, SAMPLE = 512, RECORD_BYTES = 400, MOST_LEVEL = 6 };

enum content { CONTENT_NOTHING, CONTENT_TEXT, CONTENT_ELEMENTS, CONTENT_MIXED };

static bool is_blank(const xmlChar *text)
{
    return !text || text[strspn((const char *)text, " \t\r\n")] == '\0';
}

static bool is_text(const xmlNode *node)
{
    return node->type == XML_TEXT_NODE || node->type == XML_CDATA_SECTION_NODE;
}

static enum content content_of(const xmlNode *element)
{
    bool text = false, elements = false;
    for (const xmlNode *child = element->children; child; child = child->next) {
        text = text || (is_text(child) && !is_blank(child->content));
        elements = elements || child->type == XML_ELEMENT_NODE;
    }
    return text       ? elements ? CONTENT_MIXED : CONTENT_TEXT
           : elements ? CONTENT_ELEMENTS
                      : CONTENT_NOTHING;
}

static bool is_named(const xmlNode *node, const char *const *names)
{
    for (; *names; names++)
        if (strcasecmp((const char *)node->name, *names) == 0)
            return true;
    return false;
}

static bool is_heading(const xmlNode *node)
{
    static const char *const names[] = {"title", "head", "heading", "h1", "h2", "h3", "h4", NULL};
    return is_named(node, names);
}

/* All text within, which libxml2's bound on depth keeps shallow. */
static void put_text(struct sink *sink, const xmlNode *element)
{
    for (const xmlNode *child = element->children; child; child = child->next) {
        if (is_text(child))
            sink_string(sink, (const char *)child->content);
        else if (child->type == XML_ELEMENT_NODE)
            put_text(sink, child);
    }
}

static void begin_field(struct sink *sink, const xmlChar *name)
{
    if (sink->text.length > RECORD_BYTES)
        sink_begin(sink, FRAME_PARAGRAPH, 0);
    if (sink->text.length > 0)
        sink_string(sink, "; ");
    sink_string(sink, (const char *)name);
    sink_string(sink, ": ");
}

/* Fields of the record that is being made; names of schemas are none. */
static void put_attributes(struct sink *sink, const xmlNode *element)
{
    for (const xmlAttr *attribute = element->properties; attribute; attribute = attribute->next) {
        const xmlNode *value = attribute->children;
        bool schema = attribute->ns && attribute->ns->prefix &&
                      strcmp((const char *)attribute->ns->prefix, "xsi") == 0;
        if (schema || !value || is_blank(value->content))
            continue;
        begin_field(sink, attribute->name);
        sink_string(sink, (const char *)value->content);
    }
}

static void read_element(struct sink *sink, const xmlNode *element, unsigned level);

static void read_children(struct sink *sink, const xmlNode *element, unsigned level)
{
    for (const xmlNode *child = element->children; child && !sink->failure; child = child->next)
        if (child->type == XML_ELEMENT_NODE)
            read_element(sink, child, level);
}

static void read_heading(struct sink *sink, const xmlNode *element, unsigned level)
{
    sink_begin(sink, FRAME_HEADING, level > MOST_LEVEL ? MOST_LEVEL : level);
    put_text(sink, element);
    sink_end(sink);
}

/* Whether most of the text in the tree is prose: paragraphs in elements that are called so. */
static bool is_paragraph(const xmlNode *element)
{
    static const char *const names[] = {"p",       "para", "simpara",     "item", "listitem",
                                        "summary", "text", "description", "desc", "abstract",
                                        "content", "note", NULL};
    return is_named(element, names);
}

static void read_element(struct sink *sink, const xmlNode *element, unsigned level)
{
    enum content content = content_of(element);
    bool text = content == CONTENT_TEXT;
    if (is_heading(element) && (text || content == CONTENT_MIXED) && !element->properties) {
        read_heading(sink, element, level);
        return;
    }
    if (content == CONTENT_MIXED || (text && is_paragraph(element))) {
        sink_begin(sink, FRAME_PARAGRAPH, 0);
        put_text(sink, element);
        sink_begin(sink, FRAME_PARAGRAPH, 0);
        return;
    }
    if (text) {
        begin_field(sink, element->name);
        put_text(sink, element);
        put_attributes(sink, element);
        return;
    }
    if (content == CONTENT_ELEMENTS)
        sink_begin(sink, FRAME_PARAGRAPH, 0);
    put_attributes(sink, element);
    read_children(sink, element, level + 1);
    if (content == CONTENT_ELEMENTS)
        sink_begin(sink, FRAME_PARAGRAPH, 0);
}

/* ---- Parsing -------------------------------------------------------------------------------- */

struct parse {
    bool declares;
};

/* libxml2's own handler is not called, so nothing can use the entity. */
static void refuse_entity(void *context, const xmlChar *name, int type, const xmlChar *public_id,
                          const xmlChar *system_id, xmlChar *content)
{
    xmlParserCtxtPtr parser = context;
    struct parse *parse = parser->_private;
    (void)name;
    (void)type;
    (void)public_id;
    (void)system_id;
    (void)content;
    parse->declares = true;
    xmlStopParser(parser);
}

/* The encoding that the declaration names. */
static const char *named_encoding(const char *bytes, size_t length, char out[LONGEST_NAME + 1])
{
    size_t sample = length < SAMPLE ? length : SAMPLE, count = 0;
    const char *end = memmem(bytes, sample, "?>", 2);
    const char *at = end ? memmem(bytes, (size_t)(end - bytes), "encoding=", 9) : NULL;
    if (!at)
        return NULL;
    for (at += 10; at < end && !strchr("\"'", *at) && count < LONGEST_NAME; at++)
        out[count++] = *at;
    out[count] = '\0';
    return count ? out : NULL;
}

static void read_tree(struct sink *sink, const char *text, size_t length)
{
    struct parse parse = {.declares = false};
    xmlParserCtxtPtr parser = xmlNewParserCtxt();
    if (!parser) {
        sink_fail(sink, FRAME_NO_MEMORY);
        return;
    }
    parser->_private = &parse;
    parser->sax->entityDecl = refuse_entity;
    xmlDocPtr document =
        xmlCtxtReadMemory(parser, text, (int)length, NULL, "UTF-8",
                          XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING |
                              XML_PARSE_IGNORE_ENC | XML_PARSE_NOCDATA | XML_PARSE_NODICT);
    const xmlNode *root = document ? xmlDocGetRootElement(document) : NULL;
    if (parse.declares)
        sink_fail(sink, FRAME_DECLARES);
    else if (!root)
        sink_fail(sink, parser->errNo == XML_ERR_NO_MEMORY ? FRAME_NO_MEMORY : FRAME_DAMAGED);
    else
        read_element(sink, root, 0);
    sink_end(sink);
    xmlFreeDoc(document);
    xmlFreeParserCtxt(parser);
}

void markup_read(struct sink *sink, const char *bytes, size_t length)
{
    char name[LONGEST_NAME + 1];
    struct text text;
    if (text_open(&text, sink, bytes, length, named_encoding(bytes, length, name)))
        read_tree(sink, text.bytes, text.length);
    text_close(&text);
}
