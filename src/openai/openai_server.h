/*
 * What the files of the driver share for servers of the chat completions protocol.
 */
#ifndef OPENAI_OPENAI_SERVER_H
#define OPENAI_OPENAI_SERVER_H

#include <pthread.h>

#include <jansson.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/pool.h"
#include "model/model.h"
#include "openai/openai.h"
#include "openai/openai_images.h"
#include "outbound/loop.h"

/* What requests have besides, until a server refuses it. */
enum openai_extra { OPENAI_STREAM_OPTIONS = 1, OPENAI_METADATA = 2, OPENAI_TOOLS = 4 };

struct openai {
    struct model model;
    struct openai_means means;
    char *chat_url, *models_url, *embeddings_url;
    char *key;           /* NULL: none */
    char *default_model; /* NULL: names are passed on */
    unsigned connect_seconds, first_seconds, idle_seconds, attempts;
    int64_t context; /* the operator's word, for names of which the list says nothing; 0: none */
    atomic_uint refused; /* of enum openai_extra: what it does not take */
    int64_t answer;      /* as in openai_options */
    unsigned slots;      /* the same */
    enum model_tools tools;
    bool must_cite; /* as in openai_options */
    struct openai_list *list;
    struct openai_facts *facts;
};

/* The name to send for a model that was asked for. */
const char *openai_name(struct openai *server, const char *asked);

/* What every exchange with the server has in common; url, body and handler are to be added. */
struct loop_exchange openai_exchange(const struct openai *server);

/* ---- The request ---------------------------------------------------------------------------- */

/* The body of a chat completion request, as text to be freed. `extras` is of enum openai_extra,
 * `images` may be NULL. */
int openai_request_print(const struct model_request *request, const char *model, unsigned extras,
                         const struct openai_images *images, char **out, size_t *length,
                         struct treadle_error *error);

/* ---- The answer ----------------------------------------------------------------------------- */

struct openai_answer;

/* Reads the server's answer, in pieces or whole, and passes it to the sink, except `done`. */
int openai_answer_new(struct openai_answer **out, const struct model_sink *sink, const char *key);
void openai_answer_free(struct openai_answer *answer);

/* What is answered: the text of the answer may hold calls of its tools. `thinks`: the model may
 * begin with reasoning that has no opening tag, as openai_answer_thinks found of an earlier one. */
void openai_answer_expect(struct openai_answer *answer, const struct model_request *request,
                          bool thinks);
bool openai_answer_thinks(const struct openai_answer *answer);

/* 0, or a negative code with the error. */
int openai_answer_feed(struct openai_answer *answer, const char *bytes, size_t length,
                       struct treadle_error *error);

/* At the end of the reply. TREADLE_ENETWORK when it was cut off. */
int openai_answer_finish(struct openai_answer *answer, struct treadle_error *error);

/* False once something was handed to the sink; else everything is forgotten. */
bool openai_answer_restart(struct openai_answer *answer);

enum model_finish openai_answer_end(const struct openai_answer *answer);

/* What the server counted, and an estimate where it did not. */
struct model_usage openai_answer_usage(const struct openai_answer *answer,
                                       const struct model_request *request);

/* ---- Embeddings ----------------------------------------------------------------------------- */

void openai_embed(struct model *model, const struct embedding_request *request,
                  const struct embedding_sink *sink);

/* ---- The list of its models ----------------------------------------------------------------- */

/* The entries of a list of models that have an id, as an array of jansson's. Some servers wrap the
 * list, some do not. TREADLE_EPARSE when the text is no list. */
int openai_list_read(const char *text, size_t length, json_t **out, struct treadle_error *error);

/* How many tokens the model of an entry (NULL: none) can take; 0 when that is not known. */
int64_t openai_list_entry_context(const json_t *entry, int64_t configured);

int openai_list_new(struct openai_list **out, struct openai *server, struct treadle_error *error);
void openai_list_free(struct openai_list *list);

/* Asks the server when the list is old; waits a moment for the first answer if `wait`. */
void openai_list_refresh(struct openai_list *list, bool wait);

/* The list is fetched when it is needed next. `restarted`: the server was gone, so what was learned
 * of its models is forgotten then. */
void openai_list_expire(struct openai_list *list, bool restarted);

/* Appends what is known, as model_list_models does. */
int openai_list_copy(struct openai_list *list, struct arena *arena, struct model_info *out,
                     size_t room, size_t *count, struct treadle_error *error);

/* Whether the list has the name. */
bool openai_list_knows(struct openai_list *list, const char *name);

/* The context size of a name in the list, else `configured` where it is not 0, else that with which
 * the model was trained, of which the server may take less. 0: not known. */
int64_t openai_list_context(struct openai_list *list, const char *name, int64_t configured);

#endif
