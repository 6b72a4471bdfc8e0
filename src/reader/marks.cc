/*
 * Marks: pieces end where something else is drawn, at a gap and at the end of a line.
 */
#include "reader/marks.hh"

#include <algorithm>
#include <cmath>

#include <unicode/uchar.h>

static const size_t most_glyphs = 200000, nothing = static_cast<size_t>(-1);

bool marks_runs_left(Unicode c)
{
    if (c < 0x590)
        return false;
    UCharDirection direction = u_charDirection(static_cast<UChar32>(c));
    return direction == U_RIGHT_TO_LEFT || direction == U_RIGHT_TO_LEFT_ARABIC;
}

static bool is_mark(Unicode c)
{
    return c >= 0x591 && c <= 0x8FF && u_charType(static_cast<UChar32>(c)) == U_NON_SPACING_MARK;
}

void marks_turn(glyph_text &text)
{
    if (text.size() < 2 || std::none_of(text.begin(), text.end(), marks_runs_left))
        return;
    glyph_text turned;
    for (size_t end = text.size(); end > 0;) {
        size_t start = end - 1;
        while (start > 0 && is_mark(text[start]))
            start--;
        turned.insert(turned.end(), text.begin() + static_cast<std::ptrdiff_t>(start),
                      text.begin() + static_cast<std::ptrdiff_t>(end));
        end = start;
    }
    text = turned;
}

void Marks::note(int number, const Unicode *text, int length, double x, double y, double width,
                 double size)
{
    bool mark = length > 0 && is_mark(text[0]);
    glyph noted = {};
    noted.end = !mark && !(length > 0 && marks_runs_left(text[0]));
    if (glyphs.size() >= most_glyphs || (noted.end && (glyphs.empty() || glyphs.back().end)))
        return;
    noted.number = number;
    noted.x = x;
    noted.y = y;
    noted.width = width;
    noted.size = size;
    noted.mark = mark;
    noted.length = mark ? std::min(length, 3) : 0;
    std::copy(text, text + noted.length, noted.text);
    any = any || mark;
    glyphs.push_back(noted);
}

/* The next letter in that direction, if nothing else comes before it. */
size_t Marks::neighbour(size_t index, int step) const
{
    size_t at = index;
    do
        at += static_cast<size_t>(step);
    while (at < glyphs.size() && glyphs[at].mark);
    return at < glyphs.size() && !glyphs[at].end ? at : nothing;
}

/* Whether two letters stand beside each other. */
bool Marks::touch(size_t a, size_t b) const
{
    const glyph &first = glyphs[a].x <= glyphs[b].x ? glyphs[a] : glyphs[b];
    const glyph &second = &first == &glyphs[a] ? glyphs[b] : glyphs[a];
    double size = std::max(first.size, second.size);
    double gap = second.x - (first.x + first.width);
    return std::fabs(first.y - second.y) < size * 0.3 && gap < size * 0.15;
}

void Marks::give(size_t mark, size_t letter)
{
    glyph_text &marks = given[glyphs[letter].number];
    const glyph &noted = glyphs[mark];
    marks.insert(marks.end(), noted.text, noted.text + noted.length);
    given[noted.number].clear();
}

bool Marks::decide()
{
    size_t begin = 0, end = 0;
    decided = true;
    for (size_t i = 0; any && i < glyphs.size(); i++) {
        if (!glyphs[i].mark)
            continue;
        size_t before = neighbour(i, -1), after = neighbour(i, 1);
        bool joined = before != nothing && after != nothing && touch(before, after);
        if (joined || before == after)
            continue;
        /* Between two pieces: it is of the one that it stands at. */
        auto distance = [&](size_t letter) {
            const glyph &g = glyphs[letter];
            double aside = std::max({g.x - glyphs[i].x, glyphs[i].x - (g.x + g.width), 0.0});
            return std::hypot(aside, std::max(0.0, std::fabs(g.y - glyphs[i].y) - g.size));
        };
        bool is_end = after == nothing || (before != nothing &&
                                           distance(before) + glyphs[i].size / 4 < distance(after));
        bool is_begin =
            before == nothing ||
            (after != nothing && distance(after) + glyphs[i].size / 4 < distance(before));
        begin += is_begin;
        end += is_end;
    }
    for (size_t i = 0; any && i < glyphs.size(); i++) {
        if (!glyphs[i].mark)
            continue;
        size_t before = neighbour(i, -1), after = neighbour(i, 1);
        size_t first = begin > end ? after : before, second = begin > end ? before : after;
        if (first == nothing)
            first = second;
        if (first != nothing)
            give(i, first);
    }
    glyphs.clear();
    return any;
}

void Marks::append(int number, glyph_text &text) const
{
    auto found = given.find(number);
    if (found != given.end())
        text.insert(text.end(), found->second.begin(), found->second.end());
}
