/*
 * LaTeX in one pass, without macros: commands are known by the table below, of all others the name
 * is dropped and the arguments stay. Formulas stay as they are written, since nothing says them
 * better. Comments are left out.
 */
#include "reader/tex.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "reader/text.h"

enum { LONGEST_NAME = 40, MOST_DEPTH = 100, MOST_LISTS = 16, NAMED_COLUMNS = 2, MARK_BYTES = 24 };

struct reading {
    struct sink *sink;
    const char *at, *end;
    int numbers[MOST_LISTS]; /* of the items of each list; -1 in one without */
    size_t lists, tables;
    size_t depth; /* of arguments within each other */
    bool body;    /* the document has begun, or it has no beginning */
};

enum role {
    ROLE_HEADING, /* `value`: its level */
    ROLE_HIDDEN,  /* `value`: so many arguments are no text */
    ROLE_TEXT,    /* `text` stands for it */
    ROLE_ACCENT,  /* `text` follows the letter */
    ROLE_BREAK,   /* a paragraph ends */
    ROLE_TITLE,
    ROLE_ITEM,
    ROLE_BEGIN,
    ROLE_END,
    ROLE_NOTE, /* its argument stands in brackets */
    ROLE_CITE, /* as it stands, in square brackets */
    ROLE_VERB
};

static const struct command {
    const char *name;
    enum role role;
    int value;
    const char *text;
} commands[] = {
    {"part", ROLE_HEADING, 1, NULL},
    {"chapter", ROLE_HEADING, 1, NULL},
    {"section", ROLE_HEADING, 2, NULL},
    {"subsection", ROLE_HEADING, 3, NULL},
    {"subsubsection", ROLE_HEADING, 4, NULL},
    {"paragraph", ROLE_HEADING, 5, NULL},
    {"subparagraph", ROLE_HEADING, 6, NULL},
    {"title", ROLE_TITLE, 0, NULL},
    {"caption", ROLE_BREAK, 0, NULL},
    {"par", ROLE_BREAK, 0, NULL},
    {"newpage", ROLE_BREAK, 0, NULL},
    {"item", ROLE_ITEM, 0, NULL},
    {"begin", ROLE_BEGIN, 0, NULL},
    {"end", ROLE_END, 0, NULL},
    {"footnote", ROLE_NOTE, 0, NULL},
    {"cite", ROLE_CITE, 0, NULL},
    {"ref", ROLE_CITE, 0, NULL},
    {"verb", ROLE_VERB, 0, NULL},
    {"label", ROLE_HIDDEN, 1, NULL},
    {"input", ROLE_HIDDEN, 1, NULL},
    {"include", ROLE_HIDDEN, 1, NULL},
    {"usepackage", ROLE_HIDDEN, 1, NULL},
    {"documentclass", ROLE_HIDDEN, 1, NULL},
    {"bibliography", ROLE_HIDDEN, 1, NULL},
    {"bibliographystyle", ROLE_HIDDEN, 1, NULL},
    {"includegraphics", ROLE_HIDDEN, 1, NULL},
    {"vspace", ROLE_HIDDEN, 1, NULL},
    {"hspace", ROLE_HIDDEN, 1, NULL},
    {"index", ROLE_HIDDEN, 1, NULL},
    {"href", ROLE_HIDDEN, 1, NULL},
    {"textcolor", ROLE_HIDDEN, 1, NULL},
    {"color", ROLE_HIDDEN, 1, NULL},
    {"pagestyle", ROLE_HIDDEN, 1, NULL},
    {"multicolumn", ROLE_HIDDEN, 2, NULL},
    {"cline", ROLE_HIDDEN, 1, NULL},
    {"cmidrule", ROLE_HIDDEN, 1, NULL},
    {"setlength", ROLE_HIDDEN, 2, NULL},
    {"newcommand", ROLE_HIDDEN, 2, NULL},
    {"renewcommand", ROLE_HIDDEN, 2, NULL},
    {"setcounter", ROLE_HIDDEN, 2, NULL},
    {"ss", ROLE_TEXT, 0, "\xC3\x9F"},
    {"ae", ROLE_TEXT, 0, "\xC3\xA6"},
    {"AE", ROLE_TEXT, 0, "\xC3\x86"},
    {"oe", ROLE_TEXT, 0, "\xC5\x93"},
    {"OE", ROLE_TEXT, 0, "\xC5\x92"},
    {"o", ROLE_TEXT, 0, "\xC3\xB8"},
    {"O", ROLE_TEXT, 0, "\xC3\x98"},
    {"l", ROLE_TEXT, 0, "\xC5\x82"},
    {"L", ROLE_TEXT, 0, "\xC5\x81"},
    {"aa", ROLE_TEXT, 0, "\xC3\xA5"},
    {"AA", ROLE_TEXT, 0, "\xC3\x85"},
    {"i", ROLE_TEXT, 0, "i"},
    {"j", ROLE_TEXT, 0, "j"},
    {"S", ROLE_TEXT, 0, "\xC2\xA7"},
    {"pounds", ROLE_TEXT, 0, "\xC2\xA3"},
    {"euro", ROLE_TEXT, 0, "\xE2\x82\xAC"},
    {"copyright", ROLE_TEXT, 0, "\xC2\xA9"},
    {"ldots", ROLE_TEXT, 0, "\xE2\x80\xA6"},
    {"dots", ROLE_TEXT, 0, "\xE2\x80\xA6"},
    {"textbackslash", ROLE_TEXT, 0, "\\"},
    {"LaTeX", ROLE_TEXT, 0, "LaTeX"},
    {"TeX", ROLE_TEXT, 0, "TeX"},
    {"quad", ROLE_TEXT, 0, " "},
    {"qquad", ROLE_TEXT, 0, " "},
    {"newline", ROLE_TEXT, 0, " "},
    {"'", ROLE_ACCENT, 0, "\xCC\x81"},
    {"`", ROLE_ACCENT, 0, "\xCC\x80"},
    {"^", ROLE_ACCENT, 0, "\xCC\x82"},
    {"\"", ROLE_ACCENT, 0, "\xCC\x88"},
    {"~", ROLE_ACCENT, 0, "\xCC\x83"},
    {"=", ROLE_ACCENT, 0, "\xCC\x84"},
    {".", ROLE_ACCENT, 0, "\xCC\x87"},
    {"u", ROLE_ACCENT, 0, "\xCC\x86"},
    {"v", ROLE_ACCENT, 0, "\xCC\x8C"},
    {"H", ROLE_ACCENT, 0, "\xCC\x8B"},
    {"c", ROLE_ACCENT, 0, "\xCC\xA7"},
    {"k", ROLE_ACCENT, 0, "\xCC\xA8"},
    {"r", ROLE_ACCENT, 0, "\xCC\x8A"},
    {"d", ROLE_ACCENT, 0, "\xCC\xA3"},
};

