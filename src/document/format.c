/*
 * Formats: marks at the start of a file, then endings of names, then what its lines look like.
 */
#include "document/format.h"

#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "document/decode.h"

enum { NEAR = 1024 /* bytes within which %PDF- makes a file of an unknown kind a PDF */ };

static const struct format formats[] = {
    [FORMAT_PDF] = {FORMAT_PDF, "pdf", "PDF"},
    [FORMAT_PACKAGE] = {FORMAT_PACKAGE, "package", "document"},
    [FORMAT_GZIP] = {FORMAT_GZIP, "gzip", "compressed file"},
    [FORMAT_HTML] = {FORMAT_HTML, "html", "HTML page"},
    [FORMAT_TEXT] = {FORMAT_TEXT, NULL, "text"},
};

/* Files that are recognised by their first bytes and are not read. */
static const struct {
    const char *bytes;
    size_t length;
    const char *why;
} foreign[] = {
    {"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", 8,
     "an Office document of the old kind (.doc, .xls, .ppt) or one with a password; save it as "
     ".docx, .xlsx, .pptx or PDF without a password"},
    {"{\\rtf", 5, "an RTF document, which is not read; save it as .docx or PDF"},
    {"\x89PNG", 4, "a picture (PNG), which is not read"},
    {"\xFF\xD8\xFF", 3, "a picture (JPEG), which is not read"},
    {"GIF8", 4, "a picture (GIF), which is not read"},
    {"Rar!", 4, "an archive (RAR), which is not read"},
    {"7z\xBC\xAF", 4, "an archive (7z), which is not read"},
    {"BZh", 3, "compressed with bzip2, which is not read"},
    {"\xFD"
     "7zXZ",
     5, "compressed with xz, which is not read"},
    {"\x28\xB5\x2F\xFD", 4, "compressed with zstd, which is not read"},
    {"\x7F"
     "ELF",
     4, "a program, which is not read"},
};

struct ending {
    const char *text;
    enum format_kind kind;
    enum plain_kind plain;
};

static const struct ending endings[] = {
    {"pdf", FORMAT_PDF, 0},
    {"docx", FORMAT_PACKAGE, 0},
    {"xlsx", FORMAT_PACKAGE, 0},
    {"pptx", FORMAT_PACKAGE, 0},
    {"odt", FORMAT_PACKAGE, 0},
    {"ods", FORMAT_PACKAGE, 0},
    {"odp", FORMAT_PACKAGE, 0},
    {"epub", FORMAT_PACKAGE, 0},
    {"html", FORMAT_HTML, 0},
    {"htm", FORMAT_HTML, 0},
    {"xhtml", FORMAT_HTML, 0},
    {"txt", FORMAT_TEXT, PLAIN_PROSE},
    {"text", FORMAT_TEXT, PLAIN_PROSE},
    {"tex", FORMAT_TEXT, PLAIN_PROSE},
    {"rst", FORMAT_TEXT, PLAIN_PROSE},
    {"md", FORMAT_TEXT, PLAIN_MARKDOWN},
    {"markdown", FORMAT_TEXT, PLAIN_MARKDOWN},
    {"csv", FORMAT_TEXT, PLAIN_DELIMITED},
    {"tsv", FORMAT_TEXT, PLAIN_DELIMITED},
    {"json", FORMAT_TEXT, PLAIN_JSON},
    {"jsonl", FORMAT_TEXT, PLAIN_JSON},
    {"ndjson", FORMAT_TEXT, PLAIN_JSON},
    {"c", FORMAT_TEXT, PLAIN_LINES},
    {"cpp", FORMAT_TEXT, PLAIN_LINES},
    {"cs", FORMAT_TEXT, PLAIN_LINES},
    {"css", FORMAT_TEXT, PLAIN_LINES},
    {"go", FORMAT_TEXT, PLAIN_LINES},
    {"h", FORMAT_TEXT, PLAIN_LINES},
    {"hpp", FORMAT_TEXT, PLAIN_LINES},
    {"java", FORMAT_TEXT, PLAIN_LINES},
    {"js", FORMAT_TEXT, PLAIN_LINES},
    {"log", FORMAT_TEXT, PLAIN_LINES},
    {"php", FORMAT_TEXT, PLAIN_LINES},
    {"py", FORMAT_TEXT, PLAIN_LINES},
    {"rb", FORMAT_TEXT, PLAIN_LINES},
    {"rs", FORMAT_TEXT, PLAIN_LINES},
    {"sh", FORMAT_TEXT, PLAIN_LINES},
    {"ts", FORMAT_TEXT, PLAIN_LINES},
    {"xml", FORMAT_TEXT, PLAIN_LINES},
    {"yaml", FORMAT_TEXT, PLAIN_LINES},
    {"yml", FORMAT_TEXT, PLAIN_LINES},
};

