/*
 * Recognition of text in pictures, by tesseract where it is installed.
 */
#ifndef READER_RECOGNIZE_H
#define READER_RECOGNIZE_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Rows of grey pixels, one byte each. */
struct picture {
    const unsigned char *pixels;
    int width, height, row_bytes;
    double dots; /* to a point */
};

/* A word in points from the picture's upper left corner. */
struct recognized {
    double left, top, right, bottom;
    double base;
    double size;
    bool space; /* another word follows on its line */
    const char *text;
};

struct recognizer;

/* Loads tesseract and the data of the languages, such as "eng+deu"; to be called before the process
 * gives up its rights. NULL where either is not installed. */
struct recognizer *recognize_open(const char *languages);

/* Calls `found` for each word in the order of reading. */
void recognize_picture(struct recognizer *recognizer, const struct picture *picture,
                       void (*found)(const struct recognized *word, void *context), void *context);

#ifdef __cplusplus
}
#endif

#endif
