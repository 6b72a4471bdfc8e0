/*
 * Servers of the chat completions protocol as models: the service itself, and what people run at
 * home.
 */
#ifndef OPENAI_OPENAI_H
#define OPENAI_OPENAI_H

#include "model/model.h"

struct openai_options {
    const char *url; /* as http://127.0.0.1:8000/v1; without a path /v1 is added */
    const char *key; /* sent to this server alone; NULL: none */
    const char
        *model; /* replaces names that the server does not list; NULL: names are sent as they are */
    unsigned connect_seconds; /* 0: 10 */
    unsigned first_seconds;   /* from then to the first byte of an answer; 0: 300 */
    unsigned idle_seconds;    /* between its bytes; 0: 120 */
    unsigned attempts;        /* 0: 4 */
    int64_t context;          /* tokens that its models hold where it does not say; 0: unknown */
    int64_t answer;           /* tokens of an answer where nothing else limits it; 0: as fits its
                                 context; negative: no limit */
    unsigned slots;           /* answers that it makes at once; 0: as it says */
    bool must_cite;           /* as in model_facts */
    enum model_tools tools;   /* whether its models call tools; MODEL_TOOLS_UNKNOWN: found out */
};

struct loop;
struct fetcher;
struct log;
struct pool;

/* Shared by servers. All of it must stay as long as an answer or a list is in progress. */
struct openai_means {
    struct loop *loop;
    struct fetcher *fetcher; /* NULL: images are left to the server */
    struct pool *printers;   /* for requests whose images were fetched, with `fetcher` */
    struct log *log; /* says when a server cannot be reached, and when it can; may be NULL */
};

/* A server as a model that answers messages, or as one that makes vectors; its list of models is
 * being fetched then. TREADLE_EINVALID for an address or a key that cannot be one. */
enum openai_part { OPENAI_CHAT, OPENAI_EMBEDDINGS };
int openai_new(struct model **out, enum openai_part part, const struct openai_means *means,
               const struct openai_options *options, struct treadle_error *error);

#endif
