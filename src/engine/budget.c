/*
 * Budgets.
 *
 * Tokens are estimated (estimate.h), message by message, so leaving one out is a subtraction.
 */
#include "engine/budget.h"

#include <math.h>
#include <string.h>

#include "base/error.h"

enum {
    KEPT_SHARE = 12,         /* the part of a context that is kept for the answer */
    ANSWER_SHARE = 4,        /* the part that an answer may have, where the run sets no limit */
    LARGEST_LIMITED = 32768, /* a larger context bounds no answer: it has room for the longest */
    MARGIN_SHARE = 50,       /* the part of a context that is left to errors of the estimate */
    FEWEST_END_TOKENS = 48,  /* of a message of which the end is kept */
    ELLIPSIS_TOKENS = 3      /* for what stands before it */
};

/* A request that is made to fit. */
struct fit {
    const struct budget *budget;
    struct model_request *request;
    struct estimate *sent;
};

/* Where the messages are that may be left out: those of the thread but the last. */
static void find_thread(const struct conversation *conversation, size_t *first, size_t *last)
{
    size_t end = conversation->count;
    while (end > 0 && conversation->messages[end - 1].of_run)
        end--;
    *first = conversation->count && conversation->messages[0].role == MODEL_SYSTEM;
    *last = end > *first ? end - 1 : *first;
}

static int64_t scaled(const struct budget *budget, const struct estimate *estimate)
{
    int64_t tokens = estimate_tokens(estimate, budget->scale ? budget->scale : &estimate_plain);
    return budget->correction > 0 ? (int64_t)ceil((double)tokens * budget->correction) : tokens;
}

static int64_t tokens_of(const struct fit *fit)
{
    return scaled(fit->budget, fit->sent);
}

static void leave_out(const struct fit *fit, const struct model_message *message)
{
    const struct estimate one = estimate_message(message);
    estimate_remove(fit->sent, &one);
}

/* Passages come best first, so the worst of a search is left out. The longest list loses a passage
 * first, and each list keeps one. */
static void drop_passages(const struct fit *fit, struct model_message *messages, int64_t limit)
{
    while (tokens_of(fit) > limit) {
        struct model_message *longest = NULL;
        for (size_t i = 0; i < fit->request->message_count; i++)
            if (messages[i].passage_count > (longest ? longest->passage_count : 1))
                longest = &messages[i];
        if (!longest)
            break;
        leave_out(fit, longest);
        longest->passage_count--;
        const struct estimate less = estimate_message(longest);
        estimate_add(fit->sent, &less);
    }
}

/* Makes a message of the end of a text, from the first word that fits on. False where too little
 * fits. */
static bool cut_to_end(const struct budget *budget, const struct model_message *message,
                       int64_t room, struct arena *arena, struct model_message *out)
{
    size_t low = 0, high = message->text ? strlen(message->text) : 0, length = high;
    if (room < FEWEST_END_TOKENS || message->content || message->call_count ||
        message->passage_count)
        return false;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct model_message end = {.text = message->text + middle};
        const struct estimate estimate = estimate_message(&end);
        if (scaled(budget, &estimate) <= room - ELLIPSIS_TOKENS)
            high = middle;
        else
            low = middle + 1;
    }
    for (size_t i = 0; i < 32 && low < length && message->text[low - (low > 0)] != ' '; i++)
        low++;
    while (low < length && (message->text[low] & 0xC0) == 0x80)
        low++;
    *out = *message;
    out->text = low < length ? arena_format(arena, "… %s", message->text + low) : NULL;
    return out->text;
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
        int64_t answer = budget->context / KEPT_SHARE;
        if (budget->answer > 0 && budget->answer < answer)
            answer = budget->answer;
        int64_t room = budget->context - (completion && completion < answer ? completion : answer);
        room -= budget->context / MARGIN_SHARE;
        limit = limit < 0 || room < limit ? room : limit;
    }
    return limit;
}

/* A small model may go on until its context is full. */
static void bound_answer(const struct fit *fit)
{
    const struct budget *budget = fit->budget;
    int64_t answer = budget->answer;
    if (budget->max_completion || answer < 0)
        return;
    if (budget->context && !answer && budget->context <= LARGEST_LIMITED)
        answer = budget->context / ANSWER_SHARE;
    if (budget->context && answer) {
        int64_t kept = budget->context / KEPT_SHARE, room = budget->context - tokens_of(fit);
        room -= budget->context / MARGIN_SHARE;
        room = room > kept ? room : kept;
        answer = answer < room ? answer : room;
    }
    if (answer > 0)
        fit->request->max_completion_tokens = (struct treadle_integer){TREADLE_SET, answer};
}

/* Leaves out what does not fit. */
static int shorten(const struct fit *fit, const struct conversation *conversation, int64_t limit,
                   struct arena *arena)
{
    size_t first, last, end = 0;
    const struct model_message *all = conversation->messages;
    struct model_message *kept = arena_array(arena, conversation->count, sizeof *kept);
    if (!kept)
        return TREADLE_EMEMORY;
    find_thread(conversation, &first, &last);
    size_t from = first + 1 < last ? first + 1 : last, to = from;
    for (; to < last && tokens_of(fit) > limit; to++)
        leave_out(fit, &all[to]);
    if (tokens_of(fit) > limit && first < last) {
        leave_out(fit, &all[first]);
        from = first;
    }
    memcpy(kept, all, from * sizeof *kept);
    if (to > from && !fit->budget->max_prompt &&
        cut_to_end(fit->budget, &all[to - 1], limit - tokens_of(fit), arena, &kept[from])) {
        const struct estimate one = estimate_message(&kept[from]);
        estimate_add(fit->sent, &one);
        end = 1;
    }
    memcpy(kept + from + end, all + to, (conversation->count - to) * sizeof *kept);
    fit->request->messages = kept;
    fit->request->message_count = conversation->count - (to - from) + end;
    drop_passages(fit, kept, limit);
    return 0;
}

int budget_fit(const struct budget *budget, const struct conversation *conversation,
               struct arena *arena, struct model_request *request, struct estimate *sent,
               enum budget_verdict *out)
{
    const struct fit fit = {budget, request, sent};
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
    *out = BUDGET_FITS;
    if (limit >= 0)
        *sent = estimate_request(request);
    if (limit >= 0 && tokens_of(&fit) > limit && shorten(&fit, conversation, limit, arena))
        return TREADLE_EMEMORY;
    bound_answer(&fit);
    /* The estimate may be wrong, so the model server decides whether a context is too small. */
    if (budget->max_prompt && tokens_of(&fit) > budget->max_prompt - budget->used.prompt_tokens)
        *out = BUDGET_NO_PROMPT;
    return 0;
}