static bool is_letter(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '@';
}

static void skip_space(struct reading *reading)
{
    while (reading->at < reading->end && strchr(" \t\r", *reading->at) && *reading->at)
        reading->at++;
}

static void skip_line(struct reading *reading)
{
    const char *end = memchr(reading->at, '\n', (size_t)(reading->end - reading->at));
    reading->at = end ? end + 1 : reading->end;
}

/* Takes what is between the brackets, which may nest; false where no bracket opens here. */
static bool take_argument(struct reading *reading, char open, char close, struct line *out)
{
    size_t depth = 0;
    const char *before = reading->at;
    skip_space(reading);
    if (reading->at == reading->end || *reading->at != open) {
        reading->at = before;
        return false;
    }
    const char *start = reading->at + 1;
    for (; reading->at < reading->end; reading->at++) {
        if (*reading->at == '\\' && reading->at + 1 < reading->end)
            reading->at++;
        else if (*reading->at == open)
            depth++;
        else if (*reading->at == close && --depth == 0)
            break;
    }
    *out = (struct line){start, (size_t)(reading->at - start)};
    reading->at += reading->at < reading->end;
    return true;
}

static void read_all(struct reading *reading);

/* The text of an argument, in the block that is being made. Finding its end costs as much as
 * reading it, so the bound on depth bounds that too. */
