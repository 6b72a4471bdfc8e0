/*
 * Packages by libzip over the mapped file, part by part as they are needed. Every unpacked byte
 * counts, whatever sizes the archive names: above a total, or where it is far more than usual for
 * an archive of that size, reading ends.
 */
#include "reader/package.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

enum { MOST_PARTS = 20000, MOST_RATIO = 250, FREE_BYTES = 32 << 20 };

static const uint64_t most_unpacked = (uint64_t)512 << 20;

static int read_file(struct package *package, zip_file_t *file, char *out, size_t length)
{
    zip_int64_t rc = zip_fread(file, out, length);
    if (rc < 0) {
        sink_fail(package->sink, FRAME_DAMAGED);
        return -1;
    }
    package->unpacked += (uint64_t)rc;
    if (package->unpacked > most_unpacked ||
        (package->unpacked > FREE_BYTES && package->unpacked / MOST_RATIO > package->size)) {
        sink_fail(package->sink, FRAME_UNPACKED);
        return -1;
    }
    return (int)rc;
}

static zip_file_t *open_file(struct package *package, const char *name)
{
    zip_int64_t index = zip_name_locate(package->zip, name, ZIP_FL_ENC_GUESS);
    if (index < 0 || package->sink->failure)
        return NULL;
    zip_file_t *file = zip_fopen_index(package->zip, (zip_uint64_t)index, 0);
    if (!file) {
        int code = zip_error_code_zip(zip_get_error(package->zip));
        sink_fail(package->sink, code == ZIP_ER_NOPASSWD ? FRAME_ENCRYPTED : FRAME_DAMAGED);
    }
    return file;
}

/* ---- Parts as XML --------------------------------------------------------------------------- */

struct part {
    struct package *package;
    zip_file_t *file;
};

static int read_part(void *context, char *out, int length)
{
    struct part *part = context;
    return length > 0 ? read_file(part->package, part->file, out, (size_t)length) : 0;
}

static int close_part(void *context)
{
    struct part *part = context;
    zip_fclose(part->file);
    free(part);
    return 0;
}

