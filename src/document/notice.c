/*
 * Notices: from bits of pages to texts, and whether enough of the document is left.
 */
#include "document/notice.h"

#include "base/buffer.h"
#include "base/error.h"
#include "document/document.h"
#include "document/sheaf.h"

enum { LONGEST_LIST = 2000 /* bytes of page numbers */ };

struct kind {
    const char *word;
    const char *of_one, *of_many; /* what is said of the page or the pages */
    int error;                    /* the error when most pages have it; 0: the page was read */
};

static const struct kind kinds[NOTICE_CODES] = {
    [NOTICE_PAGE_TIMEOUT] = {"page_timeout",
                             "was left out, because reading it took longer than a page may take",
                             "were left out, because reading each of them took longer than a page "
                             "may take",
                             TREADLE_ETIMEOUT},
    [NOTICE_PAGE_MEMORY] = {"page_memory",
                            "was left out, because reading it needs more memory than is allowed",
                            "were left out, because reading each of them needs more memory than is "
                            "allowed",
                            TREADLE_ELIMIT},
    [NOTICE_PAGE_DAMAGED] = {"page_damaged", "was left out, because it is damaged",
                             "were left out, because they are damaged", TREADLE_EPARSE},
    [NOTICE_NOT_REACHED] = {"not_reached",
                            "was left out, because reading the document took longer than is "
                            "allowed",
                            "were left out, because reading the document took longer than is "
                            "allowed",
                            TREADLE_ETIMEOUT},
    [NOTICE_NO_TEXT] = {"no_text", "shows a picture and has no text that can be read",
                        "show pictures and have no text that can be read", 0},
    [NOTICE_LETTERS] = {"unreadable_letters",
                        "has text of which the file does not say what its letters are, so that it "
                        "cannot be read",
                        "have text of which the file does not say what its letters are, so that it "
                        "cannot be read",
                        0},
    [NOTICE_FORM] =
        {"form_data",
         "is made by a program from data (XFA); only the values of its fields were read",
         "are made by a program from data (XFA); only the values of their fields were "
         "read",
         0},
    [NOTICE_ATTACHMENTS] = {"attachments", "belongs to a file with attachments that were not read",
                            "belong to files with attachments that were not read", 0},
    [NOTICE_RECOGNIZED] = {"recognized",
                           "is a picture, whose text was recognized by a program and may have "
                           "errors",
                           "are pictures, whose text was recognized by a program and may have "
                           "errors",
                           0},
    [NOTICE_ENCODING] = {"guessed_encoding", "The file does not say its encoding. It was read as ",
                         ".", 0},
    [NOTICE_BROKEN_TEXT] = {"broken_text",
                            "The text is UTF-8 with errors: some bytes are no characters and "
                            "were left out",
                            ".", 0},
    [NOTICE_PARTS] = {"parts_left_out", "Parts of the file were not read: ", ".", 0},
    [NOTICE_NO_RECOGNITION] = {"no_recognition",
                               "needs text recognition, which is not installed (tesseract with the "
                               "data of the languages)",
                               "need text recognition, which is not installed (tesseract with the "
                               "data of the languages)",
                               0},
};

static bool has(const struct sheaf *sheaf, size_t page, enum notice_code code)
{
    return sheaf->sheets[page].notices & 1u << code;
}

static size_t count_pages(const struct sheaf *sheaf, enum notice_code code)
{
    size_t count = 0;
    for (size_t p = 0; p < sheaf->count; p++)
        count += has(sheaf, p, code);
    return count;
}

/* "3, 7-9, 12", with "…" for pages that do not fit. */
static void print_pages(struct buffer *out, const struct sheaf *sheaf, enum notice_code code)
{
    for (size_t first = 0; first < sheaf->count; first++) {
        size_t last = first;
        if (!has(sheaf, first, code))
            continue;
        while (last + 1 < sheaf->count && has(sheaf, last + 1, code))
            last++;
        if (out->length > LONGEST_LIST) {
            buffer_append_string(out, ", …");
            return;
        }
        buffer_append_format(out, "%s%zu", out->length ? ", " : "", first + 1);
        if (last > first)
            buffer_append_format(out, "-%zu", last + 1);
        first = last;
    }
}

