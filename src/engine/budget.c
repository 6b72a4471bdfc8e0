/*
 * Budgets.
 *
 * Tokens are estimated (language_tokens says how well), message by message, so leaving one out is a
 * subtraction.
 */
#include "engine/budget.h"

#include <string.h>

#include "base/error.h"

/* The part of a context that is kept for the answer, where no limit is set for it. */
enum { ANSWER_SHARE = 4 };

/* Where the messages are that may be left out: those of the thread but the last. */
static void find_thread(const struct conversation *conversation, size_t *first, size_t *last)
{
    size_t end = conversation->count;
    while (end > 0 && conversation->messages[end - 1].of_run)
        end--;
    *first = conversation->count && conversation->messages[0].role == MODEL_SYSTEM;
    *last = end > *first ? end - 1 : *first;
}

static int64_t message_tokens(const struct model_request *request,
                              const struct model_message *message)
{
    const struct model_request alone = {
        .model = request->model, .messages = message, .message_count = 1};
    return model_prompt_tokens(&alone) - MODEL_REPLY_TOKENS;
}

/* Passages come best first, so the worst of a search is left out. The longest list loses a passage
 * first, and each list keeps one. */
static int64_t drop_passages(const struct model_request *request, struct model_message *messages,
                             int64_t tokens, int64_t limit)
{
    while (tokens > limit) {
        struct model_message *longest = NULL;
        for (size_t i = 0; i < request->message_count; i++)
            if (messages[i].passage_count > (longest ? longest->passage_count : 1))
                longest = &messages[i];
        if (!longest)
            break;
        int64_t before = message_tokens(request, longest);
        longest->passage_count--;
        tokens -= before - message_tokens(request, longest);
    }
    return tokens;
}

/* The most tokens that may be sent; negative: any number. */
static int64_t prompt_limit(const struct budget *budget, int64_t completion)
{
    int64_t limit = -1;
    if (budget->max_prompt) {
        limit = budget->max_prompt - budget->used.prompt_tokens;
        limit = limit > 0 ? limit : 0;
    }
    if (budget->context) {
        int64_t answer = budget->context / ANSWER_SHARE;
        int64_t room = budget->context - (completion && completion < answer ? completion : answer);
        limit = limit < 0 || room < limit ? room : limit;
    }
    return limit;
}

int budget_fit(const struct budget *budget, const struct conversation *conversation,
               struct arena *arena, struct model_request *request, enum budget_verdict *out)
{
    int64_t completion =
        budget->max_completion ? budget->max_completion - budget->used.completion_tokens : 0;
    request->messages = conversation->messages;
    request->message_count = conversation->count;
    *out = BUDGET_NO_COMPLETION;
    if (budget->max_completion && completion <= 0)
        return 0;
    if (budget->max_completion)
        request->max_completion_tokens = (struct treadle_integer){TREADLE_SET, completion};
    int64_t limit = prompt_limit(budget, completion);
    int64_t tokens = limit < 0 ? 0 : model_prompt_tokens(request);
    *out = BUDGET_FITS;
    if (limit < 0 || tokens <= limit)
        return 0;
    size_t first, last;
    struct model_message *kept = arena_array(arena, conversation->count, sizeof *kept);
    if (!kept)
        return TREADLE_EMEMORY;
    find_thread(conversation, &first, &last);
    size_t from = first + 1 < last ? first + 1 : last, to = from;
    for (; to < last && tokens > limit; to++)
        tokens -= message_tokens(request, &conversation->messages[to]);
    if (tokens > limit && first < last) {
        tokens -= message_tokens(request, &conversation->messages[first]);
        from = first;
    }
    memcpy(kept, conversation->messages, from * sizeof *kept);
    memcpy(kept + from, conversation->messages + to, (conversation->count - to) * sizeof *kept);
    request->messages = kept;
    request->message_count = conversation->count - (to - from);
    tokens = drop_passages(request, kept, tokens, limit);
    /* The estimate may be wrong, so the model server decides whether a context is too small. */
    if (budget->max_prompt && tokens > budget->max_prompt - budget->used.prompt_tokens)
        *out = BUDGET_NO_PROMPT;
    return 0;
}
