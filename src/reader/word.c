/*
 * Word documents: paragraphs with the outline levels of their styles, lists, tables, notes.
 *
 * What was deleted under change tracking, codes of fields and the second form of drawings are left
 * out. Headers and footers of pages come once, at the end, after the notes.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "reader/package.h"

enum { MOST_STYLES = 4000, LONGEST_ID = 64, MOST_BASES = 10, TABLE_HEAD = 3 };

struct style {
    char id[LONGEST_ID], base[LONGEST_ID];
    unsigned level; /* of a heading, 0 for none */
    bool listed;
};

struct reading {
    struct sink *sink;
    struct style *styles;
    size_t count;
    unsigned level;
    bool listed, unlisted; /* what the paragraph's properties say */
    bool in_text, in_cell_properties;
    bool cell_waits;  /* a cell's properties may still come */
    unsigned columns; /* that it covers */
    bool head;        /* the row repeats on each page */
};

static void copy_id(char *out, const char *id)
{
    snprintf(out, LONGEST_ID, "%s", id ? id : "");
}

static void name_style(struct style *style, const char *name)
{
    if (!name)
        return;
    if (strncasecmp(name, "heading ", 8) == 0 && name[8] >= '1' && name[8] <= '9')
        style->level = (unsigned)(name[8] - '0');
    else if (strcasecmp(name, "title") == 0)
        style->level = 1;
    style->listed =
        strncasecmp(name, "list bullet", 11) == 0 || strncasecmp(name, "list number", 11) == 0;
}

static void read_styles(struct package *package, const char *name, void *context)
{
    struct reading *reading = context;
    struct style *style = NULL;
    struct xml xml;
    if (reading->styles || !package_xml(package, name, &xml))
        return;
    reading->styles = calloc(MOST_STYLES, sizeof *reading->styles);
    if (!reading->styles)
        sink_fail(package->sink, FRAME_NO_MEMORY);
    for (enum xml_event event; (event = xml_next(&xml)) != XML_NOTHING;) {
        if (event != XML_START)
            continue;
        if (xml_is(&xml, "style") && reading->count < MOST_STYLES) {
            style = &reading->styles[reading->count++];
            copy_id(style->id, xml_attribute(&xml, "styleId"));
        } else if (style && xml_is(&xml, "name")) {
            name_style(style, xml_attribute(&xml, "val"));
        } else if (style && xml_is(&xml, "basedOn")) {
            copy_id(style->base, xml_attribute(&xml, "val"));
        } else if (style && xml_is(&xml, "outlineLvl")) {
            unsigned level = xml_number(&xml, "val", 9);
            style->level = level < 9 ? level + 1 : 0;
        }
    }
    xml_close(&xml);
}

static const struct style *find_style(const struct reading *reading, const char *id)
{
    for (size_t i = 0; *id && i < reading->count; i++)
        if (strcmp(reading->styles[i].id, id) == 0)
            return &reading->styles[i];
    return NULL;
}

/* What the paragraph's style, or one that it is made from, says. */
static void apply_style(struct reading *reading, const char *id)
{
    const struct style *style = id ? find_style(reading, id) : NULL;
    for (int i = 0; style && i < MOST_BASES; i++) {
        reading->listed = reading->listed || style->listed;
        if (style->level) {
            reading->level = style->level;
            return;
        }
        style = find_style(reading, style->base);
    }
}

static void begin_cell(struct reading *reading)
{
    if (reading->cell_waits)
        sink_cell_begin(reading->sink, false, reading->columns, 1);
    reading->cell_waits = false;
}

static void begin_paragraph(struct reading *reading)
{
    begin_cell(reading);
    reading->level = 0;
    reading->listed = reading->unlisted = false;
    sink_begin(reading->sink, FRAME_PARAGRAPH, 0);
}

static void end_properties(struct reading *reading)
{
    if (reading->level)
        sink_begin(reading->sink, FRAME_HEADING, reading->level);
    else if (reading->listed && !reading->unlisted)
        sink_string(reading->sink, "- ");
}

