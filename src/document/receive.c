/*
 * Receiving: a state machine over frames; see frame.h for their order.
 */
#include "document/receive.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"

enum { WORD_COST = 4, NAME_COST = 32, WORDS_PER_PAGE = 200000, PAGE_TEXT = 64 << 20 };

void receive_init(struct receiver *receiver, struct sheaf *sheaf, size_t part, size_t parts,
                  size_t first, uint64_t *budget)
{
    *receiver = (struct receiver){
        .sheaf = sheaf, .part = part, .parts = parts, .next = first, .budget = budget};
    buffer_init(&receiver->words, sizeof(struct word) * WORDS_PER_PAGE);
    buffer_init(&receiver->text, PAGE_TEXT);
    buffer_init(&receiver->entries, sizeof(struct entry) * SHEAF_ENTRIES);
    buffer_init(&receiver->waiting, sizeof(struct frame) + FRAME_LIMIT);
}

void receive_clear(struct receiver *receiver)
{
    buffer_clear(&receiver->words);
    buffer_clear(&receiver->text);
    buffer_clear(&receiver->entries);
    buffer_clear(&receiver->waiting);
}

size_t receive_own_page(const struct receiver *receiver, size_t page)
{
    while (page < receiver->sheaf->count && page / FRAME_STRIPE % receiver->parts != receiver->part)
        page += FRAME_STRIPE - page % FRAME_STRIPE;
    return page < receiver->sheaf->count ? page : receiver->sheaf->count;
}

/* Lays out the page that has come, so that its words need not be kept. */
static int finish_page(struct receiver *receiver, struct treadle_error *error)
{
    if (receiver->at == 0 || (receiver->sheaf->recognizing && receiver->words.length == 0))
        return 0;
    struct page page = receiver->page;
    page.words = (struct word *)(void *)receiver->words.data;
    page.count = receiver->words.length / sizeof(struct word);
    for (size_t i = 0, at = 0; i < page.count; at += page.words[i++].length)
        page.words[i].text = receiver->text.data + at;
    int rc =
        rows_make(&receiver->sheaf->sheets[receiver->at - 1], &page, receiver->sheaf->arena, error);
    buffer_reset(&receiver->words);
    buffer_reset(&receiver->text);
    return rc;
}

static bool is_text(const char *text, size_t length)
{
    return text_is_utf8(text, length) && !memchr(text, '\0', length);
}

static int spend(struct receiver *receiver, size_t bytes, struct treadle_error *error)
{
    if (bytes > *receiver->budget)
        return error_set(error, TREADLE_ELIMIT, "the document holds more text than is allowed");
    *receiver->budget -= bytes;
    return 0;
}

/* Keeps a title or label. */
static int take_name(struct receiver *receiver, const char *name, size_t length, const char **out,
                     struct treadle_error *error)
{
    if (!is_text(name, length))
        return receive_nonsense(error);
    int rc = spend(receiver, length + NAME_COST, error);
    if (rc)
        return rc;
    *out = arena_copy(receiver->sheaf->arena, name, length);
    return *out ? 0 : error_set_memory(error);
}

static int take_document(struct receiver *receiver, const char *body, size_t length,
                         struct treadle_error *error)
{
    struct frame_document said;
    struct sheaf *sheaf = receiver->sheaf;
    if (receiver->state != RECEIVE_READY || length < sizeof said)
        return receive_nonsense(error);
    memcpy(&said, body, sizeof said);
    if (said.pages == 0 || (sheaf->sheets && said.pages != sheaf->count))
        return receive_nonsense(error);
    if (said.pages > SHEAF_PAGES)
        return error_set(error, TREADLE_ELIMIT, "the document has %u pages; at most %d can be read",
                         said.pages, SHEAF_PAGES);
    if (!sheaf->sheets) {
        sheaf->sheets = arena_array(sheaf->arena, said.pages, sizeof *sheaf->sheets);
        if (!sheaf->sheets)
            return error_set_memory(error);
        sheaf->count = said.pages;
    }
    int rc = 0;
    if (!sheaf->title && length > sizeof said)
        rc = take_name(receiver, body + sizeof said, length - sizeof said, &sheaf->title, error);
    if (rc)
        return rc;
    receiver->state = RECEIVE_PAGES;
    receiver->next = receive_own_page(receiver, receiver->next);
    return 0;
}

static bool within(int32_t value)
{
    return value > -100000000 && value < 100000000;
}

