/*
 * Fuzzing the tokenizer: the first line is hexadecimal, a model; the rest is a text, which is cut
 * by it where it can be used.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "encoder/tokenizer.h"

enum { IDS = 100, MOST = 64, LARGEST_MODEL = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static int digit(uint8_t c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void cut(const struct tokenizer *tokenizer, const char *text, size_t length)
{
    struct tokenizer_work work = {.text = NULL};
    uint32_t ids[MOST];
    size_t count = 0;
    struct treadle_error error;
    if (tokenizer_cut(tokenizer, &work, text, length, ids, MOST, &count, &error) == 0) {
        if (count < 2 || count > MOST || ids[0] != TOKENIZER_BEGIN ||
            ids[count - 1] != TOKENIZER_END)
            abort();
        for (size_t i = 0; i < count; i++)
            if (ids[i] >= IDS)
                abort();
    }
    tokenizer_work_clear(&work);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    unsigned char *model = malloc(LARGEST_MODEL);
    struct tokenizer *tokenizer = NULL;
    struct treadle_error error;
    size_t size = 0, at = 0;
    for (; model && at + 1 < length && size < LARGEST_MODEL; at += 2) {
        int high = digit(bytes[at]), low = digit(bytes[at + 1]);
        if (high < 0 || low < 0)
            break;
        model[size++] = (unsigned char)(high << 4 | low);
    }
    if (model && tokenizer_new(&tokenizer, model, size, IDS, &error) == 0)
        cut(tokenizer, (const char *)bytes + at, length - at);
    tokenizer_free(tokenizer);
    free(model);
    return 0;
}
