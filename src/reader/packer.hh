/*
 * Packer: words into frames, and strings of a PDF into UTF-8.
 */
#ifndef READER_PACKER_HH
#define READER_PACKER_HH

#include <cstdint>
#include <string>

#include <CharTypes.h>

#include "document/frame.h"
#include "reader/output.h"

int32_t hundredths(double points);

/* Writes a character as UTF-8 to at least 4 bytes; its length. */
size_t put_character(char *out, Unicode c);

/* A text string of a PDF (UTF-16, UTF-8 or PDFDocEncoding) in UTF-8, one line, at most `longest`
 * bytes of it. */
std::string text_of(const std::string &text, size_t longest);

class Packer
{
  public:
    explicit Packer(struct output *sink) : output(sink)
    {
    }

    void add(const frame_word &word, const char *text);

    /* A line of text that the page does not draw, with its left end at x and its base at y. */
    void add_line(double x, double y, const std::string &text);

    void flush();

  private:
    struct output *output;
    size_t used = 0;
    char bytes[FRAME_LIMIT];
};

#endif
