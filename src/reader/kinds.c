/*
 * Kinds: the table of readers. To add a format, add a row here and one in document/format.c.
 *
 * The file is mapped and never written. If another process truncates it, a signal ends the reader,
 * which does no harm.
 */
#include "reader/kinds.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "reader/archive.h"
#include "reader/gzip.h"
#include "reader/html.h"
#include "reader/mail.h"
#include "reader/markdown.h"
#include "reader/markup.h"
#include "reader/notebook.h"
#include "reader/plain.h"
#include "reader/rst.h"
#include "reader/tex.h"

static const struct {
    const char *format;
    void (*read)(struct sink *sink, const char *bytes, size_t length);
} kinds[] = {
    {"code", plain_read_code}, {"delimited", delimited_read}, {"gzip", gzip_read},
    {"html", html_read},       {"json", json_text_read},      {"lines", plain_read_lines},
    {"mail", mail_read},       {"markdown", markdown_read},   {"notebook", notebook_read},
    {"package", archive_read}, {"prose", plain_read_prose},   {"rst", rst_read},
    {"tex", tex_read},         {"xml", markup_read},
};

void kinds_read(struct sink *sink, const char *bytes, size_t length, const char *format)
{
    sink->read = kinds_read;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i].format, format) == 0) {
            kinds[i].read(sink, bytes, length);
            return;
        }
    sink_fail(sink, FRAME_UNKNOWN);
}

int kinds_send(struct output *output, int descriptor, const char *format)
{
    static struct sink sink;
    struct stat status;
    if (fstat(descriptor, &status) || status.st_size <= 0)
        return FRAME_DAMAGED;
    size_t length = (size_t)status.st_size;
    const char *bytes = mmap(NULL, length, PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (bytes == MAP_FAILED)
        return FRAME_NO_MEMORY;
    sink_init(&sink, output);
    kinds_read(&sink, bytes, length, format);
    sink_end(&sink);
    if (!sink.failure)
        output_frame(output, FRAME_END, NULL, 0, NULL, 0);
    int failure = sink.failure;
    sink_clear(&sink);
    return failure;
}