static int take_label(struct receiver *receiver, const char *body, size_t length,
                      struct treadle_error *error)
{
    struct frame_page said;
    struct sheaf *sheaf = receiver->sheaf;
    if (receiver->state != RECEIVE_PAGES || receiver->at > 0 || length <= sizeof said)
        return receive_nonsense(error);
    memcpy(&said, body, sizeof said);
    if (said.number == 0 || said.number > sheaf->count)
        return receive_nonsense(error);
    if (!sheaf->labels)
        sheaf->labels = arena_array(sheaf->arena, sheaf->count, sizeof *sheaf->labels);
    if (!sheaf->labels)
        return error_set_memory(error);
    return take_name(receiver, body + sizeof said, length - sizeof said,
                     &sheaf->labels[said.number - 1], error);
}

static int take_entry(struct receiver *receiver, const char *body, size_t length,
                      struct treadle_error *error)
{
    struct frame_entry said;
    if (receiver->state != RECEIVE_PAGES || receiver->at > 0 || length <= sizeof said)
        return receive_nonsense(error);
    memcpy(&said, body, sizeof said);
    if (said.page == 0 || said.page > receiver->sheaf->count || said.depth == 0 || said.depth > 64)
        return receive_nonsense(error);
    struct entry entry = {.page = said.page - 1, .depth = (int)said.depth};
    int rc = take_name(receiver, body + sizeof said, length - sizeof said, &entry.title, error);
    if (rc)
        return rc;
    /* A longer outline is of no use to people. */
    buffer_append(&receiver->entries, &entry, sizeof entry);
    return receiver->entries.failed == TREADLE_EMEMORY ? error_set_memory(error) : 0;
}

/* Keeps the outline, once all of it has come. */
static int keep_entries(struct receiver *receiver, struct treadle_error *error)
{
    struct sheaf *sheaf = receiver->sheaf;
    size_t length = receiver->entries.length;
    if (length == 0 || sheaf->entries)
        return 0;
    sheaf->entries = arena_alloc(sheaf->arena, length);
    if (!sheaf->entries)
        return error_set_memory(error);
    memcpy(sheaf->entries, receiver->entries.data, length);
    sheaf->entry_count = length / sizeof *sheaf->entries;
    buffer_clear(&receiver->entries);
    return 0;
}

static int take_page(struct receiver *receiver, const char *body, size_t length,
                     struct treadle_error *error)
{
    struct frame_page said;
    if (receiver->state != RECEIVE_PAGES || length != sizeof said ||
        receiver->next >= receiver->sheaf->count)
        return receive_nonsense(error);
    memcpy(&said, body, sizeof said);
    if (said.number != receiver->next + 1)
        return receive_nonsense(error);
    int rc = receiver->at ? finish_page(receiver, error) : keep_entries(receiver, error);
    if (rc)
        return rc;
    receiver->at = receiver->next + 1;
    receiver->page = (struct page){.count = 0};
    receiver->next = receive_own_page(receiver, receiver->next + 1);
    return 0;
}

static bool is_sensible(const struct frame_word *said)
{
    return within(said->left) && within(said->top) && within(said->right) && within(said->bottom) &&
           within(said->base) && within(said->size) && said->size >= 0 &&
           said->right >= said->left && said->bottom >= said->top && said->rotation < 4 &&
           said->role < FRAME_ROLES && said->length > 0;
}

static int take_size(struct receiver *receiver, const char *body, size_t length,
                     struct treadle_error *error)
{
    struct frame_size said;
    if (receiver->at == 0 || receiver->state != RECEIVE_PAGES || length != sizeof said)
        return receive_nonsense(error);
    memcpy(&said, body, sizeof said);
    if (!within(said.width) || !within(said.height))
        return receive_nonsense(error);
    receiver->page.width = said.width;
    receiver->page.height = said.height;
    return 0;
}

static int take_word(struct receiver *receiver, const struct frame_word *said, const char *text,
                     struct treadle_error *error)
{
    if (!is_sensible(said) || !is_text(text, said->length))
        return receive_nonsense(error);
    struct word word = {.left = said->left,
                        .top = said->top,
                        .right = said->right,
                        .bottom = said->bottom,
                        .base = said->base,
                        .size = said->size,
                        .style = said->style,
                        .rotation = said->rotation,
                        .part = said->part,
                        .row = said->row,
                        .role = said->role,
                        .length = said->length};
    int rc = spend(receiver, said->length + WORD_COST, error);
    if (rc)
        return rc;
    buffer_append(&receiver->words, &word, sizeof word);
    buffer_append(&receiver->text, text, said->length);
    if (receiver->words.failed == TREADLE_EMEMORY || receiver->text.failed == TREADLE_EMEMORY)
        return error_set_memory(error);
    if (receiver->words.failed || receiver->text.failed)
        return error_set(error, TREADLE_ELIMIT, "page %zu holds more text than is allowed",
                         receiver->at);
    return 0;
}

