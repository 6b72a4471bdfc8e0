/*
 * Fuzzing what a reader says: the first byte says into what pieces its output is parted, and which
 * share of the pages is its own. However it is parted, the outcome must be the same; and what was
 * taken must be pages of text that the rest of the room may rely on.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "document/receive.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { BUDGET = 1 << 20 };

struct outcome {
    int code;
    enum receive_state state;
    size_t pages, rows, bytes;
    uint32_t notices;
};

static void check_sheet(const struct sheet *sheet, struct outcome *outcome)
{
    outcome->notices |= sheet->notices;
    if (sheet->notices >> NOTICE_CODES)
        abort();
    for (size_t r = 0; r < sheet->count; r++) {
        const struct row *row = &sheet->rows[r];
        if (row->length == 0 || !text_is_utf8(row->text, row->length) ||
            memchr(row->text, '\0', row->length) || memchr(row->text, '\n', row->length))
            abort();
        outcome->rows++;
        outcome->bytes += row->length;
    }
}

static struct outcome hear(const char *bytes, size_t length, size_t step, size_t parts)
{
    struct outcome outcome = {.code = 0};
    struct treadle_error error;
    struct sheaf sheaf = {.arena = arena_new((size_t)64 << 20)};
    struct receiver receiver;
    uint64_t budget = BUDGET;
    if (!sheaf.arena)
        abort();
    receive_init(&receiver, &sheaf, parts - 1, parts, 0, &budget);
    for (size_t i = 0; i < length && !outcome.code; i += step)
        outcome.code =
            receive_bytes(&receiver, bytes + i, length - i < step ? length - i : step, &error);
    if (outcome.code != 0 && outcome.code != error.code)
        abort();
    outcome.state = receiver.state;
    outcome.pages = sheaf.count;
    for (size_t p = 0; p < sheaf.count; p++)
        check_sheet(&sheaf.sheets[p], &outcome);
    receive_clear(&receiver);
    arena_free(sheaf.arena);
    return outcome;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    const char *bytes = (const char *)data + 1;
    size_t parts = 1 + data[0] / 64u, step = 1 + data[0] % 64u;
    struct outcome whole = hear(bytes, size - 1, size, parts);
    struct outcome parted = hear(bytes, size - 1, step, parts);
    if (whole.code != parted.code || whole.state != parted.state || whole.pages != parted.pages ||
        whole.rows != parted.rows || whole.bytes != parted.bytes || whole.notices != parted.notices)
        abort();
    return 0;
}