static const struct ending *find_ending(const char *filename)
{
    const char *dot = filename ? strrchr(filename, '.') : NULL;
    for (size_t i = 0; dot && i < sizeof endings / sizeof *endings; i++)
        if (text_equal_ignoring_case(dot + 1, endings[i].text))
            return &endings[i];
    return NULL;
}

bool format_is_named(const char *filename)
{
    return find_ending(filename);
}

static bool begins(const char *head, size_t length, const char *mark)
{
    return length >= strlen(mark) && strncasecmp(head, mark, strlen(mark)) == 0;
}

/* Whether the first thing in the file after space, comments and an XML declaration is the start of
 * a page. */
static bool is_page(const char *head, size_t length)
{
    const char *end = head + length;
    if (begins(head, length, "\xEF\xBB\xBF"))
        head += 3;
    for (;;) {
        const char *close = NULL;
        while (head < end && strchr(" \t\r\n", *head))
            head++;
        size_t rest = (size_t)(end - head);
        if (begins(head, rest, "<!doctype html") || begins(head, rest, "<html"))
            return true;
        if (begins(head, rest, "<!--"))
            close = memmem(head, rest, "-->", 3);
        else if (begins(head, rest, "<?xml"))
            close = memmem(head, rest, "?>", 2);
        if (!close)
            return false;
        head = close + (*close == '-' ? 3 : 2);
    }
}

/* Whether a line was ended on purpose: a line of code, of settings, of a log. */
static bool is_set(const char *line, size_t length)
{
    return strchr(";{}>:\\", line[length - 1]) || strchr("[#{<$@/;", line[0]) ||
           (line[0] >= '0' && line[0] <= '9' && length > 8) || memchr(line, '=', length);
}

/* For a file whose name says nothing: prose is joined into paragraphs, all else is read line by
 * line. */
static enum plain_kind guess_lines(const char *head, size_t length)
{
    size_t lines = 0, set = 0;
    for (size_t start = 0; start < length;) {
        const char *end = memchr(head + start, '\n', length - start);
        size_t line = end ? (size_t)(end - head) - start : length - start;
        size_t text = line;
        while (text > 0 && strchr(" \t\r", head[start + text - 1]))
            text--;
        lines += text > 0;
        set += text > 0 && is_set(head + start, text);
        start += line + 1;
    }
    return set * 3 > lines ? PLAIN_LINES : PLAIN_PROSE;
}

static const struct format *find_text(const char *head, size_t length, const struct ending *ending,
                                      enum plain_kind *plain, const char **why)
{
    if (!decode_is_text(head, length)) {
        *why = ending ? "not what its name says, and is no text"
                      : "of a kind that is not supported; PDF, Office and OpenDocument files, "
                        "e-books, HTML and text of any kind are";
        return NULL;
    }
    bool page = ending && ending->kind == FORMAT_HTML;
    if (page || ((!ending || ending->plain == PLAIN_PROSE) && is_page(head, length)))
        return &formats[FORMAT_HTML];
    *plain = ending && ending->kind == FORMAT_TEXT ? ending->plain : guess_lines(head, length);
    return &formats[FORMAT_TEXT];
}

const struct format *format_find(const char *head, size_t length, const char *filename,
                                 enum plain_kind *plain, const char **why)
{
    const struct ending *ending = find_ending(filename);
    const char *pdf = memmem(head, length, "%PDF-", 5);
    bool named = ending && ending->kind == FORMAT_PDF;
    if (pdf && (named || pdf == head || (!ending && pdf < head + NEAR)))
        return &formats[FORMAT_PDF];
    if (named) {
        *why = "named .pdf but is not a PDF";
        return NULL;
    }
    if (length >= 4 && memcmp(head, "PK\3\4", 4) == 0)
        return &formats[FORMAT_PACKAGE];
    if (length >= 3 && memcmp(head, "\x1F\x8B\x08", 3) == 0)
        return &formats[FORMAT_GZIP];
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
        if (length >= foreign[i].length && memcmp(head, foreign[i].bytes, foreign[i].length) == 0) {
            *why = foreign[i].why;
            return NULL;
        }
    if (ending && ending->kind == FORMAT_PACKAGE) {
        *why = "not what its name says, or was cut short";
        return NULL;
    }
    return find_text(head, length, ending, plain, why);
}
