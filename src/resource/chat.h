/*
 * Chat completions: shared by reading the request and sending the answer.
 */
#ifndef RESOURCE_CHAT_H
#define RESOURCE_CHAT_H

#include "api/types.h"
#include "model/model.h"
#include "resource/resource.h"

/* Turns the request into one for a model; everything is made in the call's arena. */
int chat_read(struct resource_call *call, struct model_request *out, struct treadle_error *error);

#endif
