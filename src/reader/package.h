/*
 * Package: a document that is a zip archive of XML parts, with a bound on its unpacked size.
 */
#ifndef READER_PACKAGE_H
#define READER_PACKAGE_H

#include <stdbool.h>
#include <stdint.h>

#include <zip.h>

#include "reader/sink.h"
#include "reader/xml.h"

enum { PACKAGE_PATH = 512 };

struct package {
    struct zip *zip;
    struct sink *sink;
    uint64_t size;     /* of the archive */
    uint64_t unpacked; /* bytes so far */
};

/* Opens an archive and calls `read` with it; where it cannot be opened, the sink gets the failure.
 */
void package_open(struct sink *sink, const char *bytes, size_t length,
                  void (*read)(struct package *package));

/* Opens a part as XML; false where there is none. */
bool package_xml(struct package *package, const char *name, struct xml *out);

/* Appends all of a part; false where there is none. */
bool package_load(struct package *package, const char *name, struct buffer *out);

/* The path of a part that another one names relative to itself. False when it is too long. */
bool package_resolve(char *out, size_t size, const char *from, const char *target);

/* The target of a relation of a part: by its id, or by the end of its type when `id` is NULL. */
bool package_related(struct package *package, const char *part, const char *id, const char *type,
                     char *out, size_t size);

/* Calls `read` for each part of an Office document whose content type ends so; false for none. */
bool package_typed(struct package *package, const char *type,
                   void (*read)(struct package *package, const char *name, void *context),
                   void *context);

/* Sends what the part says in <title>. */
void package_title(struct package *package, const char *name);

void word_read(struct package *package, const char *name);
void sheet_read(struct package *package, const char *name);
void slides_read(struct package *package, const char *name);
void opendocument_read(struct package *package, bool spreadsheet);
void epub_read(struct package *package);

#endif