bool package_xml(struct package *package, const char *name, struct xml *out)
{
    zip_file_t *file = open_file(package, name);
    struct part *part = file ? malloc(sizeof *part) : NULL;
    if (!part) {
        if (file) {
            sink_fail(package->sink, FRAME_NO_MEMORY);
            zip_fclose(file);
        }
        return false;
    }
    *part = (struct part){package, file};
    *out = (struct xml){.sink = package->sink, .name = ""};
    out->reader = xmlReaderForIO(read_part, close_part, part, NULL, NULL,
                                 XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    if (!out->reader)
        sink_fail(package->sink, FRAME_NO_MEMORY);
    return out->reader;
}

bool package_load(struct package *package, const char *name, struct buffer *out)
{
    char bytes[1 << 14];
    int rc = 0;
    zip_file_t *file = open_file(package, name);
    if (!file)
        return false;
    while ((rc = read_file(package, file, bytes, sizeof bytes)) > 0)
        buffer_append(out, bytes, (size_t)rc);
    zip_fclose(file);
    if (out->failed)
        sink_fail(package->sink, out->failed == TREADLE_ELIMIT ? FRAME_UNPACKED : FRAME_NO_MEMORY);
    return rc == 0 && !out->failed;
}

/* ---- Names of parts ------------------------------------------------------------------------- */

static int hex(char digit)
{
    const char *digits = "0123456789abcdef";
    const char *at = digit ? strchr(digits, digit | 32) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* Removes the last folder of a path that ends with a slash. */
static size_t step_up(const char *path, size_t length)
{
    length -= length > 0;
    while (length > 0 && path[length - 1] != '/')
        length--;
    return length;
}

bool package_resolve(char *out, size_t size, const char *from, const char *target)
{
    const char *slash = strrchr(from, '/');
    size_t length = *target == '/' || !slash ? 0 : (size_t)(slash - from) + 1;
    target += *target == '/';
    if (length >= size)
        return false;
    memcpy(out, from, length);
    while (*target && *target != '#') {
        if (strncmp(target, "../", 3) == 0) {
            length = step_up(out, length);
            target += 3;
            continue;
        }
        if (strncmp(target, "./", 2) == 0)
            target += 2;
        while (*target && *target != '#') {
            bool coded = *target == '%' && hex(target[1]) >= 0 && hex(target[2]) >= 0;
            char byte = coded ? (char)(hex(target[1]) * 16 + hex(target[2])) : *target;
            if (byte == '\0' || length + 1 >= size)
                return false;
            out[length++] = byte;
            target += coded ? 3 : 1;
            if (byte == '/')
                break;
        }
    }
    out[length] = '\0';
    return true;
}

bool package_related(struct package *package, const char *part, const char *id, const char *type,
                     char *out, size_t size)
{
    char path[PACKAGE_PATH];
    const char *slash = strrchr(part, '/');
    size_t folder = slash ? (size_t)(slash - part) + 1 : 0;
    struct xml xml;
    bool found = false;
    if (folder + strlen(part + folder) + 12 > sizeof path)
        return false;
    snprintf(path, sizeof path, "%.*s_rels/%s.rels", (int)folder, part, part + folder);
    if (!package_xml(package, path, &xml))
        return false;
    for (enum xml_event event; !found && (event = xml_next(&xml)) != XML_NOTHING;) {
        if (event != XML_START || !xml_is(&xml, "Relationship"))
            continue;
        const char *value = xml_attribute(&xml, id ? "Id" : "Type");
        bool fits = value && (id ? strcmp(value, id) == 0 : text_ends_with(value, type));
        const char *target = fits ? xml_attribute(&xml, "Target") : NULL;
        found = target && package_resolve(out, size, part, target);
    }
    xml_close(&xml);
    return found;
}

bool package_typed(struct package *package, const char *type,
                   void (*read)(struct package *package, const char *name, void *context),
                   void *context)
{
    struct xml xml;
    bool found = false;
    if (!package_xml(package, "[Content_Types].xml", &xml))
        return false;
    for (enum xml_event event; (event = xml_next(&xml)) != XML_NOTHING;) {
        const char *value = event == XML_START && xml_is(&xml, "Override")
                                ? xml_attribute(&xml, "ContentType")
                                : NULL;
        if (!value || !text_ends_with(value, type))
            continue;
        const char *name = xml_attribute(&xml, "PartName");
        if (!name || *name != '/')
            continue;
        found = true;
        read(package, name + 1, context);
    }
    xml_close(&xml);
    return found;
}

void package_title(struct package *package, const char *name)
{
    struct xml xml;
    struct buffer title;
    bool within = false;
    if (!package_xml(package, name, &xml))
        return;
    buffer_init(&title, 1 << 16);
    for (enum xml_event event; (event = xml_next(&xml)) != XML_NOTHING;) {
        if (event == XML_TEXT && within)
            buffer_append_string(&title, xml.text);
        else if (event != XML_TEXT)
            within = event == XML_START && xml_is(&xml, "title");
    }
    xml_close(&xml);
    if (title.length > 0)
        sink_title(package->sink, title.data, title.length);
    buffer_clear(&title);
}

/* ---- The archive ---------------------------------------------------------------------------- */

void package_open(struct sink *sink, const char *bytes, size_t length,
                  void (*read)(struct package *package))
{
    struct package package = {.sink = sink, .size = length};
    zip_error_t error;
    zip_error_init(&error);
    zip_source_t *source = zip_source_buffer_create(bytes, length, 0, &error);
    if (source)
        package.zip = zip_open_from_source(source, ZIP_RDONLY, &error);
    if (!package.zip)
        zip_source_free(source);
    if (!package.zip)
        sink_fail(sink, FRAME_DAMAGED);
    else if (zip_get_num_entries(package.zip, 0) > MOST_PARTS)
        sink_fail(sink, FRAME_UNPACKED);
    else
        read(&package);
    if (package.zip)
        zip_discard(package.zip);
    zip_error_fini(&error);
}
