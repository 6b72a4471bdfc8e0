/*
 * The images of a request that are fetched here, because their hosts are allowed, and put into it.
 *
 * They are fetched one after the other, so that a request never has more than it will send. An
 * image that cannot be fetched becomes a line of text, so that one dead address does not end a
 * conversation.
 */
#ifndef OPENAI_OPENAI_IMAGES_H
#define OPENAI_OPENAI_IMAGES_H

#include <jansson.h>

#include "model/model.h"
#include "openai/fetcher.h"

struct openai_images;

/* NULL when there is nothing to fetch. */
int openai_images_new(struct openai_images **out, struct fetcher *fetcher,
                      const struct model_request *request, struct treadle_error *error);
void openai_images_free(struct openai_images *images);

/* Calls `done` when all were fetched, or the request was cancelled: on the loop's thread, or
 * within the call. */
void openai_images_fetch(struct openai_images *images, void (*done)(void *context), void *context);

/* Puts what was fetched into a message's content. `images` may be NULL. Not 0 when memory runs
 * out. */
int openai_images_inline(const struct openai_images *images, json_t *content);

#endif
