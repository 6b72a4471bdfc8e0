/*
 * Fuzz target: lists of models, as servers send them.
 *
 * What is taken for a list has entries with ids, all of which print and read back; anything else is
 * refused in words.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "api/json.h"
#include "openai/openai_server.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void check(const json_t *models)
{
    struct treadle_error error;
    struct buffer out;
    json_t *again = NULL;
    require(json_array_size(models) <= MODEL_LIST_SIZE);
    for (size_t i = 0; i < json_array_size(models); i++) {
        const json_t *entry = json_array_get(models, i);
        const char *id = json_string_value(json_object_get(entry, "id"));
        require(id && *id);
        require(openai_list_entry_context(entry, 0) >= 0);
    }
    buffer_init(&out, 1 << 24);
    json_print(models, &out);
    require(!out.failed);
    require(openai_list_read(out.data, out.length, &again, &error) == 0);
    require(json_array_size(again) == json_array_size(models));
    json_decref(again);
    buffer_clear(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    struct treadle_error error;
    json_t *models = NULL;
    /* Without room to spare, so that AddressSanitizer sees a byte too much. */
    char *text = malloc(length ? length : 1);
    require(text != NULL);
    memcpy(text, bytes, length);
    if (openai_list_read(text, length, &models, &error))
        require(error.message[0] != '\0');
    else
        check(models);
    json_decref(models);
    free(text);
    return 0;
}
