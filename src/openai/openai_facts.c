/*
 * Facts. A server has few models, so they are in a list; where there are more than it has room for,
 * the oldest gives way.
 */
#include "openai/openai_facts.h"

#include <ctype.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"

enum { MOST_MODELS = 64, LONGEST_NAME = 512, FEWEST_TOKENS = 16, MOST_NUMBERS = 8 };

struct fact {
    char name[LONGEST_NAME];
    int64_t context;
    bool no_tools, thinks, scaled;
    struct estimate_scale scale;
};

struct openai_facts {
    pthread_mutex_t mutex; /* guards what follows */
    struct fact *models[MOST_MODELS];
    size_t count;
    enum model_tools tools;
    unsigned slots;
    struct estimate_scale scale;
};

int openai_facts_new(struct openai_facts **out, struct treadle_error *error)
{
    struct openai_facts *facts = calloc(1, sizeof *facts);
    if (!facts)
        return error_set_memory(error);
    facts->scale = estimate_plain;
    pthread_mutex_init(&facts->mutex, NULL);
    *out = facts;
    return 0;
}

static void clear(struct openai_facts *facts)
{
    for (size_t i = 0; i < facts->count; i++)
        free(facts->models[i]);
    facts->count = 0;
}

void openai_facts_free(struct openai_facts *facts)
{
    if (!facts)
        return;
    clear(facts);
    pthread_mutex_destroy(&facts->mutex);
    free(facts);
}

static struct fact *find(const struct openai_facts *facts, const char *name)
{
    for (size_t i = 0; i < facts->count; i++)
        if (strcmp(facts->models[i]->name, name) == 0)
            return facts->models[i];
    return NULL;
}

/* NULL where there is no memory, or the name is too long: nothing is learned then. */
static struct fact *get(struct openai_facts *facts, const char *name)
{
    struct fact *fact = find(facts, name);
    if (fact || strlen(name) >= LONGEST_NAME)
        return fact;
    fact = calloc(1, sizeof *fact);
    if (!fact)
        return NULL;
    strcpy(fact->name, name);
    fact->scale = facts->scale;
    if (facts->count == MOST_MODELS) {
        free(facts->models[0]);
        memmove(facts->models, facts->models + 1, --facts->count * sizeof *facts->models);
    }
    facts->models[facts->count++] = fact;
    return fact;
}

void openai_facts_get(struct openai_facts *facts, const char *name, struct model_facts *out)
{
    pthread_mutex_lock(&facts->mutex);
    const struct fact *fact = find(facts, name);
    if (facts->tools != MODEL_TOOLS_UNKNOWN)
        out->tools = facts->tools;
    if (facts->slots)
        out->slots = facts->slots;
    out->scale = facts->scale;
    if (fact && fact->no_tools)
        out->tools = MODEL_TOOLS_NO;
    if (fact && fact->context)
        out->context = fact->context;
    if (fact && fact->scaled)
        out->scale = fact->scale;
    pthread_mutex_unlock(&facts->mutex);
}

void openai_facts_no_tools(struct openai_facts *facts, const char *name)
{
    pthread_mutex_lock(&facts->mutex);
    struct fact *fact = get(facts, name);
    if (fact)
        fact->no_tools = true;
    pthread_mutex_unlock(&facts->mutex);
}

void openai_facts_note_thinks(struct openai_facts *facts, const char *name)
{
    pthread_mutex_lock(&facts->mutex);
    struct fact *fact = get(facts, name);
    if (fact)
        fact->thinks = true;
    pthread_mutex_unlock(&facts->mutex);
}

bool openai_facts_thinks(struct openai_facts *facts, const char *name)
{
    static const char *const names[] = {"deepseek-r1", "qwq", "-thinking", "-reasoning"};
    pthread_mutex_lock(&facts->mutex);
    const struct fact *fact = find(facts, name);
    bool thinks = fact && fact->thinks;
    pthread_mutex_unlock(&facts->mutex);
    for (size_t i = 0; !thinks && i < sizeof names / sizeof names[0]; i++)
        thinks = strcasestr(name, names[i]);
    return thinks;
}

void openai_facts_context(struct openai_facts *facts, const char *name, int64_t context)
{
    pthread_mutex_lock(&facts->mutex);
    struct fact *fact = get(facts, name);
    if (fact)
        fact->context = context;
    pthread_mutex_unlock(&facts->mutex);
}

