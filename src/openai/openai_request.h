/*
 * How requests for models that cannot call tools differ from others.
 */
#ifndef OPENAI_OPENAI_REQUEST_H
#define OPENAI_OPENAI_REQUEST_H

#include "base/buffer.h"
#include "model/model.h"

/* The user's last message, which what tools gave is put before; message_count where there is none.
 */
size_t openai_plain_question(const struct model_request *request);

/* Whether a message is shown, as calls and what they gave are not. */
bool openai_plain_shows(const struct model_message *message);

/* Appends what tools gave, in words. */
void openai_plain_print_results(const struct model_request *request, struct buffer *out);

#endif
