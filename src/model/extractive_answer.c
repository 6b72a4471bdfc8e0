/*
 * Answers: the chosen sentences in quotation marks, each with its page and its passage's marker.
 */
#include <string.h>

#include "base/text.h"
#include "model/extractive.h"

enum { QUOTE_BYTES = 400, SHORTEST_QUOTE = 200 };

/* A sentence that leans on the one before it is quoted with it. */
static size_t quote_start(const struct sentence *sentence)
{
    bool both = sentence->leans && sentence->end - sentence->before <= QUOTE_BYTES;
    return both ? sentence->before : sentence->start;
}

static int page_of(const struct sentence *sentence)
{
    const struct model_passage *passage = sentence->passage;
    int page = 0;
    for (size_t i = 0; i < passage->page_count; i++)
        if (i == 0 || passage->pages[i].offset <= sentence->start)
            page = passage->pages[i].page;
    return page;
}

/* Where to end a quote that is too long: behind a clause, else behind a word. */
static size_t cut(const char *text, size_t length)
{
    if (length <= QUOTE_BYTES)
        return length;
    size_t end = text_cut(text, QUOTE_BYTES), word = 0;
    for (size_t i = end; i > SHORTEST_QUOTE; i--) {
        if (text[i] != ' ')
            continue;
        if (strchr(",;:", text[i - 1]))
            return i - 1;
        if (!word)
            word = i;
    }
    return word ? word : end;
}

static void write_quote(struct buffer *out, const struct sentence *sentence)
{
    const char *text = sentence->passage->text + quote_start(sentence);
    size_t length = sentence->end - quote_start(sentence), end = cut(text, length);
    buffer_append_string(out, "“");
    for (size_t i = 0; i < end; i++)
        buffer_append_char(out, (unsigned char)text[i] < ' ' ? ' ' : text[i]);
    buffer_append_string(out, end < length ? " …”" : "”");
    int page = page_of(sentence);
    if (page > 0)
        buffer_append_format(out, " (page %d)", page);
    if (sentence->passage->marker)
        buffer_append_format(out, " %s", sentence->passage->marker);
}

void answer_write(struct buffer *out, const struct sentence *const *chosen, size_t count)
{
    bool one_file = true;
    for (size_t i = 1; i < count; i++)
        one_file =
            one_file && text_equal(chosen[0]->passage->filename, chosen[i]->passage->filename);
    for (size_t i = 0; i < count; i++) {
        const char *filename = chosen[i]->passage->filename;
        if (i > 0)
            buffer_append_string(out, "\n\n");
        if (filename && (i == 0 || !one_file))
            buffer_append_format(out, "From %s:\n", filename);
        write_quote(out, chosen[i]);
    }
}
