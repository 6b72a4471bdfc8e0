/*
 * XML by the pull reader of libxml2.
 */
#include "reader/xml.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

enum { MOST_DEPTH = 200 };

bool xml_is(const struct xml *xml, const char *name)
{
    return strcmp(xml->name, name) == 0;
}

static enum xml_event begin(struct xml *xml)
{
    xml->depth = xmlTextReaderDepth(xml->reader);
    xml->empty = xmlTextReaderIsEmptyElement(xml->reader) == 1;
    if (xml->depth > MOST_DEPTH) {
        sink_fail(xml->sink, FRAME_NESTED);
        return XML_NOTHING;
    }
    return XML_START;
}

/* The event of a node, -1 for one that is skipped. */
static int event_of(struct xml *xml, int type)
{
    const xmlChar *name = xmlTextReaderConstLocalName(xml->reader);
    xml->name = name ? (const char *)name : "";
    switch (type) {
    case XML_READER_TYPE_ELEMENT:
        return begin(xml);
    case XML_READER_TYPE_END_ELEMENT:
        xml->depth = xmlTextReaderDepth(xml->reader);
        return XML_END;
    case XML_READER_TYPE_TEXT:
    case XML_READER_TYPE_CDATA:
    case XML_READER_TYPE_SIGNIFICANT_WHITESPACE:
        xml->text = (const char *)xmlTextReaderConstValue(xml->reader);
        return xml->text ? XML_TEXT : -1;
    case XML_READER_TYPE_DOCUMENT_TYPE:
        sink_fail(xml->sink, FRAME_DECLARES);
        return XML_NOTHING;
    default:
        return -1;
    }
}

enum xml_event xml_next(struct xml *xml)
{
    if (xml->empty) {
        xml->empty = false;
        return XML_END;
    }
    while (!xml->sink->failure) {
        int rc = xmlTextReaderRead(xml->reader);
        if (rc < 0)
            sink_fail(xml->sink, FRAME_DAMAGED);
        if (rc <= 0)
            break;
        int event = event_of(xml, xmlTextReaderNodeType(xml->reader));
        if (event >= 0)
            return (enum xml_event)event;
    }
    return XML_NOTHING;
}

const char *xml_attribute(struct xml *xml, const char *name)
{
    bool found = false, full = strchr(name, ':');
    int rc = xmlTextReaderMoveToFirstAttribute(xml->reader);
    for (; rc == 1 && !found; rc = found ? 0 : xmlTextReaderMoveToNextAttribute(xml->reader)) {
        const xmlChar *have =
            full ? xmlTextReaderConstName(xml->reader) : xmlTextReaderConstLocalName(xml->reader);
        const xmlChar *value = xmlTextReaderConstValue(xml->reader);
        if (!have || !value || strcmp((const char *)have, name) != 0)
            continue;
        size_t length = strlen((const char *)value);
        if (length >= sizeof xml->value)
            length = text_cut((const char *)value, sizeof xml->value - 1);
        memcpy(xml->value, value, length);
        xml->value[length] = '\0';
        found = true;
    }
    xmlTextReaderMoveToElement(xml->reader);
    return found ? xml->value : NULL;
}

unsigned xml_number(struct xml *xml, const char *name, unsigned otherwise)
{
    const char *text = xml_attribute(xml, name);
    int64_t value = 0;
    return text && text_to_integer(text, 0, INT32_MAX, &value) == 0 ? (unsigned)value : otherwise;
}

void xml_skip(struct xml *xml)
{
    int depth = xml->depth;
    if (xml->empty) {
        xml->empty = false;
        return;
    }
    for (enum xml_event event; (event = xml_next(xml)) != XML_NOTHING;)
        if (event == XML_END && xml->depth <= depth)
            return;
}

void xml_close(struct xml *xml)
{
    xmlFreeTextReader(xml->reader);
}
