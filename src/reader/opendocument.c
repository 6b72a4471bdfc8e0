/*
 * OpenDocument: texts, spreadsheets and presentations are one language in one part.
 *
 * A sheet is a heading and a table, a slide is a page with its notes after it. Footnotes are
 * inserted where they are called, in brackets.
 */
#include <string.h>

#include "base/text.h"
#include "reader/package.h"

enum { MOST_SLIDES = 20000, TABLE_HEAD = 3, SHEET_HEAD = 2, MOST_SPACES = 80 };

struct reading {
    struct sink *sink;
    bool spreadsheet;
    unsigned slide;
    bool notes, noted; /* of a slide */
    unsigned title;    /* level of the frame's text as a heading */
    bool item;         /* the next paragraph is the first of a list's item */
    size_t paragraphs; /* open ones; there is text only within them */
    size_t footnotes;  /* open ones */
    bool head;         /* rows that name the columns */
};

static void begin_paragraph(struct reading *reading, struct xml *xml)
{
    struct sink *sink = reading->sink;
    if (reading->footnotes > 0) {
        sink_text(sink, " ", 1);
        return;
    }
    if (xml_is(xml, "h") || reading->title) {
        unsigned level = reading->title ? reading->title : xml_number(xml, "outline-level", 1);
        sink_begin(sink, FRAME_HEADING, level);
        return;
    }
    sink_begin(sink, FRAME_PARAGRAPH, 0);
    if (reading->item)
        sink_string(sink, "- ");
    reading->item = false;
}

static void begin_frame(struct reading *reading, struct xml *xml)
{
    static const char *const repeated[] = {"page-number", "date-time", "footer", "header"};
    const char *class = xml_attribute(xml, "presentation:class");
    if (!class)
        return;
    for (size_t i = 0; i < sizeof repeated / sizeof *repeated; i++)
        if (strcmp(class, repeated[i]) == 0) {
            xml_skip(xml);
            return;
        }
    reading->title = strcmp(class, "title") == 0 ? 1 : strcmp(class, "subtitle") == 0 ? 2 : 0;
}

static void begin_table(struct reading *reading, struct xml *xml)
{
    if (reading->spreadsheet) {
        sink_begin(reading->sink, FRAME_HEADING, 1);
        sink_string(reading->sink, xml_attribute(xml, "table:name"));
        sink_end(reading->sink);
    }
    sink_table_begin(reading->sink, reading->spreadsheet ? SHEET_HEAD : TABLE_HEAD);
}

static void begin_cell(struct reading *reading, struct xml *xml)
{
    unsigned repeated = xml_number(xml, "number-columns-repeated", 1);
    unsigned spanned = xml_number(xml, "number-columns-spanned", 1);
    /* Covered cells follow as cells of their own. */
    sink_cell_begin(reading->sink, false, spanned > 1 ? 1 : repeated, 1);
}

static void begin_slide(struct reading *reading)
{
    if (++reading->slide > MOST_SLIDES)
        sink_fail(reading->sink, FRAME_UNPACKED);
    else
        sink_page(reading->sink, reading->slide);
}

static void begin_text(struct reading *reading, struct xml *xml)
{
    struct sink *sink = reading->sink;
    unsigned count = 1;
    if (xml_is(xml, "s"))
        count = xml_number(xml, "c", 1);
    else if (xml_is(xml, "line-break") && reading->footnotes == 0) {
        sink_begin(sink, sink->kind, sink->level);
        return;
    }
    for (unsigned i = 0; i < count && i < MOST_SPACES; i++)
        sink_text(sink, " ", 1);
}

static void begin_part(struct reading *reading, struct xml *xml)
{
    struct sink *sink = reading->sink;
    if (xml_is(xml, "p") || xml_is(xml, "h"))
        begin_paragraph(reading, xml), reading->paragraphs++;
    else if (xml_is(xml, "s") || xml_is(xml, "tab") || xml_is(xml, "line-break"))
        begin_text(reading, xml);
    else if (xml_is(xml, "list-item"))
        reading->item = true;
    else if (xml_is(xml, "table"))
        begin_table(reading, xml);
    else if (xml_is(xml, "table-header-rows"))
        reading->head = true;
    else if (xml_is(xml, "table-row"))
        sink_row_begin(sink);
    else if (xml_is(xml, "table-cell") || xml_is(xml, "covered-table-cell"))
        begin_cell(reading, xml);
    else if (xml_is(xml, "note-body"))
        reading->footnotes++, sink_string(sink, " [");
    else if (xml_is(xml, "page"))
        begin_slide(reading);
    else if (xml_is(xml, "notes"))
        reading->notes = true, reading->noted = false;
    else if (xml_is(xml, "frame"))
        begin_frame(reading, xml);
}

static void end_part(struct reading *reading, const struct xml *xml)
{
    struct sink *sink = reading->sink;
    if (xml_is(xml, "p") || xml_is(xml, "h")) {
        reading->paragraphs -= reading->paragraphs > 0;
        if (reading->footnotes == 0)
            sink_begin(sink, FRAME_PARAGRAPH, 0);
    } else if (xml_is(xml, "table")) {
        sink_table_end(sink);
    } else if (xml_is(xml, "table-header-rows")) {
        reading->head = false;
    } else if (xml_is(xml, "table-row")) {
        sink_row_end(sink, reading->head);
    } else if (xml_is(xml, "table-cell") || xml_is(xml, "covered-table-cell")) {
        sink_cell_end(sink);
    } else if (xml_is(xml, "note-body") && reading->footnotes > 0) {
        reading->footnotes--;
        sink_string(sink, "]");
    } else if (xml_is(xml, "frame")) {
        reading->title = 0;
    } else if (xml_is(xml, "notes")) {
        reading->notes = false;
    }
}

static bool is_hidden(const struct xml *xml)
{
    static const char *const names[] = {"annotation",    "tracked-changes",  "note-citation",
                                        "forms",         "automatic-styles", "shapes",
                                        "tracked-change"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (xml_is(xml, names[i]))
            return true;
    return false;
}

static void send_text(struct reading *reading, const char *text)
{
    if (reading->notes && !reading->noted)
        sink_string(reading->sink, "Notes: ");
    reading->noted = true;
    sink_string(reading->sink, text);
}

static void check_password(struct package *package)
{
    struct xml xml;
    if (!package_xml(package, "META-INF/manifest.xml", &xml))
        return;
    for (enum xml_event event; (event = xml_next(&xml)) != XML_NOTHING;)
        if (event == XML_START && xml_is(&xml, "encryption-data"))
            sink_fail(package->sink, FRAME_ENCRYPTED);
    xml_close(&xml);
}

void opendocument_read(struct package *package, bool spreadsheet)
{
    struct reading reading = {.sink = package->sink, .spreadsheet = spreadsheet};
    struct xml xml;
    check_password(package);
    package_title(package, "meta.xml");
    if (!package_xml(package, "content.xml", &xml)) {
        sink_fail(package->sink, FRAME_DAMAGED);
        return;
    }
    for (enum xml_event event; (event = xml_next(&xml)) != XML_NOTHING;) {
        if (event == XML_START && is_hidden(&xml))
            xml_skip(&xml);
        else if (event == XML_START)
            begin_part(&reading, &xml);
        else if (event == XML_END)
            end_part(&reading, &xml);
        else if (reading.paragraphs > 0)
            send_text(&reading, xml.text);
    }
    xml_close(&xml);
}
