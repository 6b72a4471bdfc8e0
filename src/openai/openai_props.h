/*
 * What a llama.cpp server says of itself: whether its model's template takes tools, how many
 * answers it makes at once (/props), and how its model counts tokens (/tokenize).
 */
#ifndef OPENAI_OPENAI_PROPS_H
#define OPENAI_OPENAI_PROPS_H

#include "openai/openai_server.h"

struct openai_props;

int openai_props_new(struct openai_props **out, struct openai *server, struct treadle_error *error);
void openai_props_free(struct openai_props *props);

/* Asks for the properties, and calls `then` when they are known or cannot be had, on the loop's
 * thread. Then counts samples of text, where that was not done since openai_props_forget. Not
 * while that is in progress. */
void openai_props_fetch(struct openai_props *props, void (*then)(void *context), void *context);

/* The server may have another model now. */
void openai_props_forget(struct openai_props *props);

#endif
