/*
 * Pictures by leptonica, which tesseract brings along: it is loaded when the reader runs.
 *
 * The size that the head of a picture names is looked at before anything is decoded. Small pictures
 * are doubled, since letters of a screen are smaller than what tesseract was made for.
 */
#include "reader/image.h"

#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>

#include "base/buffer.h"
#include "base/text.h"

enum {
    MOST_PIXELS = 100000000,
    LONGEST_SIDE = 32000,
    MOST_PAGES = 1000,
    SMALL_SIDE = 1500,
    USUAL_DENSITY = 150, /* dots to an inch where the picture names none that can be true */
    LEAST_DENSITY = 70,
    MOST_DENSITY = 1200,
    POINTS = 72,
    SILENT = 6, /* leptonica's word for no messages */
    MOST_WORDS = 200000
};

struct pix;

/* The part of leptonica that is used. */
static struct {
    bool loaded;
    int (*read_header)(const unsigned char *bytes, size_t size, int *format, int *width,
                       int *height, int *bits, int *samples, int *colours);
    int (*read_tiff_header)(const unsigned char *bytes, size_t size, int page, int *width,
                            int *height, int *bits, int *samples, int *density, int *colours,
                            int *format);
    int (*count_tiff)(FILE *file, int *count);
    struct pix *(*read)(const unsigned char *bytes, size_t size);
    struct pix *(*read_tiff)(const unsigned char *bytes, size_t size, int page);
    struct pix *(*remove_alpha)(struct pix *pix);
    struct pix *(*convert)(struct pix *pix, int colours);
    struct pix *(*scale)(struct pix *pix, float x, float y);
    int (*swap)(struct pix *pix);
    uint32_t *(*data)(struct pix *pix);
    int (*width)(const struct pix *pix);
    int (*height)(const struct pix *pix);
    int (*row_words)(const struct pix *pix);
    int (*density)(const struct pix *pix);
    int (*silence)(int severity);
    void (*destroy)(struct pix **pix);
} lept;

void image_load(void)
{
    static const char *const names[] = {"libleptonica.so.6", "liblept.so.5"};
    const struct {
        void *slot;
        const char *name;
    } functions[] = {
        {&lept.read_header, "pixReadHeaderMem"},
        {&lept.read_tiff_header, "readHeaderMemTiff"},
        {&lept.count_tiff, "tiffGetCount"},
        {&lept.read, "pixReadMem"},
        {&lept.read_tiff, "pixReadMemTiff"},
        {&lept.remove_alpha, "pixRemoveAlpha"},
        {&lept.convert, "pixConvertTo8"},
        {&lept.scale, "pixScale"},
        {&lept.swap, "pixEndianByteSwap"},
        {&lept.data, "pixGetData"},
        {&lept.width, "pixGetWidth"},
        {&lept.height, "pixGetHeight"},
        {&lept.row_words, "pixGetWpl"},
        {&lept.density, "pixGetXRes"},
        {&lept.silence, "setMsgSeverity"},
        {&lept.destroy, "pixDestroy"},
    };
    void *library = NULL;
    for (size_t i = 0; i < sizeof names / sizeof *names && !library; i++)
        library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        void *symbol = library ? dlsym(library, functions[i].name) : NULL;
        if (!symbol)
            return;
        memcpy(functions[i].slot, &symbol, sizeof symbol);
    }
    lept.silence(SILENT);
    lept.loaded = true;
}

/* ---- Decoding ------------------------------------------------------------------------------- */

struct file {
    const unsigned char *bytes;
    size_t length;
    bool tiff;
};

static int count_pages(const struct file *file)
{
    int count = 0;
    FILE *stream =
        lept.loaded && file->tiff ? fmemopen((void *)file->bytes, file->length, "r") : NULL;
    if (!stream)
        return 1;
    if (lept.count_tiff(stream, &count))
        count = 1;
    fclose(stream);
    return count < 1 ? 1 : count > MOST_PAGES ? MOST_PAGES : count;
}

