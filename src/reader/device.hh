/*
 * Device: poppler's device for text, which also notes the order of drawing, what is marked as no
 * part of the text, what annotations draw, and how many letters are unknown in the file.
 */
#ifndef READER_DEVICE_HH
#define READER_DEVICE_HH

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include <Annot.h>
#include <CharTypes.h>
#include <GfxState.h>
#include <TextOutputDev.h>

#include "reader/marks.hh"

/* Characters; poppler's time for joining words to lines grows faster than their number. */
const int most_flowing = 400000;

/* What somebody wrote into an annotation that does not show it. */
struct comment {
    double left, top, right, bottom; /* points from the page's top left corner */
    std::string text;                /* as the file has it */
};

class Device : public TextOutputDev
{
  public:
    /* With `in_order`, words stay in the order of drawing and are not joined to lines. `letter_marks`
     * learns what marks the page has or, where that is decided, says to which letters they belong. */
    Device(bool in_order, Marks *letter_marks)
        : TextOutputDev(nullptr, false, 0, in_order, false), points(letter_marks), raw(in_order)
    {
    }

    void startPage(int number, GfxState *state, XRef *xref) override
    {
        position = 0;
        note_start = -1;
        annotations = characters = unknown = 0;
        comments.clear();
        std::copy(state->getCTM(), state->getCTM() + 6, to_page);
        depth = artifact = 0;
        pieces.clear();
        contents.clear();
        TextOutputDev::startPage(number, state, xref);
    }

    void drawChar(GfxState *state, double x, double y, double dx, double dy, double origin_x,
                  double origin_y, CharCode code, int bytes, const Unicode *u, int length) override
    {
        note_content();
        position += bytes;
        characters++;
        unknown += is_unknown(u, length);
        if (u && (points->decided || length > 1))
            draw_turned(state, x, y, dx, dy, origin_x, origin_y, code, bytes, u, length);
        else
            TextOutputDev::drawChar(state, x, y, dx, dy, origin_x, origin_y, code, bytes, u,
                                    length);
        if (!points->decided)
            note_points(state, x, y, dx, dy, u, length);
    }

    void incCharCount(int count) override
    {
        position += count;
        TextOutputDev::incCharCount(count);
    }

#ifdef POPPLER_NAMES_ARE_STRINGS
    void beginMarkedContent(const std::string &name, Dict *properties) override
    {
        begin_mark(name == "Artifact", properties);
        TextOutputDev::beginMarkedContent(name, properties);
    }
#else
    void beginMarkedContent(const char *name, Dict *properties) override
    {
        begin_mark(name && strcmp(name, "Artifact") == 0, properties);
        TextOutputDev::beginMarkedContent(name, properties);
    }
#endif

    void endMarkedContent(GfxState *state) override
    {
        if (depth == artifact)
            artifact = 0;
        if (depth > 0)
            depth--;
        if (depth < static_cast<int>(pieces.size()))
            pieces.pop_back();
        TextOutputDev::endMarkedContent(state);
    }

    /* Called for each annotation before it is drawn; annotations are drawn last. */
    static bool show_annotation(Annot *annotation, void *device)
    {
        Device *self = static_cast<Device *>(device);
        if (self->note_start < 0)
            self->note_start = self->position;
        self->annotations++;
        self->keep_comment(annotation);
        return annotation->getType() != Annot::typePopup;
    }

    /* Leaves a page alone that is too full to be joined to lines. */
    void endPage() override
    {
        overfull = !raw && characters > most_flowing;
        if (!overfull)
            TextOutputDev::endPage();
    }

    bool is_artifact(int at) const
    {
        return content_at(at).artifact;
    }

    /* The number of the marked piece that text is in, -1 for none. */
    int piece_at(int at) const
    {
        return content_at(at).piece;
    }

    bool is_note(int at) const
    {
        return note_start >= 0 && at >= note_start;
    }

    bool overfull = false;
    int annotations = 0;
    int characters = 0; /* drawn on the page */
    int unknown = 0;    /* of these, those of which the file does not say which letters they are */
    std::vector<comment> comments;

