/*
 * Models: answer a list of messages, with text or with calls of tools, or turn texts into vectors.
 *
 * A model is a driver (a table of functions) and an instance whose first member points to it. One
 * instance may have many models, as a server does, and says which. model_start requests an answer,
 * which goes to a sink piece by piece: any number of text and tool call pieces, then exactly one
 * `done`. A sink may be called on any thread, also within model_start, but never twice at once.
 * What the request points to must stay until `done`, which comes soon once the flag that the
 * request names is set and model_cancel was called.
 */
#ifndef MODEL_MODEL_H
#define MODEL_MODEL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "model/embedding.h"
#include "model/estimate.h"
#include "treadle/error.h"
#include "treadle/objects.h"

enum model_role { MODEL_SYSTEM, MODEL_USER, MODEL_ASSISTANT, MODEL_TOOL };

struct model_call_request {
    const char *id;
    const char *name;
    const char *arguments; /* JSON text */
};

struct model_page {
    size_t offset; /* in the passage's text */
    int page;      /* 0: no pages */
};

/* How near a part of a passage is to the question in meaning. */
struct model_near {
    size_t start, length; /* in the passage's text */
    float nearness;       /* a cosine */
};

/* A passage that a search found. A model that uses one writes its marker after the statement. */
struct model_passage {
    const char *marker; /* as 【4:0†manual.pdf】 */
    const char *filename;
    const char *heading; /* may be NULL */
    const char *text;
    double score;
    const struct model_page *pages; /* at least one */
    size_t page_count;
    const struct model_near *near; /* none where that is unknown */
    size_t near_count;
};

struct model_message {
    enum model_role role;
    const char *text;                       /* may be NULL when there are calls or passages */
    const struct model_call_request *calls; /* MODEL_ASSISTANT: the tools that it called */
    size_t call_count;
    const char *call_id;                  /* MODEL_TOOL: the call that this answers */
    const struct model_passage *passages; /* MODEL_TOOL: what a file search found */
    size_t passage_count;
    const char *name;    /* of who speaks; may be NULL */
    const char *content; /* MODEL_USER: what was said, images and all, as JSON in the form of chat
                            completions, for models that take more than `text`. NULL: text alone */
    bool of_run;         /* of the run that asks; else of the thread */
};

struct model_tool {
    const char *name;
    const char *description;
    const char *parameters; /* JSON schema as JSON text */
    struct treadle_boolean strict;
    bool searches; /* finds passages: its arguments are {"queries": [string, …]}, and models that
                      answer from passages alone call it before they answer */
};

enum model_tool_choice {
    MODEL_CHOICE_AUTO,
    MODEL_CHOICE_NONE,
    MODEL_CHOICE_REQUIRED,
    MODEL_CHOICE_NAMED
};

struct model_request {
    const char *model;
    const struct model_message *messages;
    size_t message_count;
    const struct model_tool *tools;
    size_t tool_count;
    enum model_tool_choice tool_choice;
    const char *tool_name; /* with MODEL_CHOICE_NAMED */
    struct treadle_boolean parallel_tool_calls;
    struct treadle_number temperature;
    struct treadle_number top_p;
    struct treadle_integer max_completion_tokens;
    bool old_limit_name;          /* the limit was given as max_tokens, and is passed on as that */
    const char *response_format;  /* JSON text; NULL: text */
    const char *reasoning_effort; /* NULL: the model's own */
    const struct treadle_map *metadata; /* of who asks, for the server's records; NULL: none */
    const char *further;                /* a JSON object: members that only a model server knows */
    bool must_offer; /* an answer without the tools is of no use: TREADLE_EUNSUPPORTED is the
                        outcome where the model takes none, and not an answer without them */
    bool no_calls;   /* the model is not shown calls: what tools gave in the run stands before the
                        user's last message, in words */
    const atomic_bool *cancelled; /* once it is set, the answer ends; may be NULL */
};

enum model_finish {
    MODEL_STOP,
    MODEL_TOOL_CALLS,
    MODEL_LENGTH,
    MODEL_CONTENT_FILTER,
    MODEL_CANCELLED
};

/* Why a prompt that was too long for the model's context was refused. */
struct model_overflow {
    int64_t context;       /* tokens that the model holds; 0: there was no overflow */
    int64_t prompt_tokens; /* as the server counted them; 0: it did not say */
};

struct model_usage {
    bool counted; /* by the server; else these are estimates */
    int64_t prompt_tokens;
    int64_t completion_tokens;
    int64_t cached_tokens;    /* of the prompt's: those that the server had in a cache */
    int64_t reasoning_tokens; /* of the completion's: those that are not in the answer */
};

struct model_outcome {
    enum model_finish finish;
    struct model_usage usage;
    const struct treadle_error *error; /* NULL when it worked */
    struct model_overflow overflow;    /* with an error */
};

