/*
 * E-books: chapters, which are HTML, in the order of the spine.
 */
#include <string.h>

#include "reader/html.h"
#include "reader/package.h"

enum { LARGEST_CHAPTER = 32 << 20, MOST_ITEMS = 1 << 20, MOST_CHAPTERS = 10000 };

struct reading {
    struct package *package;
    char path[PACKAGE_PATH]; /* of the list of items */
    struct buffer items;     /* id, zero byte, path, zero byte, in turn */
    size_t chapters;
};

static bool find_root(struct package *package, char *out)
{
    struct xml xml;
    bool found = false;
    if (!package_xml(package, "META-INF/container.xml", &xml))
        return false;
    for (enum xml_event event; !found && (event = xml_next(&xml)) != XML_NOTHING;)
        if (event == XML_START && xml_is(&xml, "rootfile")) {
            const char *path = xml_attribute(&xml, "full-path");
            found = path && package_resolve(out, PACKAGE_PATH, "", path);
        }
    xml_close(&xml);
    return found;
}

static void keep_item(struct reading *reading, struct xml *xml)
{
    char path[PACKAGE_PATH];
    const char *target = xml_attribute(xml, "href");
    if (!target || !package_resolve(path, sizeof path, reading->path, target))
        return;
    const char *id = xml_attribute(xml, "id");
    if (!id)
        return;
    buffer_append(&reading->items, id, strlen(id) + 1);
    buffer_append(&reading->items, path, strlen(path) + 1);
    if (reading->items.failed)
        sink_fail(reading->package->sink, FRAME_UNPACKED);
}

static const char *find_item(const struct reading *reading, const char *id)
{
    const char *at = reading->items.data, *end = at ? at + reading->items.length : NULL;
    while (at < end) {
        const char *path = at + strlen(at) + 1;
        if (strcmp(at, id) == 0)
            return path;
        at = path + strlen(path) + 1;
    }
    return NULL;
}

static void read_chapter(struct reading *reading, const char *path)
{
    struct sink *sink = reading->package->sink;
    struct buffer chapter;
    if (++reading->chapters > MOST_CHAPTERS)
        sink_fail(sink, FRAME_UNPACKED);
    buffer_init(&chapter, LARGEST_CHAPTER);
    if (package_load(reading->package, path, &chapter) && chapter.length > 0) {
        html_read(sink, chapter.data, chapter.length);
        sink_end(sink);
    }
    buffer_clear(&chapter);
}

void epub_read(struct package *package)
{
    struct reading reading = {.package = package};
    struct xml xml;
    if (!find_root(package, reading.path) || !package_xml(package, reading.path, &xml)) {
        sink_fail(package->sink, FRAME_DAMAGED);
        return;
    }
    package_title(package, reading.path);
    buffer_init(&reading.items, MOST_ITEMS);
    for (enum xml_event event; (event = xml_next(&xml)) != XML_NOTHING;) {
        if (event == XML_START && xml_is(&xml, "item"))
            keep_item(&reading, &xml);
        if (event != XML_START || !xml_is(&xml, "itemref"))
            continue;
        const char *id = xml_attribute(&xml, "idref");
        const char *path = id ? find_item(&reading, id) : NULL;
        if (path)
            read_chapter(&reading, path);
    }
    xml_close(&xml);
    buffer_clear(&reading.items);
}