static int print_notice(struct document_notice *out, const struct sheaf *sheaf,
                        enum notice_code code, struct arena *arena, struct treadle_error *error)
{
    const struct kind *kind = &kinds[code];
    struct document_notice notice = {.code = kind->word, .page_count = count_pages(sheaf, code)};
    struct buffer pages, message;
    buffer_init(&pages, LONGEST_LIST * 2);
    buffer_init(&message, LONGEST_LIST * 4);
    print_pages(&pages, sheaf, code);
    buffer_append_format(&message, notice.page_count == 1 ? "Page %s %s." : "Pages %s %s.",
                         pages.data ? pages.data : "",
                         notice.page_count == 1 ? kind->of_one : kind->of_many);
    int rc = pages.failed || message.failed ? error_set_memory(error) : 0;
    if (!rc) {
        notice.pages = arena_string(arena, pages.data);
        notice.message = arena_string(arena, message.data);
        rc = notice.pages && notice.message ? 0 : error_set_memory(error);
    }
    buffer_clear(&pages);
    buffer_clear(&message);
    if (!rc)
        *out = notice;
    return rc;
}

static size_t count_left_out(const struct sheaf *sheaf)
{
    size_t missing = 0;
    for (size_t p = 0; p < sheaf->count; p++) {
        bool out = false;
        for (int code = 0; code < NOTICE_CODES; code++)
            out = out || (kinds[code].error && has(sheaf, p, (enum notice_code)code));
        missing += out;
    }
    return missing;
}

bool notice_too_many(const struct sheaf *sheaf)
{
    return count_left_out(sheaf) * 2 > sheaf->count;
}

/* Fails with the reason of most pages. */
static int refuse(const struct sheaf *sheaf, struct arena *arena, struct treadle_error *error)
{
    struct document_notice notice = {.code = ""};
    size_t most = 0;
    int worst = 0;
    for (int code = 0; code < NOTICE_CODES; code++) {
        size_t pages = kinds[code].error ? count_pages(sheaf, (enum notice_code)code) : 0;
        if (pages > most) {
            most = pages;
            worst = code;
        }
    }
    int rc = print_notice(&notice, sheaf, (enum notice_code)worst, arena, error);
    return rc ? rc
              : error_set(error, kinds[worst].error,
                          "too little of the document can be read, %zu of its %zu pages. %s",
                          sheaf->count - count_left_out(sheaf), sheaf->count, notice.message);
}

/* A notice about the file as a whole. */
static int print_remark(struct document_notice *out, const struct remark *remark,
                        struct arena *arena, struct treadle_error *error)
{
    const struct kind *kind = &kinds[remark->code];
    struct buffer message;
    buffer_init(&message, LONGEST_LIST);
    buffer_append_format(&message, "%s%s%s", kind->of_one, remark->detail, kind->of_many);
    const char *kept = message.failed ? NULL : arena_string(arena, message.data);
    buffer_clear(&message);
    if (!kept)
        return error_set_memory(error);
    *out = (struct document_notice){.code = kind->word, .pages = "", .message = kept};
    return 0;
}

int notice_collect(struct document *document, const struct sheaf *sheaf, struct arena *arena,
                   struct treadle_error *error)
{
    struct document_notice *notices =
        arena_array(arena, NOTICE_CODES + SHEAF_REMARKS, sizeof *notices);
    size_t count = 0;
    int rc = notices ? 0 : error_set_memory(error);
    for (size_t i = 0; i < sheaf->remark_count && !rc; i++)
        rc = print_remark(&notices[count++], &sheaf->remarks[i], arena, error);
    for (int code = 0; code < NOTICE_CODES && !rc; code++)
        if (count_pages(sheaf, (enum notice_code)code) > 0)
            rc = print_notice(&notices[count++], sheaf, (enum notice_code)code, arena, error);
    if (rc)
        return rc;
    document->notices = notices;
    document->notice_count = count;
    return notice_too_many(sheaf) ? refuse(sheaf, arena, error) : 0;
}
