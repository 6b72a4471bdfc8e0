/*
 * Recognition: the library is loaded when the reader runs, so those who read no scans need not
 * install it. It is used with one thread, with which it is fastest, and within the reader's limits.
 */
#include "reader/recognize.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

enum {
    LEVEL_LINE = 2, /* what tesseract calls its parts of a page */
    LEVEL_WORD = 3,
    MODE_AUTO = 3,
    LEAST_CONFIDENCE = 8 /* percent; below it are specks and lines taken for letters */
};

/* The part of tesseract's C interface that is used. */
struct recognizer {
    void *api;
    void *(*create)(void);
    int (*init)(void *api, const char *path, const char *languages);
    void (*set_mode)(void *api, int mode);
    void (*set_image)(void *api, const unsigned char *pixels, int width, int height, int depth,
                      int row_bytes);
    void (*set_resolution)(void *api, int dots_per_inch);
    int (*recognize)(void *api, void *monitor);
    void *(*iterate)(void *api);
    int (*next)(void *at, int level);
    char *(*text)(const void *at, int level);
    float (*confidence)(const void *at, int level);
    const void *(*place)(const void *at);
    int (*box)(const void *place, int level, int *left, int *top, int *right, int *bottom);
    int (*baseline)(const void *place, int level, int *x1, int *y1, int *x2, int *y2);
    int (*is_last)(const void *place, int level, int element);
    void (*free_text)(const char *text);
    void (*free_iterator)(void *at);
    void (*clear)(void *api);
};

static bool load(struct recognizer *recognizer, void *library)
{
    const struct {
        void *slot;
        const char *name;
    } names[] = {
        {&recognizer->create, "TessBaseAPICreate"},
        {&recognizer->init, "TessBaseAPIInit3"},
        {&recognizer->set_mode, "TessBaseAPISetPageSegMode"},
        {&recognizer->set_image, "TessBaseAPISetImage"},
        {&recognizer->set_resolution, "TessBaseAPISetSourceResolution"},
        {&recognizer->recognize, "TessBaseAPIRecognize"},
        {&recognizer->iterate, "TessBaseAPIGetIterator"},
        {&recognizer->next, "TessResultIteratorNext"},
        {&recognizer->text, "TessResultIteratorGetUTF8Text"},
        {&recognizer->confidence, "TessResultIteratorConfidence"},
        {&recognizer->place, "TessResultIteratorGetPageIteratorConst"},
        {&recognizer->box, "TessPageIteratorBoundingBox"},
        {&recognizer->baseline, "TessPageIteratorBaseline"},
        {&recognizer->is_last, "TessPageIteratorIsAtFinalElement"},
        {&recognizer->free_text, "TessDeleteText"},
        {&recognizer->free_iterator, "TessResultIteratorDelete"},
        {&recognizer->clear, "TessBaseAPIClear"},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        void *symbol = dlsym(library, names[i].name);
        if (!symbol)
            return false;
        memcpy(names[i].slot, &symbol, sizeof symbol);
    }
    return true;
}

struct recognizer *recognize_open(const char *languages)
{
    static const char *const names[] = {"libtesseract.so.5", "libtesseract.so.4"};
    static struct recognizer recognizer;
    void *library = NULL;
    setenv("OMP_THREAD_LIMIT", "1", 1);
    for (size_t i = 0; i < sizeof names / sizeof *names && !library; i++)
        library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    if (!library || !load(&recognizer, library))
        return NULL;
    recognizer.api = recognizer.create();
    if (!recognizer.api || recognizer.init(recognizer.api, NULL, languages))
        return NULL;
    recognizer.set_mode(recognizer.api, MODE_AUTO);
    return &recognizer;
}

static bool measure(const struct recognizer *recognizer, const void *at, double dots,
                    struct recognized *out)
{
    int left, top, right, bottom, above, below, x1, y1, x2, y2, unused;
    const void *place = recognizer->place(at);
    if (!recognizer->box(place, LEVEL_WORD, &left, &top, &right, &bottom) ||
        !recognizer->box(place, LEVEL_LINE, &unused, &above, &unused, &below))
        return false;
    double base = bottom;
    if (recognizer->baseline(place, LEVEL_LINE, &x1, &y1, &x2, &y2) && x2 > x1)
        base = y1 + (double)(y2 - y1) * (left - x1) / (x2 - x1);
    *out = (struct recognized){.left = left / dots,
                               .top = top / dots,
                               .right = right / dots,
                               .bottom = bottom / dots,
                               .base = base / dots,
                               .size = (below - above) * 1.05 / dots,
                               .space = !recognizer->is_last(place, LEVEL_LINE, LEVEL_WORD)};
    return true;
}

void recognize_picture(struct recognizer *recognizer, const struct picture *picture,
                       void (*found)(const struct recognized *word, void *context), void *context)
{
    recognizer->set_image(recognizer->api, picture->pixels, picture->width, picture->height, 1,
                          picture->row_bytes);
    recognizer->set_resolution(recognizer->api, (int)(picture->dots * 72));
    void *at = recognizer->recognize(recognizer->api, NULL) == 0
                   ? recognizer->iterate(recognizer->api)
                   : NULL;
    for (bool more = at; more; more = recognizer->next(at, LEVEL_WORD)) {
        struct recognized word;
        char *text = recognizer->text(at, LEVEL_WORD);
        if (text && recognizer->confidence(at, LEVEL_WORD) >= LEAST_CONFIDENCE &&
            measure(recognizer, at, picture->dots, &word)) {
            word.text = text;
            found(&word, context);
        }
        if (text)
            recognizer->free_text(text);
    }
    if (at)
        recognizer->free_iterator(at);
    recognizer->clear(recognizer->api);
}
