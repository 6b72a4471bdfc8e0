/*
 * Folding in two passes, both skipped for ASCII: each character by its kind of compatibility
 * decomposition, then the whole line to NFC. Plain NFKC is not suitable: it makes x² into x2 and ½
 * into 1⁄2, and splits single accents into a space and a combining mark.
 */
#include "document/fold.h"

#include <limits.h>
#include <stdlib.h>
#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>

#include "base/error.h"
#include "base/text.h"

enum { SOFT_HYPHEN = 0xAD };

bool fold_is_ideographic(uint32_t c)
{
    return (c >= 0x2E80 && c <= 0x31FF) || (c >= 0x3400 && c <= 0x9FFF) ||
           (c >= 0xF900 && c <= 0xFAFF) || (c >= 0xFF00 && c <= 0xFF9F) ||
           (c >= 0x20000 && c <= 0x3FFFF);
}

bool fold_runs_left(uint32_t c)
{
    if (c < 0x590)
        return false;
    UCharDirection direction = u_charDirection((UChar32)c);
    return direction == U_RIGHT_TO_LEFT || direction == U_RIGHT_TO_LEFT_ARABIC;
}

static bool is_blank(uint32_t c)
{
    return c <= ' ' || (c >= 0x7F && c <= 0xA0) ||
           (c > 0xA0 &&
            (u_isUWhiteSpace((UChar32)c) || u_charType((UChar32)c) == U_PRIVATE_USE_CHAR));
}

/* Marks of layout that are no text; direction marks can also make a quote read as another. */
static bool is_invisible(uint32_t c)
{
    return c == 0x200B || c == 0x200E || c == 0x200F || (c >= 0x202A && c <= 0x202E) ||
           (c >= 0x2060 && c <= 0x2069) || c == 0xFEFF || (c >= 0xFFF9 && c <= 0xFFFD) ||
           u_charType((UChar32)c) == U_UNASSIGNED;
}

/* The decomposition of a character that stands for others by its shape alone; its length, or 0
 * for a character that stays. */
static int32_t decompose(uint32_t c, UChar *out, int32_t size)
{
    switch (u_getIntPropertyValue((UChar32)c, UCHAR_DECOMPOSITION_TYPE)) {
    case U_DT_WIDE:
        if (u_ispunct((UChar32)c))
            return 0;
        break;
    case U_DT_COMPAT:
    case U_DT_FONT:
    case U_DT_FINAL:
    case U_DT_INITIAL:
    case U_DT_ISOLATED:
    case U_DT_MEDIAL:
    case U_DT_NARROW:
    case U_DT_NOBREAK:
    case U_DT_VERTICAL:
        break;
    default:
        return 0;
    }
    UErrorCode status = U_ZERO_ERROR;
    const UNormalizer2 *nfkc = unorm2_getNFKCInstance(&status);
    if (U_FAILURE(status))
        return 0;
    /* The decomposition of one character may decompose further: normalise it whole. */
    UChar source[2];
    int32_t units = 0;
    U16_APPEND_UNSAFE(source, units, c);
    int32_t length = unorm2_normalize(nfkc, source, units, out, size, &status);
    return U_FAILURE(status) || length < 1 || out[0] == ' ' ? 0 : length;
}

struct folding {
    struct buffer *out;
    uint32_t last; /* the last character put, 0 at first */
    bool blank;    /* white space was left out after it */
    bool soft;     /* a soft hyphen was */
};

static void put(struct folding *folding, uint32_t c)
{
    char bytes[4];
    bool between = fold_is_ideographic(folding->last) && fold_is_ideographic(c);
    if (folding->blank && folding->last && !between)
        buffer_append_char(folding->out, ' ');
    folding->blank = folding->soft = false;
    folding->last = c;
    buffer_append(folding->out, bytes, text_put(bytes, c));
}

static void fold_character(struct folding *folding, uint32_t c)
{
    UChar units[32];
    if (c > ' ' && c < 0x7F) {
        put(folding, c);
        return;
    }
    if (is_blank(c)) {
        folding->blank = true;
        return;
    }
    if (c == SOFT_HYPHEN) {
        folding->soft = true;
        return;
    }
    if (is_invisible(c))
        return;
    if (c == 0x2010 || c == 0x2011) {
        put(folding, '-');
        return;
    }
    int32_t count = decompose(c, units, 32);
    if (count == 0)
        put(folding, c);
    for (int32_t i = 0; i < count;) {
        UChar32 part;
        U16_NEXT(units, i, count, part);
        put(folding, (uint32_t)part);
    }
}

/* A letter without its dot gets it back where a mark stands above it: so TeX writes an i with an
 * accent, which has no character of its own with this letter. */
static void give_dots(UChar *units, int32_t count)
{
    for (int32_t i = 0; i + 1 < count; i++)
        if ((units[i] == 0x131 || units[i] == 0x237) && u_getCombiningClass(units[i + 1]) == 230)
            units[i] = units[i] == 0x131 ? 'i' : 'j';
}

/* Brings the line that begins at `start` to NFC when it is not. */
static int compose(struct buffer *out, size_t start, struct treadle_error *error)
{
    UErrorCode status = U_ZERO_ERROR;
    const UNormalizer2 *nfc = unorm2_getNFCInstance(&status);
    size_t length = out->length - start;
    if (length == 0)
        return 0;
    if (length > INT_MAX / 8)
        return error_set(error, TREADLE_ELIMIT, FOLD_TOO_LONG);
    size_t room = length + 1;
    UChar *units = malloc(room * 4 * sizeof *units);
    if (!units)
        return error_set_memory(error);
    int32_t count = 0, composed = 0, bytes = 0;
    UChar *result = units + room;
    u_strFromUTF8(units, (int32_t)room, &count, out->data + start, (int32_t)length, &status);
    give_dots(units, count);
    bool same = U_SUCCESS(status) && unorm2_isNormalized(nfc, units, count, &status);
    if (!same && U_SUCCESS(status)) {
        /* NFC is at most three times as long in UTF-16. */
        composed = unorm2_normalize(nfc, units, count, result, (int32_t)room * 3, &status);
        char *text = malloc((size_t)composed * 3 + 1);
        if (text)
            u_strToUTF8(text, composed * 3 + 1, &bytes, result, composed, &status);
        if (text && U_SUCCESS(status)) {
            out->length = start;
            buffer_append(out, text, (size_t)bytes);
        } else {
            out->failed = TREADLE_EMEMORY;
        }
        free(text);
    }
    free(units);
    return out->failed || U_FAILURE(status) ? error_set_memory(error) : 0;
}

int fold_line(struct buffer *out, const char *text, size_t length, struct treadle_error *error)
{
    struct folding folding = {.out = out};
    size_t start = out->length;
    bool ascii = true;
    for (size_t i = 0; i < length;) {
        uint32_t c = text_next(text, length, &i);
        ascii = ascii && c < 0x80;
        fold_character(&folding, c);
    }
    if (folding.soft && !folding.blank) {
        char bytes[4];
        buffer_append(out, bytes, text_put(bytes, SOFT_HYPHEN));
    }
    if (out->failed)
        return buffer_error(out, "the document holds more text than is allowed", error);
    return ascii ? 0 : compose(out, start, error);
}
