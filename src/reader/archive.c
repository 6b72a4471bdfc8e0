/*
 * Archives: finds out by its parts which kind of document a package is, and reads it.
 */
#include "reader/archive.h"

#include <stdio.h>

#include "base/text.h"
#include "reader/package.h"

enum { LARGEST_TYPE = 64 << 20 };

static void copy_name(struct package *package, const char *name, void *context)
{
    (void)package;
    snprintf(context, PACKAGE_PATH, "%s", name);
}

static bool read_office(struct package *package)
{
    static const struct {
        const char *type;
        void (*read)(struct package *package, const char *name);
    } kinds[] = {
        {"wordprocessingml.document.main+xml", word_read},
        {"wordprocessingml.template.main+xml", word_read},
        {"ms-word.document.macroEnabled.main+xml", word_read},
        {"spreadsheetml.sheet.main+xml", sheet_read},
        {"spreadsheetml.template.main+xml", sheet_read},
        {"ms-excel.sheet.macroEnabled.main+xml", sheet_read},
        {"presentationml.presentation.main+xml", slides_read},
        {"presentationml.slideshow.main+xml", slides_read},
        {"ms-powerpoint.presentation.macroEnabled.main+xml", slides_read},
    };
    char name[PACKAGE_PATH];
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (package_typed(package, kinds[i].type, copy_name, name)) {
            package_title(package, "docProps/core.xml");
            kinds[i].read(package, name);
            return true;
        }
    return false;
}

static void read_kind(struct package *package)
{
    static const char open[] = "application/vnd.oasis.opendocument.";
    struct buffer type;
    buffer_init(&type, LARGEST_TYPE);
    bool typed = package_load(package, "mimetype", &type) && type.length > 0;
    if (typed && text_starts_with(type.data, "application/epub+zip"))
        epub_read(package);
    else if (typed && text_starts_with(type.data, open))
        opendocument_read(package, text_starts_with(type.data + sizeof open - 1, "spreadsheet"));
    else if (!package->sink->failure && !read_office(package))
        sink_fail(package->sink, FRAME_UNKNOWN);
    buffer_clear(&type);
}

void archive_read(struct sink *sink, const char *bytes, size_t length)
{
    package_open(sink, bytes, length, read_kind);
}