static void put_argument(struct reading *reading, const struct line *argument)
{
    struct reading inner = *reading;
    if (++inner.depth > MOST_DEPTH) {
        sink_fail(reading->sink, FRAME_NESTED);
        return;
    }
    inner.at = argument->text;
    inner.end = argument->text + argument->length;
    read_all(&inner);
}

static void take_options(struct reading *reading)
{
    struct line options;
    if (reading->at < reading->end && *reading->at == '*')
        reading->at++;
    while (take_argument(reading, '[', ']', &options))
        continue;
}

/* ---- Environments --------------------------------------------------------------------------- */

static bool is(const struct line *name, const char *word)
{
    size_t length =
        name->length > 0 && name->text[name->length - 1] == '*' ? name->length - 1 : name->length;
    return strlen(word) == length && memcmp(name->text, word, length) == 0;
}

static bool is_any(const struct line *name, const char *const *words)
{
    for (; *words; words++)
        if (is(name, *words))
            return true;
    return false;
}

/* What stands up to the end of an environment whose content is taken as it is. */
static struct line take_verbatim(struct reading *reading, const struct line *name)
{
    char end[LONGEST_NAME + 8];
    int length = snprintf(end, sizeof end, "\\end{%.*s}", (int)name->length, name->text);
    const char *start = reading->at;
    const char *close = memmem(start, (size_t)(reading->end - start), end, (size_t)length);
    const char *stop = close ? close : reading->end;
    reading->at = close ? close + length : reading->end;
    return (struct line){start, (size_t)(stop - start)};
}

static void begin_environment(struct reading *reading)
{
    static const char *const code[] = {"verbatim", "Verbatim", "lstlisting",
                                       "minted",   "alltt",    NULL};
    static const char *const tables[] = {"tabular", "tabularx", "longtable",
                                         "array",   "tabulary", NULL};
    static const char *const lists[] = {"itemize", "enumerate", "description", NULL};
    struct sink *sink = reading->sink;
    struct line name, unused;
    if (!take_argument(reading, '{', '}', &name) || name.length > LONGEST_NAME)
        return;
    if (is(&name, "document")) {
        reading->body = true;
    } else if (is(&name, "comment")) {
        take_verbatim(reading, &name);
    } else if (is_any(&name, code)) {
        take_options(reading);
        if (is(&name, "minted"))
            take_argument(reading, '{', '}', &unused);
        struct line text = take_verbatim(reading, &name);
        sink_begin(sink, FRAME_CODE, 0);
        sink_text(sink, text.text, text.length);
        sink_begin(sink, FRAME_PARAGRAPH, 0);
    } else if (is_any(&name, tables)) {
        take_options(reading);
        if (is(&name, "tabularx") || is(&name, "tabulary"))
            take_argument(reading, '{', '}', &unused);
        take_argument(reading, '{', '}', &unused);
        reading->tables++;
        sink_table_begin(sink, NAMED_COLUMNS);
        sink->table.data = true;
        sink_row_begin(sink);
        sink_cell_begin(sink, false, 1, 1);
    } else {
        take_options(reading);
        if (is_any(&name, lists) && reading->lists < MOST_LISTS)
            reading->numbers[reading->lists++] = is(&name, "enumerate") ? 0 : -1;
        sink_begin(sink, FRAME_PARAGRAPH, 0);
    }
}

static void end_environment(struct reading *reading)
{
    static const char *const tables[] = {"tabular", "tabularx", "longtable",
                                         "array",   "tabulary", NULL};
    static const char *const lists[] = {"itemize", "enumerate", "description", NULL};
    struct line name;
    if (!take_argument(reading, '{', '}', &name))
        return;
    if (is_any(&name, tables) && reading->tables > 0) {
        reading->tables--;
        sink_cell_end(reading->sink);
        sink_row_end(reading->sink, false);
        sink_table_end(reading->sink);
    } else if (is_any(&name, lists) && reading->lists > 0) {
        reading->lists--;
    }
    sink_begin(reading->sink, FRAME_PARAGRAPH, 0);
    if (is(&name, "document"))
        reading->at = reading->end;
}

/* ---- Commands ------------------------------------------------------------------------------- */