  private:
    /* What text from a position on is. */
    struct content {
        int start = 0;
        bool artifact = false;
        int piece = -1;
    };

    static const int deepest_marks = 1000;

    /* Draws a glyph with the marks that belong to it, as its text is seen. */
    void draw_turned(GfxState *state, double x, double y, double dx, double dy, double origin_x,
                     double origin_y, CharCode code, int bytes, const Unicode *u, int length)
    {
        if (points->is_taken(characters)) {
            TextOutputDev::incCharCount(bytes);
            return;
        }
        glyph_text seen(u, u + length);
        points->append(characters, seen);
        marks_turn(seen);
        TextOutputDev::drawChar(state, x, y, dx, dy, origin_x, origin_y, code, bytes, seen.data(),
                                static_cast<int>(seen.size()));
    }

    void note_points(const GfxState *state, double x, double y, double dx, double dy,
                     const Unicode *u, int length)
    {
        double left, base, width, rise;
        state->transform(x, y, &left, &base);
        state->transformDelta(dx, dy, &width, &rise);
        points->note(characters, u, u ? length : 0, std::min(left, left + width), base,
                     std::fabs(width), state->getTransformedFontSize());
    }

    static bool is_unknown(const Unicode *u, int length)
    {
        return length < 1 || !u || u[0] < 0x20 || u[0] == 0xFFFD ||
               (u[0] >= 0xE000 && u[0] <= 0xF8FF);
    }

    static bool shows_no_text(const Annot *annotation)
    {
        switch (annotation->getType()) {
        case Annot::typeText:
        case Annot::typeHighlight:
        case Annot::typeUnderline:
        case Annot::typeSquiggly:
        case Annot::typeStrikeOut:
        case Annot::typeCaret:
        case Annot::typeInk:
        case Annot::typeLine:
        case Annot::typeSquare:
        case Annot::typeCircle:
        case Annot::typePolygon:
        case Annot::typePolyLine:
            return true;
        default:
            return false;
        }
    }

    void keep_comment(const Annot *annotation)
    {
        const GooString *written = annotation->getContents();
        if (!shows_no_text(annotation) || !written || written->getLength() == 0 ||
            comments.size() >= most_comments)
            return;
        double x1, y1, x2, y2;
        annotation->getRect(&x1, &y1, &x2, &y2);
        const double *m = to_page;
        double a = m[0] * x1 + m[2] * y1 + m[4], b = m[1] * x1 + m[3] * y1 + m[5];
        double c = m[0] * x2 + m[2] * y2 + m[4], d = m[1] * x2 + m[3] * y2 + m[5];
        comments.push_back(
            {std::min(a, c), std::min(b, d), std::max(a, c), std::max(b, d), written->toStr()});
    }

    static const size_t most_comments = 5000;
    void begin_mark(bool is_artifact, const Dict *properties)
    {
        Object number = properties ? properties->lookup("MCID") : Object();
        depth++;
        if (is_artifact && artifact == 0)
            artifact = depth;
        if (depth <= deepest_marks)
            pieces.push_back(number.isInt() ? number.getInt() : pieces.empty() ? -1 : pieces.back());
    }

    /* Notes what the text drawn from here on is, where that changes. */
    void note_content()
    {
        content now = {position, artifact > 0, pieces.empty() ? -1 : pieces.back()};
        const content &last = contents.empty() ? content() : contents.back();
        if (now.artifact != last.artifact || now.piece != last.piece)
            contents.push_back(now);
    }

    content content_at(int at) const
    {
        auto after = std::upper_bound(contents.begin(), contents.end(), at,
                                      [](int from, const content &c) { return from < c.start; });
        return after == contents.begin() ? content() : *(after - 1);
    }

    Marks *points;
    const bool raw;
    double to_page[6] = {}; /* from the file's coordinates */
    int position = 0;       /* bytes of shown text so far, as poppler counts them in its words */
    int note_start = -1;    /* where annotations begin */
    int depth = 0;          /* of marked content */
    int artifact = 0;       /* the depth at which an artifact began, 0 outside of one */
    std::vector<int> pieces; /* the marked pieces that are open, innermost last */
    std::vector<content> contents;
};

#endif
