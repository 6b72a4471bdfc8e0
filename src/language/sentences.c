/*
 * Sentences: ICU's boundaries, except those after a full stop within a sentence. ICU splits at a
 * full stop before a capital and at every line end. A boundary is removed after an abbreviation, an
 * initial, an ordinal, and the number of a list item, and at a single line end where a sentence is
 * only wrapped.
 *
 * Abbreviations are known for all languages at once: texts quote other languages, and few words are
 * an abbreviation in one and end a sentence in another. Those that end sentences as often as not
 * are weak: the next word decides.
 */
#include <string.h>
#include <unicode/utext.h>

#include "base/array.h"
#include "base/error.h"
#include "language/internal.h"

static const char abbreviations[] =
    " e.g. i.e. cf. vs. viz. approx. ca. fig. figs. eq. eqs. sec. sect. ch. chap. no. nos. vol. "
    "pp. p. ed. eds. dr. mr. mrs. ms. prof. st. dept. univ. incl. excl. min. max. def. ex. ref. "
    "refs. tab. app. art. est. gen. col. sgt. capt. lt. rev. hon. messrs. mt. ft. "
    "abb. abs. abschn. allg. anm. aufl. bd. begr. bes. bez. bspw. bzgl. bzw. chr. d.h. dipl. "
    "ehem. einschl. entspr. evtl. ggf. ggfs. geb. gem. gez. hr. hrn. hrsg. i.d.r. i.a. ing. inkl. "
    "kap. lt. max. mind. mio. mrd. nr. o.ä. o.g. rd. resp. s.o. s.u. sog. st. std. str. tel. u.a. "
    "u.ä. ursprgl. urspr. verf. vgl. v.a. wg. z.b. z.t. zzgl. zzt. "
    "av. apr. boul. bd. chap. env. éd. fasc. hab. m. mm. mme. mlle. n.b. p.ex. réf. tél. c.-à-d. "
    "avda. cía. d.ª dña. dra. núm. núms. pág. págs. p.ej. prov. sra. sres. srta. ud. uds. "
    "vd. vds. aprox. "
    "dott. dott.ssa fig. ing. pag. pagg. p.es. sig. sig.ra sigg. sen. tel. v. "
    "exmo. exma. pág. sr. srs. v.exa. "
    "a.u.b. bijv. blz. d.w.z. dhr. drs. evt. m.b.t. mevr. n.a.v. o.a. t.a.v. t.o.v. zgn. "
    "bl.a. dvs. d.v.s. f.d. f.eks. fr.o.m. kl. m.m. s.k. t.ex. t.o.m. t.v. f.n. ev. "
    "esim. klo. ks. mm. n. nk. ns. p. puh. "
    "г. гг. им. илл. млн. млрд. напр. п. рис. руб. с. см. стр. т.е. т.к. табл. тыс. ул. гл. ";

/* These may end a sentence. */
static const char weak[] = " al. etc. usw. co. corp. inc. ltd. jr. sr. u.s. u.k. u.s.a. d.c. a.m. "
                           "p.m. ph.d. b.c. a.d. gmbh. ecc. osv. enz. ee.uu. т.д. т.п. др. ";

/* Before an ordinal in languages that write it with a full stop: "am 3. Mai", "im 2. Stock". */
static const char before_ordinals[] =
    " am vom bis zum ab im der die das den dem des ein eine einem einen einer seit und oder "
    "jeder jeden jede jedem kein vor nach unser ihr sein den det de til fra i på og av för den "
    "vuoden päivänä ";

static const char months[] =
    " januar jänner februar märz april mai juni juli august september oktober november dezember "
    "january february march may june july october december jan feb mär apr jun jul aug sep sept "
    "okt nov dez january desember marts maj tammikuuta helmikuuta maaliskuuta huhtikuuta "
    "toukokuuta "
    "kesäkuuta heinäkuuta elokuuta syyskuuta lokakuuta marraskuuta joulukuuta január február "
    "március április május június július augusztus szeptember október december ";

enum { WORD_BYTES = 24 };

static bool is_space(char c)
{
    return (unsigned char)c <= ' ';
}

/* Where the word that ends at `end` starts. */
static size_t word_start(const char *text, size_t start, size_t end)
{
    while (end > start && !is_space(text[end - 1]))
        end--;
    return end;
}

static size_t word_end(const char *text, size_t start, size_t length)
{
    while (start < length && !is_space(text[start]))
        start++;
    return start;
}

/* Whether the list has the word [start, end), whatever its ASCII case. */
static bool is_listed(const char *list, const char *text, size_t start, size_t end)
{
    char folded[WORD_BYTES];
    if (end <= start || end - start >= sizeof folded)
        return false;
    for (size_t i = start; i < end; i++)
        folded[i - start] = to_lower((unsigned char)text[i]);
    return language_listed(list, folded, end - start);
}

/* The word before [.., end), without the spaces between. */
static size_t before(const char *text, size_t start, size_t end)
{
    while (end > start && is_space(text[end - 1]))
        end--;
    return end;
}

/* "J. Smith", "Donald E. Knuth": one capital, and not the last word of an ordinary clause ("is
 * written in R. It"), so what is before it must be a name, an initial or nothing. */
static bool is_initial(const char *text, size_t start, size_t word, size_t end)
{
    if (end - word != 2 || !is_upper((unsigned char)text[word]))
        return false;
    size_t last = before(text, start, word), name = word_start(text, start, last);
    if (last == start)
        return true;
    return is_upper((unsigned char)text[name]) || text[last - 1] == '.';
}

