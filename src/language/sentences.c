/*
 * Sentences: ICU's boundaries, less those that technical text makes wrong.
 *
 * ICU parts at a full stop before a capital and at every line end. A boundary is taken back behind
 * an abbreviation, behind an initial, and at a single line end where a sentence merely wraps.
 */
#include <string.h>
#include <unicode/utext.h>

#include "base/error.h"
#include "language/internal.h"

/* Words that end in a full stop within a sentence. "etc." is none: it mostly ends one. */
static const char abbreviations[] =
    " e.g. i.e. cf. vs. viz. approx. resp. ca. fig. figs. eq. eqs. sec. sect. ch. chap. no. nos. "
    "vol. pp. p. ed. eds. al. dr. mr. mrs. ms. prof. st. jr. sr. inc. ltd. dept. univ. incl. excl. "
    "min. max. def. ex. ref. refs. tab. app. abb. bzw. d.h. z.b. u.a. vgl. usw. nr. bspw. ggf. s. "
    "p.ej. pág. núm. art. av. env. n.b. ";

static bool is_space(char c)
{
    return (unsigned char)c <= ' ';
}

/* "J. Smith", "Donald E. Knuth": one capital, and not the last word of an ordinary clause ("is
 * written in R. It"), so what is before it must be a name, an initial or nothing. */
static bool ends_with_initial(const char *text, size_t start, size_t word, size_t end)
{
    if (end - word != 2 || !is_upper((unsigned char)text[word]))
        return false;
    size_t before = word;
    while (before > start && is_space(text[before - 1]))
        before--;
    if (before == start)
        return true;
    size_t name = before;
    while (name > start && !is_space(text[name - 1]))
        name--;
    return name > start ? is_upper((unsigned char)text[name]) : text[before - 1] == '.';
}

static bool ends_with_abbreviation(const char *text, size_t start, size_t end)
{
    size_t word = end;
    if (end == start || text[end - 1] != '.')
        return false;
    while (word > start && !is_space(text[word - 1]))
        word--;
    if (ends_with_initial(text, start, word, end))
        return true;
    while (word < end && (text[word] == '(' || text[word] == '[' || text[word] == '"'))
        word++;
    char folded[16];
    if (end - word < 2 || end - word >= sizeof folded)
        return false;
    for (size_t i = word; i < end; i++)
        folded[i - word] = to_lower((unsigned char)text[i]);
    return language_listed(abbreviations, folded, end - word);
}

static bool ends_a_sentence(const char *text, size_t start, size_t end)
{
    while (end > start && strchr(")]\"'", text[end - 1]))
        end--;
    return end > start && strchr(".!?:;", text[end - 1]);
}

/* Whether what starts at `next` goes on with the sentence of [start, end). */
static bool goes_on(const char *text, size_t length, size_t start, size_t end, size_t next)
{
    size_t lines = 0;
    for (size_t i = end; i < next; i++)
        lines += text[i] == '\n';
    if (lines > 1 || next >= length)
        return false;
    if (ends_with_abbreviation(text, start, end))
        return true;
    return lines == 1 && is_lower((unsigned char)text[next]) && !ends_a_sentence(text, start, end);
}

static bool has_letter(const char *text, size_t start, size_t end)
{
    for (size_t i = start; i < end; i++)
        if (is_letter((unsigned char)text[i]) || (unsigned char)text[i] >= 0x80)
            return true;
    return false;
}

struct list {
    struct arena *arena;
    struct language_span *spans;
    size_t count, room;
};

static bool list_add(struct list *list, size_t start, size_t end)
{
    if (list->count == list->room) {
        size_t room = list->room ? list->room * 2 : 32;
        struct language_span *spans = arena_array(list->arena, room, sizeof *spans);
        if (!spans)
            return false;
        if (list->count)
            memcpy(spans, list->spans, list->count * sizeof *spans);
        list->spans = spans;
        list->room = room;
    }
    list->spans[list->count++] = (struct language_span){start, end};
    return true;
}

/* Adds the piece that ICU found, or lengthens the last sentence by it. */
static bool place(struct list *list, const char *text, size_t length, size_t start, size_t end)
{
    while (start < end && is_space(text[start]))
        start++;
    while (end > start && is_space(text[end - 1]))
        end--;
    if (start == end)
        return true;
    struct language_span *last = list->count ? &list->spans[list->count - 1] : NULL;
    /* ICU parts `.Rprofile` behind its dot; only scripts without spaces part without one. */
    bool apart = last && (start > last->end || (unsigned char)text[start - 1] >= 0x80);
    if (last &&
        (!apart || goes_on(text, length, last->start, last->end, start) ||
         (!memchr(text + last->end, '\n', start - last->end) && !has_letter(text, start, end)))) {
        last->end = end;
        return true;
    }
    return list_add(list, start, end);
}

int language_sentences(struct language *language, const char *text, size_t length,
                       struct arena *arena, struct language_span **out, size_t *count,
                       struct treadle_error *error)
{
    struct list list = {.arena = arena};
    UErrorCode status = U_ZERO_ERROR;
    UText *source = utext_openUTF8(NULL, text, (int64_t)length, &status);
    ubrk_setUText(language->sentences, source, &status);
    bool kept = true;
    int32_t start = U_SUCCESS(status) ? ubrk_first(language->sentences) : UBRK_DONE;
    for (int32_t end;
         kept && start != UBRK_DONE && (end = ubrk_next(language->sentences)) != UBRK_DONE;
         start = end)
        kept = place(&list, text, length, (size_t)start, (size_t)end);
    utext_close(source);
    if (U_FAILURE(status))
        return error_set(error, TREADLE_EUNSUPPORTED, "Sentences: %s.", u_errorName(status));
    if (!kept)
        return error_set_memory(error);
    *out = list.spans;
    *count = list.count;
    return 0;
}
