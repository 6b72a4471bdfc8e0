/*
 * Bidi: the inverse of what a renderer does, for a line whose base direction is that of most of its
 * letters. Numbers and Latin words within text that runs leftwards keep their order.
 */
#include "document/bidi.h"

#include <stdbool.h>
#include <string.h>
#include <unicode/uchar.h>

#include "document/fold.h"

static bool is_mark(uint32_t c)
{
    return c >= 0x300 && u_charType((UChar32)c) == U_NON_SPACING_MARK;
}

/* Whether it is a letter or digit that runs rightwards. */
static bool runs_right(uint32_t c)
{
    if (c < 0x80)
        return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    UCharDirection direction = u_charDirection((UChar32)c);
    return direction == U_LEFT_TO_RIGHT || direction == U_EUROPEAN_NUMBER ||
           direction == U_ARABIC_NUMBER;
}

static void swap_range(uint32_t *characters, size_t start, size_t end)
{
    while (start + 1 < end) {
        uint32_t kept = characters[start];
        characters[start++] = characters[--end];
        characters[end] = kept;
    }
}

/* Reverses, and moves each mark after its letter again. */
static void reverse(uint32_t *characters, size_t start, size_t end)
{
    swap_range(characters, start, end);
    for (size_t i = start; i < end; i++) {
        size_t marks = i;
        while (marks < end && is_mark(characters[marks]))
            marks++;
        if (marks > i && marks < end) {
            swap_range(characters, i, marks + 1);
            i = marks;
        }
    }
}

/* Brackets are stored by their shape in some files and by their meaning in others. Where all pairs
 * of a line close before they open, they were stored by their shape. */
static void mend_brackets(uint32_t *characters, size_t count)
{
    static const char pairs[] = "()[]{}";
    size_t opened = 0, closed = 0;
    for (size_t i = 0; i < count; i++) {
        const char *bracket =
            characters[i] < 0x80 && characters[i] ? strchr(pairs, (int)characters[i]) : NULL;
        bool opens = bracket && (bracket - pairs) % 2 == 0;
        if (opens && closed == opened)
            return;
        opened += opens;
        closed += bracket && !opens;
    }
    for (size_t i = 0; i < count && opened == closed; i++)
        for (size_t p = 0; pairs[p]; p++)
            if (characters[i] == (uint32_t)pairs[p]) {
                characters[i] = (uint32_t)pairs[p ^ 1];
                break;
            }
}

/* Turns each run that starts and ends in a character of the kind, without one of the other kind
 * between. */
static void reverse_runs(uint32_t *characters, size_t count, bool (*of_kind)(uint32_t),
                         bool (*of_other)(uint32_t))
{
    for (size_t start = 0; start < count; start++) {
        if (!of_kind(characters[start]))
            continue;
        size_t end = start + 1;
        for (size_t i = end; i < count && !of_other(characters[i]); i++)
            if (of_kind(characters[i]))
                end = i + 1;
        while (end < count && is_mark(characters[end]))
            end++;
        reverse(characters, start, end);
        start = end - 1;
    }
}

size_t bidi_reorder(uint32_t *characters, size_t count)
{
    size_t leftward = 0, rightward = 0;
    for (size_t i = 0; i < count; i++) {
        leftward += fold_runs_left(characters[i]);
        rightward += u_isalpha((UChar32)characters[i]) && runs_right(characters[i]);
    }
    if (leftward == 0)
        return 0;
    if (leftward >= rightward) {
        reverse(characters, 0, count);
        reverse_runs(characters, count, runs_right, fold_runs_left);
        mend_brackets(characters, count);
    } else {
        reverse_runs(characters, count, fold_runs_left, runs_right);
    }
    return leftward;
}
