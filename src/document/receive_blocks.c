/*
 * Receiving blocks: checks what the reader of any format but PDF sends, and puts it into the
 * document.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"
#include "document/blocks.h"
#include "document/fold.h"
#include "document/format.h"
#include "document/receive.h"

enum { TAB = 4, MOST_INDENTATION = 80, LEVELS = 6, LONGEST_DETAIL = 1000 };

static const enum document_block_kind kinds[] = {[FRAME_PARAGRAPH] = DOCUMENT_PARAGRAPH,
                                                 [FRAME_HEADING] = DOCUMENT_HEADING,
                                                 [FRAME_ROW] = DOCUMENT_ROW,
                                                 [FRAME_CODE] = DOCUMENT_CODE};

/* Folds a text and copies it into the arena; NULL when nothing is left. */
static int keep(struct receiver *receiver, const char *text, size_t length, const char **out,
                struct treadle_error *error)
{
    struct buffer folded;
    buffer_init(&folded, (size_t)FRAME_LIMIT * 8);
    int rc = length ? fold_line(&folded, text, length, error) : 0;
    const char *kept = NULL;
    if (!rc && folded.length > 0) {
        kept = arena_copy(receiver->sheaf->arena, folded.data, folded.length);
        rc = kept ? 0 : error_set_memory(error);
    }
    buffer_clear(&folded);
    if (!rc)
        *out = kept;
    return rc;
}

/* One line of code with its indentation. */
static int add_code(struct blocks *blocks, const char *line, size_t length,
                    const struct frame_block *said, struct treadle_error *error)
{
    size_t indentation = 0, start = 0;
    for (; start < length && (line[start] == ' ' || line[start] == '\t'); start++)
        indentation += line[start] == '\t' ? TAB : 1;
    for (size_t i = 0; i < indentation && i < MOST_INDENTATION && start < length; i++)
        buffer_append_char(&blocks->text, ' ');
    size_t before = blocks->text.length;
    int rc = fold_line(&blocks->text, line + start, length - start, error);
    if (!rc && blocks->text.length == before)
        buffer_reset(&blocks->text);
    return rc ? rc : blocks_add(blocks, DOCUMENT_CODE, 0, (int)said->page, error);
}

static int add_lines(struct blocks *blocks, const char *text, size_t length,
                     const struct frame_block *said, struct treadle_error *error)
{
    int rc = 0;
    for (size_t start = 0; start < length && !rc;) {
        const char *end = memchr(text + start, '\n', length - start);
        size_t line = end ? (size_t)(end - text) - start : length - start;
        rc = add_code(blocks, text + start, line, said, error);
        start += line + 1;
    }
    return rc;
}

static int take_block(struct receiver *receiver, const char *body, size_t length,
                      struct treadle_error *error)
{
    struct frame_block said;
    struct blocks *blocks = receiver->sheaf->blocks;
    if (length <= sizeof said)
        return receive_nonsense(error);
    memcpy(&said, body, sizeof said);
    bool heading = said.kind == FRAME_HEADING;
    if (said.kind >= sizeof kinds / sizeof *kinds || said.page > SHEAF_PAGES ||
        (heading ? said.level < 1 || said.level > LEVELS : said.level != 0) ||
        (int)said.page < receiver->sheaf->last_page)
        return receive_nonsense(error);
    receiver->sheaf->last_page = (int)said.page;
    body += sizeof said;
    length -= sizeof said;
    if (said.kind == FRAME_CODE)
        return add_lines(blocks, body, length, &said, error);
    if (said.kind == FRAME_ROW)
        blocks->header = receiver->header;
    int rc = fold_line(&blocks->text, body, length, error);
    return rc ? rc : blocks_add(blocks, kinds[said.kind], (int)said.level, (int)said.page, error);
}

static int take_remark(struct receiver *receiver, const char *body, size_t length,
                       struct treadle_error *error)
{
    struct frame_notice said;
    struct sheaf *sheaf = receiver->sheaf;
    struct remark remark = {.detail = ""};
    if (length < sizeof said || length - sizeof said > LONGEST_DETAIL ||
        sheaf->remark_count == SHEAF_REMARKS)
        return receive_nonsense(error);
    memcpy(&said, body, sizeof said);
    if (said.code < NOTICE_ENCODING || said.code > NOTICE_PARTS)
        return receive_nonsense(error);
    remark.code = said.code;
    int rc = keep(receiver, body + sizeof said, length - sizeof said, &remark.detail, error);
    if (!rc)
        sheaf->remarks[sheaf->remark_count++] = remark;
    return rc;
}

static int take_bytes(struct unpacked *unpacked, const char *bytes, size_t length,
                      struct treadle_error *error)
{
    if (length > unpacked->room)
        return error_set(error, TREADLE_ELIMIT, "the compressed file holds more than is allowed");
    unpacked->room -= length;
    while (length > 0) {
        ssize_t rc = write(unpacked->descriptor, bytes, length);
        if (rc < 0 && errno == EINTR)
            continue;
        if (rc < 0)
            return error_set_errno(error, TREADLE_EIO, errno, "cannot keep what was unpacked");
        bytes += rc;
        length -= (size_t)rc;
    }
    return 0;
}

int receive_block_frame(struct receiver *receiver, const struct frame *frame, const char *body,
                        struct treadle_error *error)
{
    size_t length = frame->length;
    if (frame->kind == FRAME_BYTES && receiver->sheaf->unpacked)
        return take_bytes(receiver->sheaf->unpacked, body, length, error);
    size_t head = frame->kind == FRAME_BLOCK    ? sizeof(struct frame_block)
                  : frame->kind == FRAME_NOTICE ? sizeof(struct frame_notice)
                                                : 0;
    if (length < head || !text_is_utf8(body + head, length - head))
        return receive_nonsense(error);
    switch (frame->kind) {
    case FRAME_TITLE:
        return receiver->sheaf->title
                   ? receive_nonsense(error)
                   : keep(receiver, body, length, &receiver->sheaf->title, error);
    case FRAME_HEADER:
        return keep(receiver, body, length, &receiver->header, error);
    case FRAME_BLOCK:
        return take_block(receiver, body, length, error);
    case FRAME_NOTICE:
        return take_remark(receiver, body, length, error);
    case FRAME_END:
        if (length != 0)
            return receive_nonsense(error);
        receiver->state = RECEIVE_END;
        return 0;
    default:
        return receive_nonsense(error);
    }
}
