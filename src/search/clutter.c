/*
 * Clutter: tables of contents and indexes name every subject of a document and explain none, so
 * they would win every search. They are recognised by rows of dots before a number, and by numbers
 * after commas with hardly a word between.
 */
#include "search/chunk.h"

enum { LEADER_DOTS = 4, INDEX_NUMBERS = 2 };

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

/* A run of dots, with or without spaces between. */
static bool has_leader(const char *text, size_t length)
{
    size_t dots = 0;
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '.') {
            if (++dots >= LEADER_DOTS)
                return true;
        } else if (text[i] != ' ') {
            dots = 0;
        }
    }
    return false;
}

/* "foo, 12, 34": page numbers after commas, which make up much of the text. */
static bool lists_pages(const char *text, size_t length)
{
    size_t words = 0, numbers = 0;
    bool comma = false;
    for (size_t i = 0; i < length;) {
        size_t start = i;
        while (i < length && text[i] != ' ' && text[i] != '\n')
            i++;
        size_t end = i;
        while (i < length && (text[i] == ' ' || text[i] == '\n'))
            i++;
        bool next_comma = end > start && text[end - 1] == ',';
        end -= next_comma;
        bool number = end > start;
        for (size_t j = start; j < end; j++)
            number = number && (digit(text[j]) || text[j] == '-');
        words++;
        numbers += number && comma;
        comma = next_comma;
    }
    if (numbers == 1)
        return words <= 5 && digit(text[length - 1]);
    return numbers >= INDEX_NUMBERS && numbers * 4 >= words && digit(text[length - 1]);
}

bool search_is_clutter(const char *text, size_t length)
{
    return length > 0 && (has_leader(text, length) || lists_pages(text, length));
}
