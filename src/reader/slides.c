/*
 * Presentations of PowerPoint: each slide is a page, its title a heading; its notes follow it.
 */
#include <string.h>

#include "base/text.h"
#include "reader/package.h"

enum { MOST_SLIDES = 20000, TABLE_HEAD = 3 };

struct reading {
    struct sink *sink;
    bool notes;     /* of a slide: only the notes of the speaker */
    bool noted;     /* some of that was sent */
    bool skip;      /* the shape repeats on all slides */
    unsigned level; /* of a heading; 0 for other shapes */
    bool in_text;
};

static void begin_place(struct reading *reading, struct xml *xml)
{
    static const char *const repeated[] = {"sldNum", "dt", "ftr", "hdr", "sldImg"};
    const char *type = xml_attribute(xml, "type");
    if (!type)
        type = "";
    reading->level = strcmp(type, "title") == 0 || strcmp(type, "ctrTitle") == 0 ? 1
                     : strcmp(type, "subTitle") == 0                             ? 2
                                                                                 : 0;
    for (size_t i = 0; i < sizeof repeated / sizeof *repeated; i++)
        reading->skip = reading->skip || strcmp(type, repeated[i]) == 0;
    if (reading->notes)
        reading->skip = strcmp(type, "body") != 0;
}

static void begin_paragraph(struct reading *reading)
{
    bool heading = reading->level && !reading->notes;
    sink_begin(reading->sink, heading ? FRAME_HEADING : FRAME_PARAGRAPH, reading->level);
}

static void send_text(struct reading *reading, const char *text)
{
    if (reading->notes && !reading->noted)
        sink_string(reading->sink, "Notes: ");
    reading->noted = true;
    sink_string(reading->sink, text);
}

static void begin_part(struct reading *reading, struct xml *xml)
{
    struct sink *sink = reading->sink;
    if (xml_is(xml, "sp"))
        reading->skip = reading->notes, reading->level = 0;
    else if (xml_is(xml, "ph"))
        begin_place(reading, xml);
    else if (reading->skip)
        return;
    else if (xml_is(xml, "p"))
        begin_paragraph(reading);
    else if (xml_is(xml, "t"))
        reading->in_text = true;
    else if (xml_is(xml, "br"))
        sink_text(sink, " ", 1);
    else if (xml_is(xml, "tbl"))
        sink_table_begin(sink, TABLE_HEAD);
    else if (xml_is(xml, "tr"))
        sink_row_begin(sink);
    else if (xml_is(xml, "tc") && !xml_number(xml, "hMerge", 0) && !xml_number(xml, "vMerge", 0))
        sink_cell_begin(sink, false, xml_number(xml, "gridSpan", 1), xml_number(xml, "rowSpan", 1));
}

static void end_part(struct reading *reading, const struct xml *xml)
{
    struct sink *sink = reading->sink;
    if (xml_is(xml, "t"))
        reading->in_text = false;
    else if (xml_is(xml, "sp"))
        reading->skip = reading->notes, reading->level = 0;
    else if (reading->skip)
        return;
    else if (xml_is(xml, "p"))
        sink_begin(sink, FRAME_PARAGRAPH, 0);
    else if (xml_is(xml, "tc"))
        sink_cell_end(sink);
    else if (xml_is(xml, "tr"))
        sink_row_end(sink, false);
    else if (xml_is(xml, "tbl"))
        sink_table_end(sink);
}

static void read_slide(struct package *package, const char *path, bool notes)
{
    struct reading reading = {.sink = package->sink, .notes = notes, .skip = notes};
    struct xml xml;
    if (!package_xml(package, path, &xml))
        return;
    for (enum xml_event event; (event = xml_next(&xml)) != XML_NOTHING;) {
        if (event == XML_START && xml_is(&xml, "Fallback"))
            xml_skip(&xml);
        else if (event == XML_START)
            begin_part(&reading, &xml);
        else if (event == XML_END)
            end_part(&reading, &xml);
        else if (reading.in_text && !reading.skip)
            send_text(&reading, xml.text);
    }
    xml_close(&xml);
    sink_end(package->sink);
}

void slides_read(struct package *package, const char *name)
{
    char path[PACKAGE_PATH], notes[PACKAGE_PATH];
    unsigned number = 0;
    struct xml xml;
    if (!package_xml(package, name, &xml))
        return;
    for (enum xml_event event; (event = xml_next(&xml)) != XML_NOTHING;) {
        if (event != XML_START || !xml_is(&xml, "sldId"))
            continue;
        const char *id = xml_attribute(&xml, "r:id");
        if (++number > MOST_SLIDES)
            sink_fail(package->sink, FRAME_UNPACKED);
        if (!id || !package_related(package, name, id, NULL, path, sizeof path))
            continue;
        sink_page(package->sink, number);
        read_slide(package, path, false);
        if (package_related(package, path, NULL, "/notesSlide", notes, sizeof notes))
            read_slide(package, notes, true);
    }
    xml_close(&xml);
}