/* "z. B.", "d. h.", "p. ex.": a small letter that is no unit of measure ("5 m."). */
static bool is_letter_of_abbreviation(const char *text, size_t start, size_t word, size_t end)
{
    if (end - word != 2 || !is_lower((unsigned char)text[word]))
        return false;
    size_t last = before(text, start, word);
    return last == start || !is_digit((unsigned char)text[last - 1]);
}

/* "31. Dezember", "im 2. OG", "3. Press": an ordinal, or the number of a list. */
static bool is_ordinal(const char *text, size_t length, size_t start, size_t word, size_t end,
                       size_t next)
{
    size_t digits = word;
    while (digits < end && is_digit((unsigned char)text[digits]))
        digits++;
    if (digits == word || digits + 1 != end || digits - word > 3)
        return false;
    size_t last = before(text, start, word), next_end = word_end(text, next, length);
    while (next_end > next && strchr(".,;:!?)", text[next_end - 1]))
        next_end--;
    if (last == start || is_listed(months, text, next, next_end))
        return true;
    return is_listed(before_ordinals, text, word_start(text, start, last), last);
}

/* Letters with full stops between: "U.S.", "a.m.", "z.B.". */
static bool is_dotted(const char *text, size_t word, size_t end)
{
    size_t dots = 0;
    for (size_t i = word; i < end; i++)
        dots += text[i] == '.';
    return dots > 1 && dots * 2 >= end - word;
}

/* Whether the word after a weak abbreviation is the start of a sentence: a word that carries no
 * meaning does not begin with a capital within one. */
static bool starts_anew(const struct language *language, const char *text, size_t length,
                        size_t next)
{
    size_t end = word_end(text, next, length);
    unsigned char first = (unsigned char)text[next];
    if (!is_upper(first) && first < 0x80)
        return false;
    while (end > next && strchr(".,;:!?)", text[end - 1]))
        end--;
    return is_listed(language->rules->stopwords, text, next, end);
}

static bool ends_with_abbreviation(const struct language *language, const char *text, size_t length,
                                   size_t start, size_t end, size_t next)
{
    if (end == start || text[end - 1] != '.')
        return false;
    size_t word = word_start(text, start, end);
    if (is_initial(text, start, word, end) || is_ordinal(text, length, start, word, end, next))
        return true;
    while (word < end && strchr("([\"'", text[word]))
        word++;
    if (is_letter_of_abbreviation(text, start, word, end))
        return true;
    bool listed = is_listed(abbreviations, text, word, end);
    if (!listed && (is_listed(weak, text, word, end) || is_dotted(text, word, end)))
        listed = !starts_anew(language, text, length, next);
    return listed;
}

static bool ends_a_sentence(const char *text, size_t start, size_t end)
{
    while (end > start && strchr(")]\"'", text[end - 1]))
        end--;
    return end > start && strchr(".!?:;", text[end - 1]);
}

/* Whether the text from `next` on continues the sentence of [start, end). */
static bool goes_on(const struct language *language, const char *text, size_t length, size_t start,
                    size_t end, size_t next)
{
    size_t lines = 0;
    for (size_t i = end; i < next; i++)
        lines += text[i] == '\n';
    if (lines > 1 || next >= length)
        return false;
    if (ends_with_abbreviation(language, text, length, start, end, next))
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

/* "3.": the number of the item that follows. */
static bool is_number_of_item(const char *text, size_t start, size_t end)
{
    if (end - start < 2 || end - start > 4 || text[end - 1] != '.')
        return false;
    for (size_t i = start; i + 1 < end; i++)
        if (!is_digit((unsigned char)text[i]))
            return false;
    return true;
}

struct list {
    struct arena *arena;
    struct language_span *spans;
    size_t count, room;
};

static bool list_add(struct list *list, size_t start, size_t end)
{
    struct language_span *spans =
        array_grow_in(list->arena, list->spans, list->count, &list->room, sizeof *spans);
    if (!spans)
        return false;
    list->spans = spans;
    list->spans[list->count++] = (struct language_span){start, end};
    return true;
}

/* Adds the piece that ICU found, or lengthens the last sentence by it. */
static bool place(struct list *list, const struct language *language, const char *text,
                  size_t length, size_t start, size_t end)
{
    while (start < end && is_space(text[start]))
        start++;
    while (end > start && is_space(text[end - 1]))
        end--;
    if (start == end)
        return true;
    struct language_span *last = list->count ? &list->spans[list->count - 1] : NULL;
    /* ICU splits `.Rprofile` after its dot; only scripts without spaces split without one. */
    bool apart = last && (start > last->end || (unsigned char)text[start - 1] >= 0x80);
    if (last && (!apart || goes_on(language, text, length, last->start, last->end, start) ||
                 (!memchr(text + last->end, '\n', start - last->end) &&
                  !has_letter(text, start, end) && !is_number_of_item(text, start, end)))) {
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
        kept = place(&list, language, text, length, (size_t)start, (size_t)end);
    utext_close(source);
    if (U_FAILURE(status))
        return error_set(error, TREADLE_EUNSUPPORTED, "Sentences: %s.", u_errorName(status));
    if (!kept)
        return error_set_memory(error);
    *out = list.spans;
    *count = list.count;
    return 0;
}
