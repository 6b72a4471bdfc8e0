/*
 * Documents: finds out what a file is, has it read and owns the result. Content decides before the
 * name: a file that begins as a PDF is one, with any name. The descriptor's own position is neither
 * used nor moved, and a reader gets one that cannot write.
 */
#include "document/document.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"
#include "document/assemble.h"
#include "document/fold.h"
#include "document/fork_server.h"
#include "document/format.h"
#include "document/gather.h"
#include "document/launch.h"
#include "document/notice.h"
#include "document/receive.h"

enum {
    CHECK_MEMORY = 256 << 20,
    CHECK_PATIENCE = 2000 /* milliseconds */
};

static const uint64_t default_text = (uint64_t)256 << 20;

/* A document with the arena that all of it lives in; `document` comes first. */
struct owned {
    struct document document;
    struct arena *arena;
};

struct source {
    int descriptor;
    uint64_t size;
    const char *filename;
    bool unpacked; /* it was compressed */
    const struct document_options *options;
};

static int read_all(const struct source *source, char *out, size_t length,
                    struct treadle_error *error)
{
    size_t have = 0;
    while (have < length) {
        ssize_t rc = pread(source->descriptor, out + have, length - have, (off_t)have);
        if (rc < 0 && errno == EINTR)
            continue;
        if (rc < 0)
            return error_set_errno(error, TREADLE_EIO, errno, "cannot read the file");
        if (rc == 0)
            return error_set(error, TREADLE_EIO, "the file became shorter while it was read");
        have += (size_t)rc;
    }
    return 0;
}

/* What the file is. A file whose bytes are not what its name says is broken; one of another kind is
 * not supported. */
static int find_format(const struct source *source, const struct format **out,
                       struct treadle_error *error)
{
    char head[FORMAT_HEAD];
    size_t length = source->size < sizeof head ? (size_t)source->size : sizeof head;
    const char *why = NULL;
    if (length == 0)
        return error_set(error, TREADLE_EPARSE, "the file is empty");
    int rc = read_all(source, head, length, error);
    if (rc)
        return rc;
    *out = format_find(head, length, source->filename, &why);
    if (*out && source->size > (*out)->size)
        return error_set(error, TREADLE_ELIMIT, "the %s is larger than the %llu MiB allowed",
                         (*out)->noun, (unsigned long long)((*out)->size >> 20));
    if (*out)
        return 0;
    return error_set(error,
                     format_is_named(source->filename) ? TREADLE_EPARSE : TREADLE_EUNSUPPORTED,
                     "the file is %s", why);
}

static uint64_t text_limit(const struct document_options *options, const struct format *format)
{
    uint64_t limit = options->max_text ? options->max_text : default_text;
    return limit < format->text ? limit : format->text;
}

/* A descriptor of the same file that can only be read and has a position of its own. */
static int open_again(int descriptor, int *out, struct treadle_error *error)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
    int again = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (again < 0)
        return error_set_errno(error, TREADLE_EIO, errno, "cannot open the file for its reader");
    *out = again;
    return 0;
}

/* Why no text was found in pictures. */
static const char *explain_pictures(const struct sheaf *sheaf)
{
    uint32_t notices = 0;
    for (size_t p = 0; p < sheaf->count; p++)
        notices |= sheaf->sheets[p].notices;
    if (notices & 1u << NOTICE_NO_RECOGNITION)
        return "; it is a scan, and text recognition is not installed (tesseract with the data of "
               "the languages)";
    if (notices & 1u << NOTICE_RECOGNIZED)
        return "; it is a scan, and no text was recognized in it";
    return notices & 1u << NOTICE_NO_TEXT ? "; it is a scan, and text recognition is turned off"
                                          : ", nor a picture of text";
}

static int check_text(const struct blocks *blocks, const struct sheaf *sheaf,
                      struct treadle_error *error)
{
    size_t unreadable = 0;
    if (blocks->list.length > 0)
        return 0;
    for (size_t p = 0; p < sheaf->count; p++)
        unreadable += sheaf->sheets[p].notices & 1u << NOTICE_LETTERS ? 1 : 0;
    if (unreadable * 2 > sheaf->count)
        return error_set(error, TREADLE_EUNSUPPORTED,
                         "the letters of the PDF cannot be read, because its fonts do not say "
                         "which letters they show");
    return error_set(error, TREADLE_EUNSUPPORTED, "the %s has no text on its %zu page%s%s",
                     sheaf->format->noun, sheaf->count, sheaf->count == 1 ? "" : "s",
                     explain_pictures(sheaf));
}

