/*
 * Fuzz target: the reader of JSON, held against jansson's: both take the same texts and make the
 * same values of them. Ours is stricter about nesting, and about zero bytes, which jansson passes
 * over between values.
 *
 * The first byte chooses the flags, the rest is the text.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "api/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void require(bool condition)
{
    if (!condition)
        abort();
}

/* Whether the two may differ. */
static bool is_stricter(const char *text, size_t length)
{
    size_t brackets = 0;
    if (memchr(text, '\0', length))
        return true;
    for (size_t i = 0; i < length; i++)
        brackets += text[i] == '[' || text[i] == '{';
    return brackets > 256;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    if (!length)
        return 0;
    unsigned flags = bytes[0] & (JSON_READ_REPEATED | JSON_READ_ZERO);
    size_t theirs = JSON_DECODE_ANY;
    theirs |= flags & JSON_READ_REPEATED ? 0 : JSON_REJECT_DUPLICATES;
    theirs |= flags & JSON_READ_ZERO ? JSON_ALLOW_NUL : 0;
    /* Without room to spare, so that AddressSanitizer sees a byte too much. */
    size_t text_length = length - 1;
    char *text = malloc(text_length ? text_length : 1);
    struct treadle_error error;
    json_t *value = NULL;
    require(text != NULL);
    memcpy(text, bytes + 1, text_length);
    int rc = json_read(text, text_length, flags, &value, &error);
    json_t *other = json_loadb(text, text_length, theirs, NULL);
    require(rc ? error.code == TREADLE_EPARSE && error.message[0] : value != NULL);
    if (!is_stricter(text, text_length)) {
        require((rc == 0) == (other != NULL));
        require(!other || json_equal(value, other));
    }
    json_decref(other);
    json_decref(value);
    free(text);
    return 0;
}
