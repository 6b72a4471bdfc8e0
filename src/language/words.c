/*
 * Words: where they are, and their terms.
 *
 * Scripts with spaces between words need no dictionary: a word is a run of letters, marks and
 * digits, and what joins two of them without a space (`.`, `-`, `_`, `::`, an apostrophe) stays
 * within, so that `read.csv`, `na.rm`, `--num-callers` and `x86_64` stay complete. Such an
 * identifier comes as a whole and then in its parts. Scripts without spaces are split by ICU's
 * dictionaries; words of three and more characters there have their pairs as parts, because a
 * question may be split in another way than the text.
 */
#include <string.h>
#include <unicode/uchar.h>
#include <unicode/uscript.h>
#include <unicode/ustring.h>

#include "base/array.h"
#include "base/error.h"
#include "base/text.h"
#include "language/internal.h"

enum { RUN_BYTES = 4096 };

enum character { OTHER, LETTER, SPACELESS };

struct scan {
    struct language *language;
    const char *text;
    size_t length;
    struct arena *arena;
    struct language_word *words;
    size_t count, room;
};

static enum character classify(uint32_t c)
{
    if (c < 0x80)
        return is_letter((unsigned char)c) || is_digit((unsigned char)c) || c == '_' ? LETTER
                                                                                     : OTHER;
    if (c >= 0x0E00) {
        UErrorCode status = U_ZERO_ERROR;
        switch (uscript_getScript((UChar32)c, &status)) {
        case USCRIPT_HAN:
        case USCRIPT_HIRAGANA:
        case USCRIPT_KATAKANA:
        case USCRIPT_HANGUL:
        case USCRIPT_THAI:
        case USCRIPT_LAO:
        case USCRIPT_KHMER:
        case USCRIPT_MYANMAR:
            return u_isalpha((UChar32)c) || (U_GET_GC_MASK((UChar32)c) & U_GC_M_MASK) ? SPACELESS
                                                                                      : OTHER;
        default:
            break;
        }
        /* The mark that lengthens a vowel belongs to two scripts, so it counts for neither. */
        if (c == 0x30FC)
            return SPACELESS;
    }
    return U_GET_GC_MASK((UChar32)c) & (U_GC_L_MASK | U_GC_M_MASK | U_GC_N_MASK) ? LETTER : OTHER;
}

static enum character class_at(const struct scan *scan, size_t at, size_t *next)
{
    if (at >= scan->length)
        return OTHER;
    *next = at;
    return classify(text_next(scan->text, scan->length, next));
}

static bool add(struct scan *scan, size_t start, size_t end, enum language_form form, bool part)
{
    const struct language_term *found =
        language_term(scan->language, scan->text + start, end - start, form);
    if (!found)
        return false;
    struct language_word *words =
        array_grow_in(scan->arena, scan->words, scan->count, &scan->room, sizeof *words);
    if (!words)
        return false;
    scan->words = words;
    const char *term = arena_string(scan->arena, found->term);
    if (!term)
        return false;
    scan->words[scan->count++] = (struct language_word){
        .start = start, .end = end, .term = term, .stopword = found->stopword, .part = part};
    return true;
}

/* How many bytes at `at` join what is before with the letter that must follow; 0: none. */
static size_t joiner(const struct scan *scan, size_t at)
{
    const char *text = scan->text;
    size_t left = scan->length - at, size = 0, next;
    if (text[at] == '.' || text[at] == '-' || text[at] == '\'')
        size = 1;
    else if (left > 2 && text[at] == ':' && text[at + 1] == ':')
        size = 2;
    else if (left > 3 && memcmp(text + at, "\xE2\x80\x99", 3) == 0)
        size = 3;
    return size && class_at(scan, at + size, &next) == LETTER ? size : 0;
}

struct shape {
    bool joined;     /* holds `.`, `-`, `_` or `::` */
    bool apostrophe; /* holds one */
    bool digits;     /* holds a digit */
    bool letters;    /* holds a letter */
    bool humps;      /* camelCase */
};

/* The end of the word that starts at `at`, and what it is like. */
static size_t measure(const struct scan *scan, size_t at, struct shape *shape)
{
    const char *text = scan->text;
    size_t start = at, next = at;
    while (at < scan->length && at - start < LANGUAGE_WORD_BYTES - 8) {
        unsigned char byte = (unsigned char)text[at];
        if (class_at(scan, at, &next) == LETTER) {
            shape->joined |= byte == '_';
            shape->digits |= is_digit(byte);
            shape->letters |= byte >= 0x80 || is_letter(byte);
            shape->humps |= at > start && is_upper(byte) && is_lower((unsigned char)text[at - 1]);
            at = next;
            continue;
        }
        size_t join = joiner(scan, at);
        if (!join)
            break;
        shape->apostrophe |= byte == '\'' || byte >= 0x80;
        shape->joined |= byte != '\'' && byte < 0x80;
        at += join;
    }
    /* C++, C#: the only words that end in a sign. */
    if (at - start == 1 && shape->letters && at < scan->length) {
        size_t left = scan->length - at;
        if (left >= 2 && text[at] == '+' && text[at + 1] == '+')
            return at + 2;
        if (text[at] == '#')
            return at + 1;
    }
    return at;
}

