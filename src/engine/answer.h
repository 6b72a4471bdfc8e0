/*
 * An answer: what a model said in one turn, gathered from its pieces.
 */
#ifndef ENGINE_ANSWER_H
#define ENGINE_ANSWER_H

#include "base/arena.h"
#include "model/model.h"

struct answer {
    const char *text; /* "" when there was none */
    const struct model_call_request *calls;
    size_t call_count;
    enum model_finish finish;
    struct model_usage usage;
};

/* Asks the model and waits for the whole answer, which is made in the arena. The model's own error
 * when it failed, TREADLE_ELIMIT when the answer is too large. */
int answer_get(struct model *model, const struct model_request *request, struct arena *arena,
               struct answer *out, struct treadle_error *error);

#endif
