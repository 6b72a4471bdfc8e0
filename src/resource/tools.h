/*
 * Tools and tool resources of requests: checked, completed, and put into the stored form.
 */
#ifndef RESOURCE_TOOLS_H
#define RESOURCE_TOOLS_H

#include "resource/resource.h"
#include "treadle/objects.h"

/* Fills in what the service echoed where nothing was sent: a function's empty parameters and
 * strictness, the ranking of a search. */
int tools_normalise(struct resource_call *call, struct treadle_tool *tools, size_t count,
                    struct treadle_error *error);

/* Refuses two functions of one name, and a function with the name of a tool beside it: a model
 * could not call one of them. */
int tools_check_names(const struct treadle_tool *tools, size_t count, struct treadle_error *error);

/* Refuses the choice of a tool that is not among these. */
int tools_check_choice(const struct treadle_tool *tools, size_t count,
                       const struct treadle_tool_choice *choice, struct treadle_error *error);

/* Names the tools of a run that this server does not have. Refuses a run whose choice demands a
 * tool where there is no other. */
int tools_name_unavailable(struct resource_call *call, struct treadle_run *run,
                           struct treadle_error *error);

/* The owner of a store: the store is deleted with the thread (NULL: with none), or after that many
 * days without use (0: it stays). */
struct tools_owner {
    const char *thread_id;
    int64_t days;
};

/* Checks that the files and vector stores named exist and makes the store of the `vector_stores`
 * helper for its owner. `out` (never NULL) is what is kept. */
int tools_resolve(struct db_session *session, struct resource_call *call,
                  const struct treadle_tool_resources *sent, const struct tools_owner *owner,
                  struct treadle_tool_resources **out, struct treadle_error *error);

/* Gives the file of a message's attachment to the tools that it names, for the thread that owns
 * these resources, which are changed. */
int tools_attach(struct db_session *session, struct resource_call *call,
                 const struct treadle_attachment *attachment, const struct tools_owner *owner,
                 struct treadle_tool_resources *resources, struct treadle_error *error);

/* Adds what resources show of enabled tools that have none. */
int tools_show_resources(struct resource_call *call, const struct treadle_tool *tools, size_t count,
                         struct treadle_tool_resources **resources, struct treadle_error *error);

#endif