static bool is_part_at(const struct scan *scan, size_t at)
{
    size_t next;
    return scan->text[at] != '_' && class_at(scan, at, &next) == LETTER;
}

/* The parts of an identifier: at joiners and, in camelCase, before each capital. */
static bool add_parts(struct scan *scan, size_t start, size_t end, bool humps)
{
    for (size_t at = start; at < end;) {
        if (!is_part_at(scan, at)) {
            at++;
            continue;
        }
        size_t from = at, next;
        bool digits = false;
        do {
            digits |= is_digit((unsigned char)scan->text[at]);
            class_at(scan, at, &next);
            at = next;
        } while (at < end && is_part_at(scan, at) &&
                 !(humps && is_upper((unsigned char)scan->text[at]) &&
                   is_lower((unsigned char)scan->text[at - 1])));
        if ((from != start || at != end) &&
            !add(scan, from, at, digits ? LANGUAGE_VERBATIM : LANGUAGE_STEMMED, true))
            return false;
    }
    return true;
}

/* French and Italian elide (l'homme, dell'arte): what is before an apostrophe is a word there. */
static bool elides(const struct language *language)
{
    return strcmp(language->rules->code, "fr") == 0 || strcmp(language->rules->code, "it") == 0;
}

/* Where a French verb ends that its pronoun follows (faut-il, dépose-t-on): the pronoun says
 * nothing, and the two are no name of anything. */
static size_t verb_end(const struct scan *scan, size_t start, size_t end)
{
    static const char list[] = " je tu il elle on nous vous ils elles ce t-il t-elle t-on ";
    for (size_t at = start + 1; at + 1 < end; at++)
        if (scan->text[at] == '-' && language_listed(list, scan->text + at + 1, end - at - 1))
            return at;
    return end;
}

static bool scan_word(struct scan *scan, size_t *position)
{
    struct shape shape = {0};
    size_t start = *position, end = measure(scan, start, &shape);
    *position = end;
    if (shape.joined && !shape.digits && strcmp(scan->language->rules->code, "fr") == 0) {
        size_t verb = verb_end(scan, start, end);
        if (verb < end) {
            end = verb;
            shape.joined = memchr(scan->text + start, '-', verb - start) != NULL;
        }
    }
    if (shape.apostrophe && !shape.joined && elides(scan->language))
        return add_parts(scan, start, end, false);
    bool verbatim = shape.joined || shape.digits || end - start == 1;
    /* An option of one letter, as -g, says nothing without its dash. */
    bool option = end - start == 1 && start > 0 && scan->text[start - 1] == '-' &&
                  (start == 1 || scan->text[start - 2] == ' ');
    if (!add(scan, option ? start - 1 : start, end, verbatim ? LANGUAGE_VERBATIM : LANGUAGE_STEMMED,
             false))
        return false;
    if (!shape.letters || !(shape.joined || shape.humps))
        return true;
    return add_parts(scan, start, end, shape.humps);
}

/* The pairs of characters within a word of three and more. */
static bool add_pairs(struct scan *scan, size_t start, size_t end)
{
    size_t first = start, second = start, third;
    text_next(scan->text, end, &second);
    while (second < end) {
        third = second;
        text_next(scan->text, end, &third);
        if ((first != start || third != end) && !add(scan, first, third, LANGUAGE_VERBATIM, true))
            return false;
        first = second;
        second = third;
    }
    return true;
}

/* A run of characters of scripts without spaces, at most RUN_BYTES of it. */
static bool scan_run(struct scan *scan, size_t *position)
{
    size_t start = *position, end = start, next;
    while (end - start < RUN_BYTES - 4 && class_at(scan, end, &next) == SPACELESS)
        end = next;
    *position = end;
    UChar units[RUN_BYTES];
    int32_t count = 0;
    UErrorCode status = U_ZERO_ERROR;
    u_strFromUTF8(units, RUN_BYTES, &count, scan->text + start, (int32_t)(end - start), &status);
    ubrk_setText(scan->language->words, units, count, &status);
    if (U_FAILURE(status))
        return add(scan, start, end, LANGUAGE_VERBATIM, false);
    size_t from = start;
    int32_t unit = 0;
    for (int32_t to; (to = ubrk_next(scan->language->words)) != UBRK_DONE;) {
        size_t until = from;
        for (; unit < to; unit++)
            if (!U16_IS_TRAIL(units[unit]))
                text_next(scan->text, end, &until);
        if (until > from &&
            (!add(scan, from, until, LANGUAGE_VERBATIM, false) || !add_pairs(scan, from, until)))
            return false;
        from = until;
    }
    return true;
}

int language_words(struct language *language, const char *text, size_t length, struct arena *arena,
                   struct language_word **out, size_t *count, struct treadle_error *error)
{
    struct scan scan = {.language = language, .text = text, .length = length, .arena = arena};
    for (size_t at = 0, next = 0; at < length;) {
        bool kept = true;
        switch (class_at(&scan, at, &next)) {
        case LETTER:
            kept = scan_word(&scan, &at);
            break;
        case SPACELESS:
            kept = scan_run(&scan, &at);
            break;
        case OTHER:
            at = next;
            break;
        }
        if (!kept)
            return error_set_memory(error);
    }
    *out = scan.words;
    *count = scan.count;
    return 0;
}