static void put_item(struct reading *reading)
{
    char mark[MARK_BYTES] = "- ";
    struct line label;
    int *number = reading->lists ? &reading->numbers[reading->lists - 1] : NULL;
    bool labelled = take_argument(reading, '[', ']', &label);
    if (number && *number >= 0)
        snprintf(mark, sizeof mark, "%d. ", ++*number);
    sink_begin(reading->sink, FRAME_PARAGRAPH, 0);
    sink_string(reading->sink, mark);
    if (!labelled)
        return;
    put_argument(reading, &label);
    sink_text(reading->sink, " ", 1);
}

/* The letter, which may be an argument, then the accent. */
static void put_accent(struct reading *reading, const char *accent)
{
    struct line letter;
    if (take_argument(reading, '{', '}', &letter)) {
        put_argument(reading, &letter);
    } else {
        skip_space(reading);
        const char *at = reading->at;
        size_t rest = (size_t)(reading->end - at), length = 0;
        if (rest > 2 && at[0] == '\\' && (at[1] == 'i' || at[1] == 'j') && !is_letter(at[2])) {
            reading->at += 2;
            skip_space(reading);
            sink_text(reading->sink, at + 1, 1);
        } else if (rest > 0 && *at != '\\') {
            text_next(at, rest, &length);
            sink_text(reading->sink, at, length);
            reading->at += length;
        }
    }
    sink_string(reading->sink, accent);
}

static void put_heading(struct reading *reading, int level)
{
    struct line title;
    take_options(reading);
    if (!take_argument(reading, '{', '}', &title))
        return;
    sink_begin(reading->sink, FRAME_HEADING, (unsigned)level);
    put_argument(reading, &title);
    sink_begin(reading->sink, FRAME_PARAGRAPH, 0);
}

static void put_title(struct reading *reading)
{
    struct line title;
    if (!take_argument(reading, '{', '}', &title))
        return;
    sink_begin(reading->sink, FRAME_HEADING, 1);
    bool body = reading->body;
    reading->body = true;
    put_argument(reading, &title);
    reading->body = body;
    if (reading->sink->text.length)
        sink_title(reading->sink, reading->sink->text.data, reading->sink->text.length);
    sink_begin(reading->sink, FRAME_PARAGRAPH, 0);
}

static void put_enclosed(struct reading *reading, const char *before, const char *after)
{
    struct line argument;
    take_options(reading);
    if (!take_argument(reading, '{', '}', &argument))
        return;
    sink_string(reading->sink, before);
    put_argument(reading, &argument);
    sink_string(reading->sink, after);
}

static void skip_arguments(struct reading *reading, int count)
{
    struct line unused;
    take_options(reading);
    for (int i = 0; i < count; i++) {
        take_argument(reading, '{', '}', &unused);
        take_options(reading);
    }
}

static void put_verb(struct reading *reading)
{
    if (reading->at == reading->end || *reading->at & 0x80)
        return;
    char mark = *reading->at++;
    const char *close = memchr(reading->at, mark, (size_t)(reading->end - reading->at));
    size_t length = close ? (size_t)(close - reading->at) : 0;
    sink_text(reading->sink, reading->at, length);
    reading->at += length + (close ? 1 : 0);
}

static void run(struct reading *reading, const struct command *command)
{
    switch (command->role) {
    case ROLE_HEADING:
        put_heading(reading, command->value);
        break;
    case ROLE_TITLE:
        put_title(reading);
        break;
    case ROLE_HIDDEN:
        skip_arguments(reading, command->value);
        break;
    case ROLE_TEXT:
        sink_string(reading->sink, command->text);
        skip_space(reading);
        break;
    case ROLE_ACCENT:
        put_accent(reading, command->text);
        break;
    case ROLE_BREAK:
        take_options(reading);
        sink_begin(reading->sink, FRAME_PARAGRAPH, 0);
        break;
    case ROLE_ITEM:
        put_item(reading);
        break;
    case ROLE_BEGIN:
        begin_environment(reading);
        break;
    case ROLE_END:
        end_environment(reading);
        break;
    case ROLE_NOTE:
        put_enclosed(reading, " (", ")");
        break;
    case ROLE_CITE:
        put_enclosed(reading, "[", "]");
        break;
    case ROLE_VERB:
        put_verb(reading);
        break;
    }
}

