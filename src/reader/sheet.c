/*
 * Spreadsheets of Excel: each sheet is a heading and one table; values as the sheet shows them,
 * dates in ISO 8601.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "reader/package.h"

enum {
    MOST_STYLES = 65536,
    MOST_STRINGS = 128 << 20, /* bytes of the shared strings */
    SHEET_HEAD = 2,
    GAP = 2 /* empty rows between two tables */
};

enum look { LOOK_NUMBER, LOOK_DATE, LOOK_PERCENT };

struct reading {
    struct package *package;
    struct sink *sink;
    struct buffer strings; /* each with a zero byte after it */
    struct buffer starts;  /* of them, size_t each */
    struct buffer looks;   /* a byte for each style of cells */
    struct buffer codes;   /* of formats: unsigned number, unsigned look, in turn */
    bool since_1904;
    struct buffer value;
    char type[16];
    unsigned style;
    unsigned last_row;
};

static enum look look_of_code(const char *code)
{
    bool quoted = false, bracketed = false;
    for (; *code; code++) {
        quoted ^= *code == '"';
        bracketed = *code == '[' || (bracketed && *code != ']');
        if (quoted || bracketed)
            continue;
        if (*code == '\\' && code[1])
            code++;
        else if (*code == '%')
            return LOOK_PERCENT;
        else if (strchr("yYdDhHsS", *code))
            return LOOK_DATE;
    }
    return LOOK_NUMBER;
}

static enum look look_of_number(const struct reading *reading, unsigned number)
{
    const unsigned *codes = (const unsigned *)(const void *)reading->codes.data;
    for (size_t i = 0; i < reading->codes.length / sizeof *codes; i += 2)
        if (codes[i] == number)
            return (enum look)codes[i + 1];
    if ((number >= 14 && number <= 22) || (number >= 27 && number <= 36) ||
        (number >= 45 && number <= 47) || (number >= 50 && number <= 58))
        return LOOK_DATE;
    return number == 9 || number == 10 ? LOOK_PERCENT : LOOK_NUMBER;
}

static void read_styles(struct package *package, const char *name, void *context)
{
    struct reading *reading = context;
    struct xml xml;
    bool cells = false;
    if (!package_xml(package, name, &xml))
        return;
    for (enum xml_event event; (event = xml_next(&xml)) != XML_NOTHING;) {
        if (event != XML_TEXT && xml_is(&xml, "cellXfs"))
            cells = event == XML_START;
        if (event != XML_START)
            continue;
        if (xml_is(&xml, "numFmt")) {
            const char *code = xml_attribute(&xml, "formatCode");
            unsigned look = code ? look_of_code(code) : LOOK_NUMBER;
            unsigned pair[2] = {xml_number(&xml, "numFmtId", 0), look};
            buffer_append(&reading->codes, pair, sizeof pair);
        } else if (cells && xml_is(&xml, "xf")) {
            char look = (char)look_of_number(reading, xml_number(&xml, "numFmtId", 0));
            buffer_append_char(&reading->looks, look);
        }
    }
    xml_close(&xml);
}

static void end_string(struct reading *reading, size_t start)
{
    buffer_append_char(&reading->strings, '\0');
    buffer_append(&reading->starts, &start, sizeof start);
    if (reading->strings.failed || reading->starts.failed)
        sink_fail(reading->sink, FRAME_NO_MEMORY);
}

static void read_strings(struct package *package, const char *name, void *context)
{
    struct reading *reading = context;
    struct xml xml;
    bool text = false;
    size_t start = 0;
    if (!package_xml(package, name, &xml))
        return;
    for (enum xml_event event; (event = xml_next(&xml)) != XML_NOTHING;) {
        if (event == XML_START && xml_is(&xml, "rPh"))
            xml_skip(&xml);
        else if (event == XML_START && xml_is(&xml, "si"))
            start = reading->strings.length;
        else if (event == XML_END && xml_is(&xml, "si"))
            end_string(reading, start);
        else if (event == XML_TEXT && text)
            buffer_append_string(&reading->strings, xml.text);
        if (event != XML_TEXT)
            text = event == XML_START && xml_is(&xml, "t");
    }
    xml_close(&xml);
}

/* ---- Cells ---------------------------------------------------------------------------------- */

/* The column that "BC12" names, from 0. */
static size_t column_of(const char *reference)
{
    size_t column = 0;
    for (; *reference >= 'A' && *reference <= 'Z' && column <= SINK_COLUMNS; reference++)
        column = column * 26 + (size_t)(*reference - 'A') + 1;
    return column > 0 ? column - 1 : 0;
}

static void send_date(struct reading *reading, double days)
{
    char text[64];
    struct tm tm;
    double shift = reading->since_1904 ? 24107 : 25569;
    time_t seconds = (time_t)llround((days - shift) * 86400);
    if (!gmtime_r(&seconds, &tm))
        return;
    bool date = days >= 1, hours = tm.tm_hour || tm.tm_min || tm.tm_sec;
    const char *format = !date       ? tm.tm_sec ? "%H:%M:%S" : "%H:%M"
                         : !hours    ? "%Y-%m-%d"
                         : tm.tm_sec ? "%Y-%m-%d %H:%M:%S"
                                     : "%Y-%m-%d %H:%M";
    sink_text(reading->sink, text, strftime(text, sizeof text, format, &tm));
}

