/*
 * What was learned of a server's models: from what it refuses, from what it counts, and from what
 * it says of itself. Safe from any thread.
 */
#ifndef OPENAI_OPENAI_FACTS_H
#define OPENAI_OPENAI_FACTS_H

#include "model/model.h"

struct openai_facts;

int openai_facts_new(struct openai_facts **out, struct treadle_error *error);
void openai_facts_free(struct openai_facts *facts);

/* Sets what is known of the model of that name; what is not known stays as it is. */
void openai_facts_get(struct openai_facts *facts, const char *name, struct model_facts *out);

/* Of the model of that name. */
void openai_facts_no_tools(struct openai_facts *facts, const char *name);
void openai_facts_context(struct openai_facts *facts, const char *name, int64_t context);
void openai_facts_learn(struct openai_facts *facts, const char *name, const struct estimate *sent,
                        int64_t counted);

/* That its text may begin with reasoning without an opening tag; a name may say so, too. */
void openai_facts_note_thinks(struct openai_facts *facts, const char *name);
bool openai_facts_thinks(struct openai_facts *facts, const char *name);

/* Of all models of the server, as it says of itself. */
void openai_facts_server(struct openai_facts *facts, enum model_tools tools, unsigned slots);

/* How the server counts tokens, for models of which nothing was learned yet. */
void openai_facts_scale(struct openai_facts *facts, const struct estimate_scale *scale);

/* The server says anew how large contexts are. */
void openai_facts_forget_contexts(struct openai_facts *facts);

/* The server may have started again, with another model. */
void openai_facts_forget(struct openai_facts *facts);

/* Whether an error says that the prompt was too long for the context, and the numbers it names. */
struct model_overflow openai_overflow(const struct treadle_error *error);

/* Whether an error says that the model, or the server as it was started, takes no tools. */
bool openai_refuses_tools(const struct treadle_error *error);

#endif
