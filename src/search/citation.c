/*
 * Citations: from which page and which part of a chunk a statement comes.
 */
#include <ctype.h>
#include <string.h>

#include "base/hash.h"
#include "search/search.h"

enum { WORDS = 256, WORD_LETTERS = 3 };

static bool blank(char c)
{
    return (unsigned char)c <= ' ';
}

/* Whether the statement is at `at`; any white space matches any other. */
static bool stands_at(const char *at, const char *statement, size_t length)
{
    for (size_t i = 0; i < length;) {
        if (blank(statement[i])) {
            if (!blank(*at))
                return false;
            while (i < length && blank(statement[i]))
                i++;
            while (*at && blank(*at))
                at++;
        } else if (*at++ != statement[i++]) {
            return false;
        }
    }
    return true;
}

static bool part_of_word(char c)
{
    return isalnum((unsigned char)c) || (unsigned char)c >= 0x80;
}

/* The next word of at least WORD_LETTERS bytes, as a number; 0 at the end. */
static uint32_t next_word(const char *text, size_t length, size_t *position)
{
    while (*position < length) {
        while (*position < length && !part_of_word(text[*position]))
            (*position)++;
        size_t start = *position;
        uint32_t hash = HASH_START_32;
        for (; *position < length && part_of_word(text[*position]); (*position)++) {
            unsigned char byte = (unsigned char)text[*position];
            hash = hash_step_32(hash, byte < 0x80 ? (unsigned char)tolower(byte) : byte);
        }
        if (*position - start >= WORD_LETTERS)
            return hash | 1;
    }
    return 0;
}

/* How many of the words a part of the text has. */
static size_t shared_words(const char *text, size_t length, const uint32_t *words, size_t count)
{
    bool seen[WORDS] = {false};
    size_t shared = 0, at = 0;
    for (uint32_t word; (word = next_word(text, length, &at));)
        for (size_t i = 0; i < count; i++)
            if (words[i] == word && !seen[i]) {
                seen[i] = true;
                shared++;
                break;
            }
    return shared;
}

static int most_alike(const char *text, const struct search_page *pages, size_t page_count,
                      const char *statement, size_t length)
{
    uint32_t words[WORDS];
    size_t count = 0, at = 0, most = 0, size = strlen(text);
    int page = pages[0].page;
    while (count < WORDS && (words[count] = next_word(statement, length, &at)))
        count++;
    for (size_t i = 0; i < page_count && pages[i].offset <= size; i++) {
        size_t end = i + 1 < page_count ? pages[i + 1].offset : size;
        if (end < pages[i].offset || end > size)
            end = size;
        size_t shared = shared_words(text + pages[i].offset, end - pages[i].offset, words, count);
        if (shared > most) {
            most = shared;
            page = pages[i].page;
        }
    }
    return page;
}

/* Takes white space off both ends. */
static void trim(const char **text, size_t *length)
{
    while (*length && blank(**text)) {
        (*text)++;
        (*length)--;
    }
    while (*length && blank((*text)[*length - 1]))
        (*length)--;
}

/* Where the statement that begins at `at` ends. */
static size_t end_of(const char *at, const char *statement, size_t length)
{
    const char *start = at;
    for (size_t i = 0; i < length;) {
        if (!blank(statement[i])) {
            at++;
            i++;
            continue;
        }
        while (i < length && blank(statement[i]))
            i++;
        while (*at && blank(*at))
            at++;
    }
    return (size_t)(at - start);
}

bool search_cited_stretch(const char *text, const char *statement, size_t length, size_t *start,
                          size_t *end)
{
    uint32_t words[WORDS];
    size_t count = 0, at = 0, most = 0;
    trim(&statement, &length);
    for (const char *found = text; length && (found = strchr(found, *statement)); found++)
        if (stands_at(found, statement, length)) {
            *start = (size_t)(found - text);
            *end = *start + end_of(found, statement, length);
            return true;
        }
    while (count < WORDS && (words[count] = next_word(statement, length, &at)))
        count++;
    for (const char *line = text; *line;) {
        size_t size = strcspn(line, "\n");
        size_t shared = shared_words(line, size, words, count);
        if (shared > most) {
            most = shared;
            *start = (size_t)(line - text);
            *end = *start + size;
        }
        line += size + (line[size] == '\n');
    }
    return most > 0;
}

int search_cited_page(const char *text, const struct search_page *pages, size_t page_count,
                      const char *statement, size_t length)
{
    if (page_count == 0)
        return 0;
    trim(&statement, &length);
    for (const char *at = text; length && (at = strchr(at, *statement)); at++) {
        if (!stands_at(at, statement, length))
            continue;
        size_t i = page_count - 1;
        while (i > 0 && pages[i].offset > (size_t)(at - text))
            i--;
        return pages[i].page;
    }
    return most_alike(text, pages, page_count, statement, length);
}

const char *search_page_label(const struct search_result *result, int page)
{
    for (size_t i = 0; i < result->page_count; i++)
        if (result->pages[i].page == page)
            return result->pages[i].label;
    return NULL;
}