static int take_words(struct receiver *receiver, const char *body, size_t length,
                      struct treadle_error *error)
{
    if (receiver->at == 0 || receiver->state != RECEIVE_PAGES || length == 0)
        return receive_nonsense(error);
    for (size_t at = 0; at < length;) {
        struct frame_word said;
        if (length - at < sizeof said)
            return receive_nonsense(error);
        memcpy(&said, body + at, sizeof said);
        at += sizeof said;
        if (said.length > length - at)
            return receive_nonsense(error);
        int rc = take_word(receiver, &said, body + at, error);
        if (rc)
            return rc;
        at += said.length;
    }
    return 0;
}

static int take_notice(struct receiver *receiver, const char *body, size_t length,
                       struct treadle_error *error)
{
    struct frame_notice said;
    if (receiver->at == 0 || receiver->state != RECEIVE_PAGES || length != sizeof said)
        return receive_nonsense(error);
    memcpy(&said, body, sizeof said);
    if (said.code >= NOTICE_CODES)
        return receive_nonsense(error);
    uint32_t *notices = &receiver->sheaf->sheets[receiver->at - 1].notices;
    *notices |= 1u << said.code;
    if (said.code == NOTICE_RECOGNIZED)
        *notices &= ~(1u << NOTICE_NO_TEXT | 1u << NOTICE_LETTERS);
    return 0;
}

static int take_failure(struct receiver *receiver, const char *body, size_t length,
                        struct treadle_error *error)
{
    struct frame_failure said;
    if (length != sizeof said)
        return receive_nonsense(error);
    memcpy(&said, body, sizeof said);
    return receive_failure(receiver, said.reason, error);
}

static int take_end(struct receiver *receiver, size_t length, struct treadle_error *error)
{
    if (receiver->state != RECEIVE_PAGES || length != 0 || receiver->next < receiver->sheaf->count)
        return receive_nonsense(error);
    receiver->state = RECEIVE_END;
    return finish_page(receiver, error);
}

static int take_ready(struct receiver *receiver, const char *body, size_t length,
                      struct treadle_error *error)
{
    struct frame_ready said;
    if (receiver->state != RECEIVE_NOTHING || length != sizeof said)
        return receive_nonsense(error);
    memcpy(&said, body, sizeof said);
    receiver->landlock = said.landlock == 1;
    receiver->state = RECEIVE_READY;
    return 0;
}

static int take_frame(struct receiver *receiver, const struct frame *frame, const char *body,
                      struct treadle_error *error)
{
    if (receiver->state == RECEIVE_READY && receiver->sheaf->blocks && frame->kind != FRAME_FAILURE)
        return receive_block_frame(receiver, frame, body, error);
    switch (frame->kind) {
    case FRAME_READY:
        return take_ready(receiver, body, frame->length, error);
    case FRAME_DOCUMENT:
        return take_document(receiver, body, frame->length, error);
    case FRAME_LABEL:
        return take_label(receiver, body, frame->length, error);
    case FRAME_ENTRY:
        return take_entry(receiver, body, frame->length, error);
    case FRAME_PAGE:
        return take_page(receiver, body, frame->length, error);
    case FRAME_SIZE:
        return take_size(receiver, body, frame->length, error);
    case FRAME_WORDS:
        return take_words(receiver, body, frame->length, error);
    case FRAME_NOTICE:
        return take_notice(receiver, body, frame->length, error);
    case FRAME_FAILURE:
        return take_failure(receiver, body, frame->length, error);
    case FRAME_END:
        return take_end(receiver, frame->length, error);
    default:
        return receive_nonsense(error);
    }
}

/* Appends as many bytes as `waiting` lacks of `want`; true when it has them all. */
static bool fill(struct buffer *waiting, size_t want, const char **bytes, size_t *length)
{
    size_t more = want - waiting->length;
    if (more > *length)
        more = *length;
    buffer_append(waiting, *bytes, more);
    *bytes += more;
    *length -= more;
    return waiting->length == want;
}

int receive_bytes(struct receiver *receiver, const char *bytes, size_t length,
                  struct treadle_error *error)
{
    struct buffer *waiting = &receiver->waiting;
    struct frame frame;
    while (length > 0) {
        if (receiver->state == RECEIVE_END)
            return receive_nonsense(error);
        if (waiting->length < sizeof frame && !fill(waiting, sizeof frame, &bytes, &length)) {
            return waiting->failed ? error_set_memory(error) : 0;
        }
        memcpy(&frame, waiting->data, sizeof frame);
        if (frame.length > FRAME_LIMIT)
            return receive_nonsense(error);
        if (!fill(waiting, sizeof frame + frame.length, &bytes, &length))
            return waiting->failed ? error_set_memory(error) : 0;
        int rc = take_frame(receiver, &frame, waiting->data + sizeof frame, error);
        if (rc)
            return rc;
        buffer_reset(waiting);
    }
    return 0;
}
