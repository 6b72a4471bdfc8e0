/*
 * Pages: cuts poppler's text, which is in reading order, into lines by its characters' places.
 *
 * Poppler's own line ends are kept. A line is also cut where the text jumps to another height,
 * back to the left or over a wide gap, for poppler at times runs a label and what stands beside
 * it together; a gap that is as wide as a space becomes one; and a raised exponent gets a '^', or
 * 2 to the power of y would read as 2y. What belongs into one row of the
 * page is found out by the document room.
 */
#include "reader/page.h"

#include <stdbool.h>
#include <string.h>

enum { SIZES = 8, LINE_BYTES = 16384 };

/* A line in the making. */
struct line {
    GString *text;
    double left, top, right, bottom;
    PopplerRectangle last; /* where its last character stands */
    double last_size;
    gunichar last_character;
    struct {
        double size;
        int count;
    } sizes[SIZES]; /* the commonest fonts' sizes */
    int characters, bold;
    int letters;              /* of the Latin alphabet, and how wide they are: */
    double narrowest, widest; /* of all of them */
    bool slim, broad;         /* whether there are letters that differ in proportional fonts */
};

static void line_reset(struct line *line)
{
    GString *text = line->text;
    g_string_truncate(text, 0);
    *line = (struct line){.text = text};
}

static int32_t hundredths(double points)
{
    return points > -1e6 && points < 1e6 ? (int32_t)(points * 100) : 0;
}

static double common_size(const struct line *line)
{
    int best = 0;
    for (int i = 1; i < SIZES; i++)
        if (line->sizes[i].count > line->sizes[best].count)
            best = i;
    return line->sizes[best].size;
}

static bool is_fixed(const struct line *line)
{
    return line->letters >= 4 && line->slim && line->broad &&
           line->widest - line->narrowest < 0.04 * line->widest;
}

static void line_flush(struct line *line, struct output *output)
{
    if (line->characters > 0) {
        struct frame_line body = {
            .left = hundredths(line->left),
            .top = hundredths(line->top),
            .right = hundredths(line->right),
            .bottom = hundredths(line->bottom),
            .size = hundredths(common_size(line)),
            .style = (line->bold * 2 > line->characters ? FRAME_BOLD : 0u) |
                     (is_fixed(line) ? FRAME_FIXED : 0u),
        };
        output_frame(output, FRAME_LINE, &body, sizeof body, line->text->str, line->text->len);
    }
    line_reset(line);
}

static bool is_bold(const char *font)
{
    static const char *const marks[] = {"Bold", "bold", "Black", "Heavy", "Demi",
                                        "Medi", "CMBX", "SFBX",  "ecbx"};
    for (size_t i = 0; font && i < G_N_ELEMENTS(marks); i++)
        if (strstr(font, marks[i]))
            return true;
    return false;
}

static void count_size(struct line *line, double size)
{
    for (int i = 0; i < SIZES; i++) {
        if (line->sizes[i].count == 0)
            line->sizes[i].size = size;
        if (line->sizes[i].size == size) {
            line->sizes[i].count++;
            return;
        }
    }
}

static void measure_letter(struct line *line, gunichar character, double width)
{
    if (character >= 128 || !g_ascii_isalpha((char)character))
        return;
    if (line->letters == 0 || width < line->narrowest)
        line->narrowest = width;
    if (line->letters == 0 || width > line->widest)
        line->widest = width;
    line->letters++;
    if (strchr("iljtfrI", (int)character))
        line->slim = true;
    else
        line->broad = true;
}

/* Whether the character at `place` belongs to another line than the one in the making. */
static bool parts(const struct line *line, const PopplerRectangle *place)
{
    if (line->characters == 0)
        return false;
    double height = line->last.y2 - line->last.y1;
    return place->y1 >= line->last.y2 || place->y2 <= line->last.y1 ||
           place->x1 < line->last.x1 - 4 * height || place->x1 > line->last.x2 + 1.2 * height;
}