/* 0, or why the page, from 0, is not to be decoded. */
static int look(const struct file *file, int page)
{
    int width = 0, height = 0, unused;
    int rc = file->tiff ? lept.read_tiff_header(file->bytes, file->length, page, &width, &height,
                                                &unused, &unused, &unused, &unused, &unused)
                        : lept.read_header(file->bytes, file->length, &unused, &width, &height,
                                           &unused, &unused, &unused);
    if (rc || width <= 0 || height <= 0)
        return FRAME_DAMAGED;
    return width > LONGEST_SIDE || height > LONGEST_SIDE || (int64_t)width * height > MOST_PIXELS
               ? FRAME_UNPACKED
               : 0;
}

static struct pix *replace(struct pix *old, struct pix *new)
{
    if (old && new != old)
        lept.destroy(&old);
    return new;
}

/* The page in grey, a byte a pixel; NULL where it is damaged. */
static struct pix *decode(const struct file *file, int page, double *dots)
{
    struct pix *pix = file->tiff ? lept.read_tiff(file->bytes, file->length, page)
                                 : lept.read(file->bytes, file->length);
    int density = pix ? lept.density(pix) : 0, scale = 1;
    if (pix)
        pix = replace(pix, lept.remove_alpha(pix));
    if (pix)
        pix = replace(pix, lept.convert(pix, 0));
    if (pix && lept.width(pix) < SMALL_SIDE && lept.height(pix) < SMALL_SIDE) {
        scale = 2;
        pix = replace(pix, lept.scale(pix, 2, 2));
    }
    if (pix)
        lept.swap(pix);
    bool sensible = density >= LEAST_DENSITY && density <= MOST_DENSITY;
    *dots = (double)(sensible ? density : USUAL_DENSITY) * scale / POINTS;
    return pix;
}

/* ---- Sending -------------------------------------------------------------------------------- */

static int32_t hundredths(double points)
{
    return points < -1e6 ? -100000000 : points > 1e6 ? 100000000 : (int32_t)(points * 100);
}

struct found {
    struct buffer words; /* struct frame_word each */
    struct buffer texts; /* theirs, without ends */
};

static void keep(const struct recognized *recognized, void *context)
{
    struct found *found = context;
    size_t length = strlen(recognized->text);
    if (length == 0 || length > FRAME_LIMIT / 2 || !text_is_utf8(recognized->text, length) ||
        found->words.length / sizeof(struct frame_word) >= MOST_WORDS)
        return;
    struct frame_word word = {.left = hundredths(recognized->left),
                              .top = hundredths(recognized->top),
                              .base = hundredths(recognized->base),
                              .style = recognized->space ? FRAME_SPACE : 0,
                              .length = (uint32_t)length};
    int32_t right = hundredths(recognized->right), bottom = hundredths(recognized->bottom);
    int32_t size = hundredths(recognized->size);
    word.right = right > word.left ? right : word.left;
    word.bottom = bottom > word.top ? bottom : word.top;
    word.size = size > 0 ? size : 0;
    buffer_append(&found->words, &word, sizeof word);
    buffer_append(&found->texts, recognized->text, length);
}

static int compare(const void *a, const void *b)
{
    const struct frame_word *left = a, *right = b;
    return (left->size > right->size) - (left->size < right->size);
}

/* The size in the middle. The height of a line depends on its letters, so sizes near it are taken
 * for it. */
static int32_t middle_size(const struct found *found, size_t count)
{
    struct frame_word *sorted = malloc(found->words.length + 1);
    int32_t middle = 0;
    if (sorted && count > 0) {
        memcpy(sorted, found->words.data, found->words.length);
        qsort(sorted, count, sizeof *sorted, compare);
        middle = sorted[count / 2].size;
    }
    free(sorted);
    return middle;
}