static void begin_property(struct reading *reading, struct xml *xml)
{
    if (xml_is(xml, "pStyle")) {
        apply_style(reading, xml_attribute(xml, "val"));
    } else if (xml_is(xml, "outlineLvl")) {
        unsigned level = xml_number(xml, "val", 9);
        reading->level = level < 9 ? level + 1 : 0;
    } else if (xml_is(xml, "numId")) {
        bool none = xml_number(xml, "val", 1) == 0;
        reading->listed = reading->listed || !none;
        reading->unlisted = none;
    } else if (xml_is(xml, "gridSpan")) {
        reading->columns = xml_number(xml, "val", 1);
    } else if (xml_is(xml, "tblHeader")) {
        const char *value = xml_attribute(xml, "val");
        reading->head = !value || (strcmp(value, "0") != 0 && strcmp(value, "false") != 0);
    }
}

static void begin_part(struct reading *reading, struct xml *xml)
{
    struct sink *sink = reading->sink;
    if (xml_is(xml, "p"))
        begin_paragraph(reading);
    else if (xml_is(xml, "t"))
        reading->in_text = true;
    else if (xml_is(xml, "tab"))
        sink_text(sink, "\t", 1);
    else if (xml_is(xml, "noBreakHyphen"))
        sink_text(sink, "-", 1);
    else if (xml_is(xml, "br") || xml_is(xml, "cr"))
        sink_begin(sink, sink->kind, sink->level);
    else if (xml_is(xml, "tbl"))
        begin_cell(reading), sink_table_begin(sink, TABLE_HEAD);
    else if (xml_is(xml, "tr"))
        sink_row_begin(sink), reading->head = false;
    else if (xml_is(xml, "tc"))
        reading->cell_waits = true, reading->columns = 1;
    else
        begin_property(reading, xml);
}

static void end_part(struct reading *reading, const struct xml *xml)
{
    struct sink *sink = reading->sink;
    if (xml_is(xml, "p"))
        sink_begin(sink, FRAME_PARAGRAPH, 0);
    else if (xml_is(xml, "t"))
        reading->in_text = false;
    else if (xml_is(xml, "pPr"))
        end_properties(reading);
    else if (xml_is(xml, "tc"))
        begin_cell(reading), sink_cell_end(sink);
    else if (xml_is(xml, "tr"))
        sink_row_end(sink, reading->head);
    else if (xml_is(xml, "tbl"))
        sink_table_end(sink);
}

/*
 * Whether nothing within it belongs to the text that a person sees. Tabs of properties are stops.
 */
static bool is_hidden(const struct xml *xml)
{
    static const char *const names[] = {"del",       "moveFrom",  "Fallback",    "tabs",
                                        "pPrChange", "rPrChange", "tblPrChange", "sectPr"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (xml_is(xml, names[i]))
            return true;
    return false;
}

static void read_part(struct package *package, const char *name, void *context)
{
    struct reading *reading = context;
    struct xml xml;
    if (!package_xml(package, name, &xml))
        return;
    for (enum xml_event event; (event = xml_next(&xml)) != XML_NOTHING;) {
        if (event == XML_START && is_hidden(&xml))
            xml_skip(&xml);
        else if (event == XML_START)
            begin_part(reading, &xml);
        else if (event == XML_END)
            end_part(reading, &xml);
        else if (reading->in_text)
            sink_string(reading->sink, xml.text);
    }
    xml_close(&xml);
    sink_end(reading->sink);
}

void word_read(struct package *package, const char *name)
{
    static const char *const more[] = {
        "wordprocessingml.footnotes+xml", "wordprocessingml.endnotes+xml",
        "wordprocessingml.comments+xml", "wordprocessingml.header+xml",
        "wordprocessingml.footer+xml"};
    struct reading reading = {.sink = package->sink};
    package_typed(package, "wordprocessingml.styles+xml", read_styles, &reading);
    read_part(package, name, &reading);
    for (size_t i = 0; i < sizeof more / sizeof *more; i++)
        package_typed(package, more[i], read_part, &reading);
    free(reading.styles);
}
