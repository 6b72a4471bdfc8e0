/*
 * What models really write: reasoning between tags within their text, and calls of tools as text.
 *
 * Servers take most of that apart themselves. Where one does not, `<think>…</think>` is reasoning,
 * also where the opening tag was part of the prompt, and `<tool_call>{…}</tool_call>` or an answer
 * that is nothing but {"name": …, "arguments": …} is a call, if a tool of that name is offered.
 */
#ifndef OPENAI_OPENAI_TEXT_H
#define OPENAI_OPENAI_TEXT_H

#include <jansson.h>

#include "base/buffer.h"
#include "model/model.h"

enum openai_text_state {
    OPENAI_TEXT_START,    /* nothing but white space yet */
    OPENAI_TEXT_UNOPENED, /* may be reasoning that ends in a closing tag */
    OPENAI_TEXT_THINKING,
    OPENAI_TEXT_ANSWER,
    OPENAI_TEXT_CALL /* may be a call: known once all of it is there */
};

struct openai_text {
    enum openai_text_state state;
    const struct model_request *request; /* whose tools may be called; NULL: none */
    struct buffer held;
    size_t searched;  /* of it, for a closing tag */
    bool unopened;    /* the answer may begin with reasoning */
    bool trims;       /* what follows reasoning starts without white space */
    bool was_closed;  /* there was a closing tag without an opening one */
    size_t reasoning; /* bytes */
};

struct openai_text_target {
    void *context;
    void (*text)(void *context, const char *text, size_t length);
    /* A call: its name, and its arguments as an object or as text. */
    int (*call)(void *context, const char *name, const json_t *arguments);
};

/* `thinks`: whether what the model writes may begin with reasoning that has no opening tag. */
void openai_text_init(struct openai_text *text, const struct model_request *request, bool thinks);
void openai_text_clear(struct openai_text *text);

/* 0, TREADLE_ELIMIT or TREADLE_EMEMORY. */
int openai_text_feed(struct openai_text *text, const char *bytes, size_t length,
                     const struct openai_text_target *target);

/* Nothing follows. Also what `call` returns. */
int openai_text_finish(struct openai_text *text, const struct openai_text_target *target);

#endif