void openai_facts_learn(struct openai_facts *facts, const char *name, const struct estimate *sent,
                        int64_t counted)
{
    pthread_mutex_lock(&facts->mutex);
    struct fact *fact = get(facts, name);
    if (fact) {
        fact->scaled = true;
        estimate_learn(&fact->scale, sent, counted);
    }
    pthread_mutex_unlock(&facts->mutex);
}

void openai_facts_server(struct openai_facts *facts, enum model_tools tools, unsigned slots)
{
    pthread_mutex_lock(&facts->mutex);
    facts->tools = tools;
    facts->slots = slots;
    pthread_mutex_unlock(&facts->mutex);
}

void openai_facts_scale(struct openai_facts *facts, const struct estimate_scale *scale)
{
    pthread_mutex_lock(&facts->mutex);
    facts->scale = *scale;
    pthread_mutex_unlock(&facts->mutex);
}

void openai_facts_forget_contexts(struct openai_facts *facts)
{
    pthread_mutex_lock(&facts->mutex);
    for (size_t i = 0; i < facts->count; i++)
        facts->models[i]->context = 0;
    pthread_mutex_unlock(&facts->mutex);
}

void openai_facts_forget(struct openai_facts *facts)
{
    pthread_mutex_lock(&facts->mutex);
    clear(facts);
    pthread_mutex_unlock(&facts->mutex);
}

/* ---- What errors say ------------------------------------------------------------------------ */

static bool says(const struct treadle_error *error, const char *text)
{
    return strcasestr(error->message, text) != NULL;
}

static bool is_overflow(const struct treadle_error *error)
{
    static const char *const ways[] = {"exceed",    "maximum", "overflow", "too long",
                                       "too large", "larger",  "greater",  "not enough"};
    if (strstr(error->wire_code, "context_length"))
        return true;
    if (!says(error, "context"))
        return false;
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++)
        if (says(error, ways[i]))
            return true;
    return false;
}

/* The first number at or after a word of the message; 0 for none. */
static int64_t number_after(const struct treadle_error *error, const char *word)
{
    const char *at = strcasestr(error->message, word);
    for (at = at ? at + strlen(word) : ""; *at && !isdigit((unsigned char)*at); at++)
        ;
    return *at ? strtoll(at, NULL, 10) : 0;
}

/* The largest number of the message, commas within numbers aside. */
static int64_t largest_number(const struct treadle_error *error)
{
    int64_t largest = 0;
    for (const char *at = error->message; *at; at++) {
        if (!isdigit((unsigned char)*at))
            continue;
        char *end;
        int64_t number = strtoll(at, &end, 10);
        largest = number > largest ? number : largest;
        at = end - 1;
    }
    return largest;
}

/* The number of tokens that stands before "in the messages", where the whole request has more. */
static int64_t messages_number(const struct treadle_error *error)
{
    const char *at = strstr(error->message, " in the messages");
    if (!at)
        return 0;
    while (at > error->message && isdigit((unsigned char)at[-1]))
        at--;
    return strtoll(at, NULL, 10);
}

struct model_overflow openai_overflow(const struct treadle_error *error)
{
    static const char *const words[] = {"n_ctx", "context length", "context size",
                                        "context window"};
    struct model_overflow overflow = {0};
    if (!error || error->http_status < 400 || !is_overflow(error))
        return overflow;
    for (size_t i = 0; i < sizeof words / sizeof words[0] && !overflow.context; i++)
        overflow.context = number_after(error, words[i]);
    overflow.prompt_tokens = messages_number(error);
    if (!overflow.prompt_tokens)
        overflow.prompt_tokens = largest_number(error);
    if (overflow.context < FEWEST_TOKENS || overflow.prompt_tokens <= overflow.context)
        overflow.prompt_tokens = 0;
    if (overflow.context < FEWEST_TOKENS)
        overflow.context = 0;
    return overflow;
}

bool openai_refuses_tools(const struct treadle_error *error)
{
    static const char *const ways[] = {"support",     "require",       "enable",
                                       "not allowed", "not available", "jinja"};
    if (!error || error->http_status < 400 || !says(error, "tool"))
        return false;
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++)
        if (says(error, ways[i]))
            return true;
    return false;
}
