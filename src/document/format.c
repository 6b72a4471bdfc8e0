/*
 * Formats: marks at the start of a file, then endings of names, then what its lines look like.
 */
#include "document/format.h"

#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "document/decode.h"

enum { NEAR = 1024 /* bytes within which %PDF- makes a file of an unknown kind a PDF */ };

#define MIB ((uint64_t)1 << 20)

enum row {
    ROW_PDF,
    ROW_PACKAGE, /* a zip archive: which document it holds is found out when it is opened */
    ROW_GZIP,    /* a compressed file of any other kind */
    ROW_HTML,
    ROW_PROSE, /* paragraphs, put together from their lines */
    ROW_LINES, /* each line for itself, as of a log */
    ROW_CODE,  /* lines that keep their indentation */
    ROW_MARKDOWN,
    ROW_DELIMITED,
    ROW_JSON,
    ROW_MAIL,
    ROW_XML,
    ROW_RST,
    ROW_TEX,
    ROW_NOTEBOOK,
    ROW_PICTURE
};

static const struct format formats[] = {
    [ROW_PDF] = {"pdf", "PDF", FORMAT_PAGES, UINT32_MAX, UINT64_MAX, UINT64_MAX, 256 * MIB},
    [ROW_PACKAGE] = {"package", "document", FORMAT_BLOCKS, 300, 1024 * MIB, 1024 * MIB, 256 * MIB},
    [ROW_GZIP] = {"gzip", "compressed file", FORMAT_BYTES, 60, 512 * MIB, 1024 * MIB, 512 * MIB},
    [ROW_HTML] = {"html", "HTML page", FORMAT_BLOCKS, 120, 1024 * MIB, 128 * MIB, 128 * MIB},
    [ROW_PROSE] = {"prose", "text file", FORMAT_BLOCKS, 120, 1536 * MIB, 256 * MIB, 256 * MIB},
    [ROW_LINES] = {"lines", "text file", FORMAT_BLOCKS, 120, 1536 * MIB, 256 * MIB, 256 * MIB},
    [ROW_CODE] = {"code", "text file", FORMAT_BLOCKS, 120, 1536 * MIB, 256 * MIB, 256 * MIB},
    [ROW_MARKDOWN] = {"markdown", "text file", FORMAT_BLOCKS, 120, 1536 * MIB, 64 * MIB, 256 * MIB},
    [ROW_DELIMITED] = {"delimited", "table", FORMAT_BLOCKS, 120, 1536 * MIB, 256 * MIB, 256 * MIB},
    [ROW_MAIL] = {"mail", "message", FORMAT_BLOCKS, 120, 1024 * MIB, 128 * MIB, 128 * MIB},
    [ROW_XML] = {"xml", "XML file", FORMAT_BLOCKS, 60, 1024 * MIB, 64 * MIB, 64 * MIB},
    [ROW_RST] = {"rst", "text file", FORMAT_BLOCKS, 60, 1024 * MIB, 64 * MIB, 64 * MIB},
    [ROW_TEX] = {"tex", "text file", FORMAT_BLOCKS, 60, 1024 * MIB, 64 * MIB, 64 * MIB},
    [ROW_NOTEBOOK] = {"notebook", "notebook", FORMAT_BLOCKS, 60, 1024 * MIB, 64 * MIB, 64 * MIB},
    [ROW_PICTURE] = {"picture", "picture", FORMAT_PAGES, 600, 2048 * MIB, 256 * MIB, 64 * MIB},
    [ROW_JSON] = {"json", "JSON file", FORMAT_BLOCKS, 120, 1536 * MIB, 256 * MIB, 256 * MIB},
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

/* First bytes of pictures. */
static const struct {
    const char *bytes;
    size_t length;
} pictures[] = {{"\x89PNG", 4}, {"\xFF\xD8\xFF", 3}, {"GIF8", 4}, {"II*\0", 4}, {"MM\0*", 4}};

static bool is_picture(const char *head, size_t length)
{
    for (size_t i = 0; i < sizeof pictures / sizeof *pictures; i++)
        if (length >= pictures[i].length &&
            memcmp(head, pictures[i].bytes, pictures[i].length) == 0)
            return true;
    return length >= 12 && memcmp(head, "RIFF", 4) == 0 && memcmp(head + 8, "WEBP", 4) == 0;
}

struct ending {
    const char *text;
    enum row row;
};

static const struct ending endings[] = {
    {"pdf", ROW_PDF},
    {"docx", ROW_PACKAGE},
    {"xlsx", ROW_PACKAGE},
    {"pptx", ROW_PACKAGE},
    {"odt", ROW_PACKAGE},
    {"ods", ROW_PACKAGE},
    {"odp", ROW_PACKAGE},
    {"epub", ROW_PACKAGE},
    {"html", ROW_HTML},
    {"htm", ROW_HTML},
    {"xhtml", ROW_HTML},
    {"txt", ROW_PROSE},
    {"text", ROW_PROSE},
    {"tex", ROW_TEX},
    {"latex", ROW_TEX},
    {"ltx", ROW_TEX},
    {"rst", ROW_RST},
    {"md", ROW_MARKDOWN},
    {"markdown", ROW_MARKDOWN},
    {"csv", ROW_DELIMITED},
    {"tsv", ROW_DELIMITED},
    {"json", ROW_JSON},
    {"jsonl", ROW_JSON},
    {"ndjson", ROW_JSON},
    {"c", ROW_CODE},
    {"cpp", ROW_CODE},
    {"cs", ROW_CODE},
    {"css", ROW_CODE},
    {"go", ROW_CODE},
    {"h", ROW_CODE},
    {"hpp", ROW_CODE},
    {"java", ROW_CODE},
    {"js", ROW_CODE},
    {"log", ROW_LINES},
    {"php", ROW_CODE},
    {"py", ROW_CODE},
    {"rb", ROW_CODE},
    {"rs", ROW_CODE},
    {"sh", ROW_CODE},
    {"ts", ROW_CODE},
    {"xml", ROW_XML},
    {"rss", ROW_XML},
    {"atom", ROW_XML},
    {"svg", ROW_XML},
    {"xsd", ROW_XML},
    {"plist", ROW_XML},
    {"kml", ROW_XML},
    {"gpx", ROW_XML},
    {"eml", ROW_MAIL},
    {"ipynb", ROW_NOTEBOOK},
    {"png", ROW_PICTURE},
    {"jpg", ROW_PICTURE},
    {"jpeg", ROW_PICTURE},
    {"webp", ROW_PICTURE},
    {"tif", ROW_PICTURE},
    {"tiff", ROW_PICTURE},
    {"gif", ROW_PICTURE},
    {"yaml", ROW_CODE},
    {"yml", ROW_CODE},
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

/* Whether it begins with a field that mail programs write first. */
static bool is_message(const char *head, size_t length)
{
    static const char *const fields[] = {"Return-Path: <", "Received: from ", "Received: by ",
                                         "Delivered-To: ", "MIME-Version: 1.0"};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (begins(head, length, fields[i]))
            return true;
    return false;
}

/* Whether a line was ended on purpose: a line of code, of settings, of a log. */
static bool is_set(const char *line, size_t length)
{
    return strchr(";{}>:\\", line[length - 1]) || strchr("[#{<$@/;", line[0]) ||
           (line[0] >= '0' && line[0] <= '9' && length > 8) || memchr(line, '=', length);
}

/* For a file whose name says nothing: prose is joined into paragraphs, all else is read line by
 * line. */
static enum row guess_lines(const char *head, size_t length)
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
    return set * 3 > lines ? ROW_LINES : ROW_PROSE;
}

static const struct format *find_text(const char *head, size_t length, const struct ending *ending,
                                      const char **why)
{
    if (!decode_is_text(head, length)) {
        *why = ending ? "not what its name says, and is no text"
                      : "of a kind that is not supported; PDF, Office and OpenDocument files, "
                        "e-books, HTML, pictures and text of any kind are";
        return NULL;
    }
    if ((!ending || ending->row == ROW_PROSE || ending->row == ROW_XML) && is_page(head, length))
        return &formats[ROW_HTML];
    if (!ending && begins(head, length, "<?xml"))
        return &formats[ROW_XML];
    if (!ending && is_message(head, length))
        return &formats[ROW_MAIL];
    return &formats[ending ? ending->row : guess_lines(head, length)];
}

const struct format *format_find(const char *head, size_t length, const char *filename,
                                 const char **why)
{
    const struct ending *ending = find_ending(filename);
    const char *pdf = memmem(head, length, "%PDF-", 5);
    bool named = ending && ending->row == ROW_PDF;
    if (pdf && (named || pdf == head || (!ending && pdf < head + NEAR)))
        return &formats[ROW_PDF];
    if (named) {
        *why = "named .pdf but is not a PDF";
        return NULL;
    }
    if (length >= 4 && memcmp(head, "PK\3\4", 4) == 0)
        return &formats[ROW_PACKAGE];
    if (length >= 3 && memcmp(head, "\x1F\x8B\x08", 3) == 0)
        return &formats[ROW_GZIP];
    if (is_picture(head, length))
        return &formats[ROW_PICTURE];
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
        if (length >= foreign[i].length && memcmp(head, foreign[i].bytes, foreign[i].length) == 0) {
            *why = foreign[i].why;
            return NULL;
        }
    if (ending && (ending->row == ROW_PACKAGE || ending->row == ROW_PICTURE)) {
        *why = "not what its name says, or was cut short";
        return NULL;
    }
    return find_text(head, length, ending, why);
}
