/*
 * Budgets: how much of a conversation is sent to a model, and how long its answer may be. Both
 * limits of a run cover all of its turns. What does not fit is left out from the middle: the first
 * message of the thread stays as long as it can, then the newest ones do. Instructions, the last
 * message of the thread and the run's own turns always stay, and a call always stays with its
 * output. Where that is still too much, searches lose their worst passages.
 */
#ifndef ENGINE_BUDGET_H
#define ENGINE_BUDGET_H

#include "engine/conversation.h"
#include "model/model.h"

struct budget {
    int64_t context;        /* tokens that the model can take; 0: not known */
    int64_t max_prompt;     /* of all turns; 0: no limit */
    int64_t max_completion; /* the same */
    struct treadle_usage used;
};

enum budget_verdict { BUDGET_FITS, BUDGET_NO_PROMPT, BUDGET_NO_COMPLETION };

/* Sets messages and the completion limit of a request whose tools are set. Messages are made in the
 * arena where some are left out. TREADLE_EMEMORY. */
int budget_fit(const struct budget *budget, const struct conversation *conversation,
               struct arena *arena, struct model_request *request, enum budget_verdict *out);

#endif