static int read_title(struct blocks *blocks, const char *title, struct document *document,
                      struct treadle_error *error)
{
    struct buffer folded;
    buffer_init(&folded, 4096);
    int rc = title ? fold_line(&folded, title, strlen(title), error) : 0;
    if (!rc && folded.length > 0) {
        document->title = arena_copy(blocks->arena, folded.data, folded.length);
        rc = document->title ? 0 : error_set_memory(error);
    }
    buffer_clear(&folded);
    return rc;
}

/* Copies the labels of the pages. */
static int read_labels(struct document *document, const struct sheaf *sheaf, struct arena *arena,
                       struct treadle_error *error)
{
    if (!sheaf->labels)
        return 0;
    const char **labels = arena_array(arena, sheaf->count, sizeof *labels);
    bool copied = labels;
    for (size_t p = 0; p < sheaf->count && copied; p++) {
        labels[p] = arena_string(arena, sheaf->labels[p]);
        copied = labels[p] || !sheaf->labels[p];
    }
    document->labels = labels;
    return copied ? 0 : error_set_memory(error);
}

static int read_pages(struct document *document, struct blocks *blocks, const struct format *format,
                      const struct source *source, struct treadle_error *error)
{
    int again = -1;
    uint64_t limit = text_limit(source->options, format);
    struct sheaf sheaf = {.arena = arena_new((size_t)limit * 4 + ((size_t)64 << 20)),
                          .format = format};
    int rc = sheaf.arena ? open_again(source->descriptor, &again, error) : error_set_memory(error);
    if (!rc)
        rc = gather_pages(&sheaf, again, source->size, source->options, error);
    if (!rc)
        rc = assemble_blocks(blocks, &sheaf, error);
    if (!rc)
        rc = notice_collect(document, &sheaf, blocks->arena, error);
    if (!rc)
        rc = check_text(blocks, &sheaf, error);
    if (!rc)
        rc = read_title(blocks, sheaf.title, document, error);
    if (!rc)
        rc = read_labels(document, &sheaf, blocks->arena, error);
    document->page_count = (int)sheaf.count;
    if (again >= 0)
        close(again);
    arena_free(sheaf.arena);
    return rc;
}

static int read_blocks(struct document *document, struct blocks *blocks,
                       const struct format *format, const struct source *source,
                       struct treadle_error *error)
{
    int again = -1;
    struct sheaf sheaf = {.arena = blocks->arena, .format = format, .blocks = blocks};
    int rc = open_again(source->descriptor, &again, error);
    if (!rc)
        rc = gather_pages(&sheaf, again, source->size, source->options, error);
    if (!rc && blocks->list.length == 0)
        rc = error_set(error, TREADLE_EUNSUPPORTED, "the %s holds no text", format->noun);
    if (!rc)
        rc = notice_collect(document, &sheaf, blocks->arena, error);
    if (!rc)
        rc = read_title(blocks, sheaf.title, document, error);
    document->page_count = sheaf.last_page;
    if (again >= 0)
        close(again);
    return rc;
}

static int read_source(struct owned *owned, const struct source *source,
                       struct treadle_error *error);

/* Unpacks the file in the sandbox and reads its content, under its name without .gz. */
static int read_compressed(struct owned *owned, const struct format *format,
                           const struct source *source, struct treadle_error *error)
{
    char name[NAME_MAX + 1] = "";
    struct blocks none;
    struct unpacked unpacked = {.room = text_limit(source->options, format)};
    struct stat status;
    int again = -1;
    if (source->unpacked)
        return error_set(error, TREADLE_EUNSUPPORTED,
                         "the file is compressed more than once, and such a file is not read");
    if (source->filename && text_ends_with(source->filename, ".gz"))
        snprintf(name, sizeof name, "%.*s", (int)strlen(source->filename) - 3, source->filename);
    blocks_init(&none, owned->arena, 0);
    struct sheaf sheaf = {
        .arena = owned->arena, .format = format, .blocks = &none, .unpacked = &unpacked};
    unpacked.descriptor = memfd_create("unpacked", MFD_CLOEXEC);
    int rc = unpacked.descriptor < 0
                 ? error_set_errno(error, TREADLE_EIO, errno, "cannot keep what was unpacked")
                 : open_again(source->descriptor, &again, error);
    if (!rc)
        rc = gather_pages(&sheaf, again, source->size, source->options, error);
    if (!rc && fstat(unpacked.descriptor, &status))
        rc = error_set_errno(error, TREADLE_EIO, errno, "cannot read what was unpacked");
    if (!rc) {
        struct source inner = *source;
        inner.descriptor = unpacked.descriptor;
        inner.size = (uint64_t)status.st_size;
        inner.filename = name;
        inner.unpacked = true;
        rc = read_source(owned, &inner, error);
    }
    if (again >= 0)
        close(again);
    if (unpacked.descriptor >= 0)
        close(unpacked.descriptor);
    return rc;
}

