/*
 * Fuzzing the reader of the sentence embedding's weights: whatever the bytes are, they are refused
 * or read without a step outside of them.
 */
#include <stdint.h>
#include <stdlib.h>

#include "encoder/weights.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    struct weights *weights = malloc(sizeof *weights);
    struct treadle_error error;
    if (weights && weights_read(bytes, length, weights, &error) == 0)
        abort(); /* the whole is 70 MB: no input here is */
    free(weights);
    return 0;
}