struct model_sink {
    void *context;
    void (*text)(void *context, const char *text, size_t length);
    /* A piece of the call with that index, from 0 without gaps: id and name come with the first
     * piece and are NULL later; the pieces of `arguments` belong one after the other. */
    void (*tool_call)(void *context, size_t index, const char *id, const char *name,
                      const char *arguments, size_t length);
    void (*done)(void *context, const struct model_outcome *outcome);
    /* A piece of what the model says where it will not answer. NULL: it goes to `text`. */
    void (*refusal)(void *context, const char *text, size_t length);
    /* All pieces that came together were passed on; `done` needs no flush. For sinks that process
     * many pieces together. May be NULL. */
    void (*flush)(void *context);
};

enum { MODEL_LIST_SIZE = 4096 }; /* of a list of models, at most */

/* What such a list says of one. */
struct model_info {
    const char *id;
    int64_t created;
    const char *owned_by;
};

/* Whether a model can call tools. */
enum model_tools {
    MODEL_TOOLS_UNKNOWN, /* it may, or may not although it is offered some */
    MODEL_TOOLS_YES,     /* the operator says so */
    MODEL_TOOLS_NO
};

/* What is known of a model. It may change with each answer, and when its server starts again. */
struct model_facts {
    int64_t context; /* tokens that it holds, of prompt and answer together; 0: unknown */
    int64_t answer;  /* tokens of an answer for which the request sets no limit, as the operator
                        says; 0: nothing is said; negative: any number */
    enum model_tools tools;
    struct estimate_scale scale; /* how it counts tokens */
    unsigned slots;              /* answers that its server makes at once; 0: any number */
    bool must_cite;              /* an answer from files that no passage supports is replaced by a
                                    quotation of the stand-in's */
    const void *place;           /* the same for all models of one server */
};

struct model;

struct model_driver {
    const char *name;
    /* Promises exactly one sink->done. Missing where it answers no messages. */
    void (*start)(struct model *model, const struct model_request *request,
                  const struct model_sink *sink);
    /* Promises exactly one sink->done. Missing where it makes no vectors. */
    void (*embed)(struct model *model, const struct embedding_request *request,
                  const struct embedding_sink *sink);
    /* Checks the flags of all answers in progress, and ends those that are cancelled; on any
     * thread. May be missing where answers are made within `start`. */
    void (*cancel)(struct model *model);
    /* Whether `start` makes the answer of that model itself, and returns late. Missing: never. */
    bool (*blocks)(struct model *model, const char *name);
    /* As model_knows. MUST be there. */
    bool (*knows)(struct model *model, const char *name);
    /* As model_list_models. MUST be there. */
    int (*list)(struct model *model, struct arena *arena, struct model_info *out, size_t room,
                size_t *count, struct treadle_error *error);
    /* As model_facts and model_learn. May be missing where nothing is ever known. */
    void (*facts)(struct model *model, const char *name, struct model_facts *out);
    void (*learn)(struct model *model, const char *name, const struct estimate *sent,
                  int64_t counted);
    /* Called when no answer is under way. May be missing where the instance is another's. */
    void (*destroy)(struct model *model);
};

/* What every instance starts with. */
struct model {
    const struct model_driver *driver;
};

void model_start(struct model *model, const struct model_request *request,
                 const struct model_sink *sink);
void model_embed(struct model *model, const struct embedding_request *request,
                 const struct embedding_sink *sink);
void model_cancel(struct model *model);
bool model_blocks(struct model *model, const char *name);

/* Accepts NULL. */
void model_free(struct model *model);

/* Whether one of its models is listed by that name (NULL: none is). It may take others too. Never
 * waits. */
bool model_knows(struct model *model, const char *name);

/* Appends its models at out[*count], up to `room` in all, with texts in the arena. May wait a
 * moment for a server that never answered yet. TREADLE_EMEMORY. */
int model_list_models(struct model *model, struct arena *arena, struct model_info *out, size_t room,
                      size_t *count, struct treadle_error *error);

/* What is known of the model of that name. Never waits. */
void model_facts(struct model *model, const char *name, struct model_facts *out);

/* Reports how many tokens the server counted in a prompt of that estimate. */
void model_learn(struct model *model, const char *name, const struct estimate *sent,
                 int64_t counted);

/* What a request costs beside its texts, in tokens. */
enum {
    MODEL_MESSAGE_TOKENS = 4, /* each message, tool and call, for the text around it */
    MODEL_PASSAGE_TOKENS = 8, /* each passage, for what leads it in */
    MODEL_REPLY_TOKENS = 3,   /* what leads the answer in */
    MODEL_IMAGE_TOKENS = 765  /* each image, whatever its size: that of one of 1024 x 1024 */
};

/* About how many tokens a request is, with its tools, calls, passages and images: texts as
 * language_tokens has them, and the constants above for the rest. So it is as good as that is, but
 * for images, of which servers make from 85 to some thousands of tokens each. */
int64_t model_prompt_tokens(const struct model_request *request);

#endif