/* Whether a character is the first of an exponent to the one before it. */
static bool is_raised(const struct line *line, gunichar character, const PopplerRectangle *place,
                      double size)
{
    gunichar base = line->last_character;
    return size < 0.8 * line->last_size && place->y2 < line->last.y2 - 0.3 * line->last_size &&
           place->x1 - line->last.x2 < 0.1 * line->last_size &&
           (g_unichar_isalnum(base) || base == ')' || base == ']') &&
           (g_unichar_isalnum(character) || character == '-' || character == 0x2212);
}

static void line_add(struct line *line, gunichar character, const PopplerRectangle *place,
                     double size, bool bold)
{
    double gap = place->x1 - line->last.x2;
    if (line->characters > 0 && gap > 0.25 * size && line->text->len > 0 &&
        line->text->str[line->text->len - 1] != ' ')
        g_string_append_c(line->text, ' ');
    else if (line->characters > 0 && is_raised(line, character, place, size))
        g_string_append_c(line->text, '^');
    g_string_append_unichar(line->text, character);
    if (line->characters == 0) {
        line->left = place->x1;
        line->top = place->y1;
        line->right = place->x2;
        line->bottom = place->y2;
    }
    line->left = MIN(line->left, place->x1);
    line->top = MIN(line->top, place->y1);
    line->right = MAX(line->right, place->x2);
    line->bottom = MAX(line->bottom, place->y2);
    line->last = *place;
    line->last_size = size;
    line->last_character = character;
    line->characters++;
    line->bold += bold;
    count_size(line, size);
    measure_letter(line, character, place->x2 - place->x1);
}

static void send_lines(struct output *output, const char *text, const PopplerRectangle *places,
                       guint count, GList *attributes)
{
    struct line line = {.text = g_string_new(NULL)};
    guint index = 0;
    GList *font = attributes;
    bool bold = font && is_bold(((PopplerTextAttributes *)font->data)->font_name);
    for (const char *at = text; *at && index < count; at = g_utf8_next_char(at), index++) {
        gunichar character = g_utf8_get_char(at);
        while (font && font->next &&
               (gint)index > ((PopplerTextAttributes *)font->data)->end_index) {
            font = font->next;
            bold = is_bold(((PopplerTextAttributes *)font->data)->font_name);
        }
        if (character == '\n' || line.text->len >= LINE_BYTES) {
            line_flush(&line, output);
        } else if (g_unichar_isspace(character) || g_unichar_iscntrl(character)) {
            if (line.characters > 0)
                g_string_append_c(line.text, ' ');
        } else {
            double size = font ? ((PopplerTextAttributes *)font->data)->font_size : 0;
            if (parts(&line, &places[index]))
                line_flush(&line, output);
            line_add(&line, character, &places[index], size, bold);
        }
    }
    line_flush(&line, output);
    g_string_free(line.text, TRUE);
}

static void send_notice(struct output *output, enum notice_code code)
{
    struct frame_notice body = {.code = code};
    output_frame(output, FRAME_NOTICE, &body, sizeof body, NULL, 0);
}

void page_send(struct output *output, PopplerDocument *document, int number)
{
    struct frame_page begin = {.number = (uint32_t)number};
    output_frame(output, FRAME_PAGE, &begin, sizeof begin, NULL, 0);
    output_flush(output);
    PopplerPage *page = poppler_document_get_page(document, number - 1);
    if (!page) {
        send_notice(output, NOTICE_PAGE_DAMAGED);
        return;
    }
    double width = 0, height = 0;
    poppler_page_get_size(page, &width, &height);
    struct frame_size size = {.width = hundredths(width), .height = hundredths(height)};
    output_frame(output, FRAME_SIZE, &size, sizeof size, NULL, 0);
    PopplerRectangle *places = NULL;
    guint count = 0;
    char *text = poppler_page_get_text(page);
    if (text && g_utf8_validate(text, -1, NULL) &&
        poppler_page_get_text_layout(page, &places, &count)) {
        GList *attributes = poppler_page_get_text_attributes(page);
        send_lines(output, text, places, count, attributes);
        poppler_page_free_text_attributes(attributes);
    }
    g_free(places);
    g_free(text);
    g_object_unref(page);
}
