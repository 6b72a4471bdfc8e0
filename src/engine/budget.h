/*
 * Budgets: how much of a conversation is sent to a model, and how much it may say.
 *
 * Both limits of a run are for all of its turns together. What does not fit is left out from the
 * middle: the first message of the thread stays as long as it can, then the newest do;
 * instructions, the last message of the thread and what the run itself did always stay, and calls
 * are never parted from their answers. Where that is still too much, searches lose their worst
 * passages. Where only the model's context is too small for all, the newest message that is left
 * out keeps its end, as far as there is room for it.
 */
#ifndef ENGINE_BUDGET_H
#define ENGINE_BUDGET_H

#include "engine/conversation.h"
#include "model/estimate.h"
#include "model/model.h"

struct budget {
    int64_t context;                    /* tokens that the model holds; 0: not known */
    const struct estimate_scale *scale; /* how it counts; NULL: as estimates do */
    double correction;      /* of what the scale gives, for this run; 0: none is known */
    int64_t answer;         /* tokens of an answer, where the run sets no limit; 0: as the context
                               allows; negative: any number */
    int64_t max_prompt;     /* of all turns; 0: no limit */
    int64_t max_completion; /* the same */
    struct treadle_usage used;
};

enum budget_verdict { BUDGET_FITS, BUDGET_NO_PROMPT, BUDGET_NO_COMPLETION };

/* Sets messages and the completion limit of a request whose tools are set. Messages are made in the
 * arena where some are left out. `sent` becomes the estimate of the request; it may be NULL where
 * there is neither a context nor a limit. TREADLE_EMEMORY. */
int budget_fit(const struct budget *budget, const struct conversation *conversation,
               struct arena *arena, struct model_request *request, struct estimate *sent,
               enum budget_verdict *out);

#endif