static void send_number(struct reading *reading, const char *value)
{
    char text[40], *end = NULL;
    double number = strtod(value, &end);
    enum look look = reading->style < reading->looks.length
                         ? (enum look)reading->looks.data[reading->style]
                         : LOOK_NUMBER;
    if (end == value || *end || !isfinite(number)) {
        sink_string(reading->sink, value);
    } else if (look == LOOK_DATE && number >= 0 && number < 2958466) {
        send_date(reading, number);
    } else {
        bool percent = look == LOOK_PERCENT;
        snprintf(text, sizeof text, "%.15g%s", percent ? number * 100 : number, percent ? "%" : "");
        sink_string(reading->sink, text);
    }
}

static void send_value(struct reading *reading)
{
    const char *value = reading->value.data;
    int64_t index = 0;
    if (reading->value.length == 0 || reading->value.failed)
        return;
    if (strcmp(reading->type, "s") == 0) {
        size_t start = 0, count = reading->starts.length / sizeof start;
        if (text_to_integer(value, 0, INT32_MAX, &index) || (size_t)index >= count)
            return;
        memcpy(&start, reading->starts.data + (size_t)index * sizeof start, sizeof start);
        sink_string(reading->sink, reading->strings.data + start);
    } else if (strcmp(reading->type, "b") == 0) {
        sink_string(reading->sink, *value == '1' ? "TRUE" : "FALSE");
    } else if (strcmp(reading->type, "n") == 0) {
        send_number(reading, value);
    } else {
        sink_string(reading->sink, value);
    }
}

static void begin_cell(struct reading *reading, struct xml *xml)
{
    const char *reference = xml_attribute(xml, "r");
    if (reference)
        sink_cell_skip(reading->sink, column_of(reference));
    sink_cell_begin(reading->sink, false, 1, 1);
    const char *type = xml_attribute(xml, "t");
    snprintf(reading->type, sizeof reading->type, "%s", type ? type : "n");
    reading->style = xml_number(xml, "s", 0);
    buffer_reset(&reading->value);
}

static void begin_row(struct reading *reading, struct xml *xml)
{
    unsigned row = xml_number(xml, "r", reading->last_row + 1);
    if (reading->last_row && row > reading->last_row + GAP) {
        sink_table_end(reading->sink);
        sink_table_begin(reading->sink, SHEET_HEAD);
    }
    reading->last_row = row;
    sink_row_begin(reading->sink);
}

static void read_cells(struct reading *reading, struct xml *xml)
{
    bool value = false;
    for (enum xml_event event; (event = xml_next(xml)) != XML_NOTHING;) {
        if (event == XML_TEXT && value)
            buffer_append_string(&reading->value, xml->text);
        if (event == XML_TEXT)
            continue;
        bool start = event == XML_START;
        value = start && (xml_is(xml, "v") || xml_is(xml, "t"));
        if (xml_is(xml, "rPh") && start)
            xml_skip(xml);
        else if (xml_is(xml, "row") && start)
            begin_row(reading, xml);
        else if (xml_is(xml, "row"))
            sink_row_end(reading->sink, false);
        else if (xml_is(xml, "c") && start)
            begin_cell(reading, xml);
        else if (xml_is(xml, "c"))
            send_value(reading), sink_cell_end(reading->sink);
    }
}

static void read_sheet(struct reading *reading, const char *path, const char *title)
{
    struct xml xml;
    sink_begin(reading->sink, FRAME_HEADING, 1);
    sink_string(reading->sink, title);
    sink_end(reading->sink);
    if (!package_xml(reading->package, path, &xml))
        return;
    reading->last_row = 0;
    sink_table_begin(reading->sink, SHEET_HEAD);
    read_cells(reading, &xml);
    sink_table_end(reading->sink);
    xml_close(&xml);
}

static void read_workbook(struct reading *reading, const char *name)
{
    char title[256], path[PACKAGE_PATH];
    struct xml xml;
    if (!package_xml(reading->package, name, &xml))
        return;
    for (enum xml_event event; (event = xml_next(&xml)) != XML_NOTHING;) {
        if (event == XML_START && xml_is(&xml, "workbookPr")) {
            const char *since = xml_attribute(&xml, "date1904");
            reading->since_1904 = since && (*since == '1' || *since == 't');
        }
        if (event != XML_START || !xml_is(&xml, "sheet"))
            continue;
        const char *text = xml_attribute(&xml, "name");
        size_t length = text ? text_cut(text, strlen(text) < 255 ? strlen(text) : 255) : 0;
        snprintf(title, sizeof title, "%.*s", (int)length, text ? text : "");
        const char *id = xml_attribute(&xml, "r:id");
        if (id && package_related(reading->package, name, id, NULL, path, sizeof path))
            read_sheet(reading, path, title);
    }
    xml_close(&xml);
}

void sheet_read(struct package *package, const char *name)
{
    struct reading reading = {.package = package, .sink = package->sink};
    buffer_init(&reading.strings, MOST_STRINGS);
    buffer_init(&reading.starts, MOST_STRINGS);
    buffer_init(&reading.looks, MOST_STYLES);
    buffer_init(&reading.codes, MOST_STYLES);
    buffer_init(&reading.value, 1 << 20);
    package_typed(package, "spreadsheetml.styles+xml", read_styles, &reading);
    package_typed(package, "spreadsheetml.sharedStrings+xml", read_strings, &reading);
    read_workbook(&reading, name);
    buffer_clear(&reading.strings);
    buffer_clear(&reading.starts);
    buffer_clear(&reading.looks);
    buffer_clear(&reading.codes);
    buffer_clear(&reading.value);
}