static const struct command *find_command(const char *name, size_t length)
{
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strlen(commands[i].name) == length && memcmp(commands[i].name, name, length) == 0)
            return &commands[i];
    return NULL;
}

static bool shows(const struct reading *reading, const struct command *command)
{
    return reading->body ||
           (command && (command->role == ROLE_TITLE || command->role == ROLE_BEGIN ||
                        command->role == ROLE_HIDDEN));
}

/* After a backslash. */
static void read_command(struct reading *reading)
{
    const char *name = reading->at;
    while (reading->at < reading->end && is_letter(*reading->at))
        reading->at++;
    if (reading->at == name && reading->at < reading->end) {
        size_t character = 0;
        text_next(name, (size_t)(reading->end - name), &character);
        reading->at += character;
    }
    size_t length = (size_t)(reading->at - name);
    const struct command *command = find_command(name, length);
    if (!shows(reading, command))
        return;
    if (command)
        run(reading, command);
    else if (length == 1 && *name == '\\' && reading->tables) {
        take_options(reading);
        sink_cell_end(reading->sink);
        sink_row_end(reading->sink, false);
        sink_row_begin(reading->sink);
        sink_cell_begin(reading->sink, false, 1, 1);
    } else if (length == 1 && *name == '\\')
        sink_text(reading->sink, " ", 1);
    else if (length == 1 && strchr("&%$#_{}", *name))
        sink_text(reading->sink, name, 1);
    else if (length > 0 && is_letter(*name))
        take_options(reading);
}

/* ---- Text ----------------------------------------------------------------------------------- */

/* What is written by several marks, longest first. */
static bool put_ligature(struct reading *reading)
{
    static const char *const marks[][2] = {{"---", "\xE2\x80\x94"},
                                           {"--", "\xE2\x80\x93"},
                                           {"``", "\xE2\x80\x9C"},
                                           {"''", "\xE2\x80\x9D"},
                                           {"~", " "}};
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
        size_t length = strlen(marks[i][0]);
        if ((size_t)(reading->end - reading->at) >= length &&
            memcmp(reading->at, marks[i][0], length) == 0) {
            sink_string(reading->sink, marks[i][1]);
            reading->at += length;
            return true;
        }
    }
    return false;
}

/* At the end of a line: an empty one ends the paragraph. */
static void end_line(struct reading *reading)
{
    skip_space(reading);
    if (reading->at < reading->end && *reading->at == '\n')
        sink_begin(reading->sink, FRAME_PARAGRAPH, 0);
    else
        sink_text(reading->sink, " ", 1);
}

static void read_mark(struct reading *reading)
{
    char mark = *reading->at;
    if (reading->body && strchr("-`'~", mark) && put_ligature(reading))
        return;
    reading->at++;
    if (mark == '\\')
        read_command(reading);
    else if (mark == '%')
        skip_line(reading);
    else if (!reading->body)
        return;
    else if (mark == '\n')
        end_line(reading);
    else if (mark == '&' && reading->tables) {
        sink_cell_end(reading->sink);
        sink_cell_begin(reading->sink, false, 1, 1);
    } else if (!strchr("{}$", mark))
        sink_text(reading->sink, &mark, 1);
}

static void read_all(struct reading *reading)
{
    while (reading->at < reading->end && !reading->sink->failure) {
        size_t plain = 0, rest = (size_t)(reading->end - reading->at);
        while (plain < rest && !strchr("\\%\n{}$&-`'~", reading->at[plain]))
            plain++;
        if (plain > 0 && reading->body)
            sink_text(reading->sink, reading->at, plain);
        reading->at += plain;
        if (reading->at < reading->end)
            read_mark(reading);
    }
}

void tex_read(struct sink *sink, const char *bytes, size_t length)
{
    struct text text;
    if (text_open(&text, sink, bytes, length, NULL)) {
        struct reading reading = {.sink = sink, .at = text.bytes, .end = text.bytes + text.length};
        reading.body = !memmem(text.bytes, text.length, "\\begin{document}", 16);
        read_all(&reading);
        sink_leave_tables(sink);
    }
    text_close(&text);
}
