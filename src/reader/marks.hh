/*
 * Marks: points above and below letters that are read from right to left belong to their letters.
 *
 * They are drawn as glyphs of their own without a width, so poppler takes them for words or puts
 * them to a neighbour. Some writers draw a mark before its letter and some after it, and its place
 * says little, for nobody knows where within its glyph the mark is. But no word begins with a mark
 * as it is read, and many end with one: where the pieces of text that a page draws begin with marks
 * more often than they end so, marks come before their letters. A page is drawn once to learn this,
 * and once more with each mark as part of its letter's glyph.
 */
#ifndef READER_MARKS_HH
#define READER_MARKS_HH

#include <cstddef>
#include <unordered_map>
#include <vector>

#include <CharTypes.h>

/* Text of one glyph, as it is seen from left to right. */

using glyph_text = std::vector<Unicode>;

/* Whether it is a letter or mark that is read from right to left. */
bool marks_runs_left(Unicode c);

/* Turns the text of a glyph, which files have in the order of reading, where it is read from right
 * to left; marks stay after their letters. */
void marks_turn(glyph_text &text);

class Marks
{
  public:
    /* Notes the glyph with this number: its text, where its left end stands, how wide it is and its
     * size, on the page. */
    void note(int number, const Unicode *text, int length, double x, double y, double width,
              double size);

    /* Gives each mark to a letter; false where there is no mark. Then nothing is noted any more. */
    bool decide();

    bool decided = false;

    /* Whether the glyph is a mark that is part of another. */
    bool is_taken(int number) const
    {
        auto found = given.find(number);
        return found != given.end() && found->second.empty();
    }

    /* Appends the marks that the glyph was given. */
    void append(int number, glyph_text &text) const;

  private:
    struct glyph {
        int number;
        double x, y, width, size;
        bool mark, end; /* end: something else was drawn here */
        Unicode text[3];
        int length;
    };

    size_t neighbour(size_t index, int step) const;
    bool touch(size_t a, size_t b) const;
    void give(size_t mark, size_t letter);

    std::vector<glyph> glyphs;
    bool any = false;
    std::unordered_map<int, glyph_text> given; /* by number; of a taken mark, nothing */
};

#endif