static int read_source(struct owned *owned, const struct source *source,
                       struct treadle_error *error)
{
    const struct format *format = NULL;
    int rc = find_format(source, &format, error);
    if (rc)
        return rc;
    if (format->sends == FORMAT_BYTES)
        return read_compressed(owned, format, source, error);
    struct blocks blocks;
    blocks_init(&blocks, owned->arena, text_limit(source->options, format));
    blocks.stop = source->options->stop;
    if (format->sends == FORMAT_PAGES)
        rc = read_pages(&owned->document, &blocks, format, source, error);
    else
        rc = read_blocks(&owned->document, &blocks, format, source, error);
    if (!rc)
        rc = blocks_finish(&blocks, &owned->document, error);
    blocks_clear(&blocks);
    return rc;
}

/* Whether the text names languages as tesseract does, and no path. */
static bool are_languages(const char *text)
{
    static const char known[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-";
    return !text || (*text && strlen(text) <= 100 && text[strspn(text, known)] == '\0');
}

int document_read(struct document **out, int descriptor, const char *filename,
                  const struct document_options *options, struct treadle_error *error)
{
    static const struct document_options defaults;
    struct stat status;
    if (fstat(descriptor, &status))
        return error_set_errno(error, TREADLE_EIO, errno, "cannot read the file");
    if (!S_ISREG(status.st_mode))
        return error_set(error, TREADLE_EINVALID, "not a regular file");
    struct source source = {.descriptor = descriptor,
                            .size = (uint64_t)status.st_size,
                            .filename = filename,
                            .options = options ? options : &defaults};
    uint64_t limit = source.options->max_text ? source.options->max_text : default_text;
    if (limit > SIZE_MAX / 16)
        return error_set(error, TREADLE_EINVALID, "max_text is too large");
    if (!are_languages(source.options->languages))
        return error_set(error, TREADLE_EINVALID, "these are not languages, as eng+deu: %s",
                         source.options->languages);
    struct owned *owned = calloc(1, sizeof *owned);
    if (!owned)
        return error_set_memory(error);
    owned->arena = arena_new((size_t)limit * 4 + ((size_t)1 << 20));
    int rc = owned->arena ? read_source(owned, &source, error) : error_set_memory(error);
    if (rc) {
        document_free(&owned->document);
        return rc;
    }
    *out = &owned->document;
    return 0;
}

void document_free(struct document *document)
{
    struct owned *owned = (struct owned *)document;
    if (!owned)
        return;
    arena_free(owned->arena);
    free(owned);
}

/* Whether a reader says that it has confined itself, and how. */
static bool starts(struct fork_server *server, bool *contained, bool *landlock)
{
    struct launch_options options = {.server = server,
                                     .check = true,
                                     .document = -1,
                                     .memory = CHECK_MEMORY,
                                     .seconds = 1,
                                     .page_seconds = 1,
                                     .parts = 1};
    struct launch launch;
    struct sheaf none = {0};
    uint64_t budget = 0;
    struct receiver receiver;
    char bytes[64];
    if (launch_start(&launch, &options, NULL))
        return false;
    receive_init(&receiver, &none, 0, 1, 0, &budget);
    ssize_t length = read(launch.output, bytes, sizeof bytes);
    bool ready = length > 0 && receive_bytes(&receiver, bytes, (size_t)length, NULL) == 0 &&
                 receiver.state == RECEIVE_READY;
    *landlock = receiver.landlock;
    *contained = fork_server_contains(server);
    receive_clear(&receiver);
    launch_end(&launch, CHECK_PATIENCE);
    return ready;
}

const char *document_sandbox_advice(const char *sandbox)
{
    if (strncmp(sandbox, "bubblewrap", strlen("bubblewrap")) == 0)
        return NULL;
    return fork_server_can_contain()
               ? "bubblewrap is installed, but this system does not let it make a sandbox"
               : "install the package bubblewrap for the stronger one";
}

const char *document_sandbox(const struct document_options *options)
{
    struct fork_server *own = NULL, *server = options ? options->server : NULL;
    bool contained = false, landlock = false;
    if (!server && fork_server_open(&own, options ? options->reader : NULL, NULL))
        return "none: the document reader cannot be found";
    bool ready = starts(server ? server : own, &contained, &landlock);
    fork_server_close(own);
    if (!ready)
        return "none: the document reader cannot be run or cannot confine itself";
    if (contained)
        return landlock ? "bubblewrap, landlock, seccomp and limits"
                        : "bubblewrap, seccomp and limits";
    return landlock ? "landlock, seccomp and limits" : "seccomp and limits";
}
