/*
 * XML: one part of a document, node by node, so that a large part needs no memory. Entities are not
 * replaced, a document type is refused and depth is bounded.
 */
#ifndef READER_XML_H
#define READER_XML_H

#include <stdbool.h>

#include <libxml/xmlreader.h>

#include "reader/sink.h"

enum xml_event { XML_NOTHING, XML_START, XML_END, XML_TEXT };

struct xml {
    xmlTextReaderPtr reader;
    struct sink *sink;
    bool empty; /* the element that began has no content: its end comes next */
    int depth;
    const char *name; /* of the element, without its prefix */
    const char *text; /* of XML_TEXT */
    char value[1024]; /* of the last attribute asked for */
};

/*
 * The next event; XML_NOTHING at the end, and, after the sink's failure is set, where the part is
 * not XML.
 */
enum xml_event xml_next(struct xml *xml);

bool xml_is(const struct xml *xml, const char *name);

/* The value of the element's attribute, cut to fit, until the next is asked for; NULL for none. A
 * name with a prefix must match in full, one without by its local part. */
const char *xml_attribute(struct xml *xml, const char *name);
unsigned xml_number(struct xml *xml, const char *name, unsigned otherwise);

/* Skips all within the element that began. */
void xml_skip(struct xml *xml);

void xml_close(struct xml *xml);

#endif