static void send_words(struct output *output, const struct found *found)
{
    size_t count = found->words.length / sizeof(struct frame_word), at = 0;
    int32_t middle = middle_size(found, count);
    for (size_t i = 0; i < count; i++) {
        struct frame_word word;
        memcpy(&word, found->words.data + i * sizeof word, sizeof word);
        if (word.size * 10 > middle * 7 && word.size * 10 < middle * 13)
            word.size = middle;
        output_frame(output, FRAME_WORDS, &word, sizeof word, found->texts.data + at, word.length);
        at += word.length;
    }
}

static void send_notice(struct output *output, enum notice_code code)
{
    struct frame_notice said = {.code = code};
    output_frame(output, FRAME_NOTICE, &said, sizeof said, NULL, 0);
}

static void recognize(struct output *output, const struct file *file, int page,
                      struct recognizer *recognizer)
{
    struct found found;
    double dots = 1;
    struct pix *pix = decode(file, page, &dots);
    if (!pix) {
        send_notice(output, NOTICE_PAGE_DAMAGED);
        return;
    }
    struct picture picture = {(const unsigned char *)lept.data(pix), lept.width(pix),
                              lept.height(pix), lept.row_words(pix) * 4, dots};
    struct frame_size size = {hundredths(picture.width / dots), hundredths(picture.height / dots)};
    buffer_init(&found.words, sizeof(struct frame_word) * MOST_WORDS);
    buffer_init(&found.texts, (size_t)64 << 20);
    recognize_picture(recognizer, &picture, keep, &found);
    lept.destroy(&pix);
    output_frame(output, FRAME_SIZE, &size, sizeof size, NULL, 0);
    send_notice(output, NOTICE_RECOGNIZED);
    if (!found.words.failed && !found.texts.failed)
        send_words(output, &found);
    buffer_clear(&found.words);
    buffer_clear(&found.texts);
}

/* Without languages it is only said that there are pages, and that they have no text. */
static void send_page(struct output *output, const struct frame_request *request,
                      const struct file *file, int page, struct recognizer *recognizer)
{
    struct frame_page begin = {.number = (uint32_t)page + 1};
    output_frame(output, FRAME_PAGE, &begin, sizeof begin, NULL, 0);
    output_flush(output);
    const struct itimerval time = {.it_value = {.tv_sec = (time_t)request->page_seconds}};
    setitimer(ITIMER_PROF, &time, NULL);
    if (!request->languages[0])
        send_notice(output, lept.loaded && look(file, page) ? NOTICE_PAGE_DAMAGED : NOTICE_NO_TEXT);
    else if (!recognizer || !lept.loaded)
        send_notice(output, NOTICE_NO_RECOGNITION);
    else if (look(file, page) == 0)
        recognize(output, file, page, recognizer);
}

int image_send(struct output *output, const struct frame_request *request, int descriptor,
               struct recognizer *recognizer)
{
    struct stat status;
    if (fstat(descriptor, &status) || status.st_size < 4)
        return FRAME_DAMAGED;
    void *bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (bytes == MAP_FAILED)
        return FRAME_NO_MEMORY;
    struct file file = {.bytes = bytes, .length = (size_t)status.st_size};
    file.tiff = memcmp(bytes, "II", 2) == 0 || memcmp(bytes, "MM", 2) == 0;
    int reason = lept.loaded ? look(&file, 0) : 0, pages = count_pages(&file);
    if (reason)
        return reason;
    struct frame_document document = {.pages = (uint32_t)pages};
    output_frame(output, FRAME_DOCUMENT, &document, sizeof document, NULL, 0);
    for (int page = (int)request->first; page < pages; page++)
        if ((unsigned)page / FRAME_STRIPE % request->parts == request->part)
            send_page(output, request, &file, page, recognizer);
    output_frame(output, FRAME_END, NULL, 0, NULL, 0);
    return 0;
}
