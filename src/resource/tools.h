/*
 * Tools and tool resources of requests: checked, completed, and put into the form that is kept.
 */
#ifndef RESOURCE_TOOLS_H
#define RESOURCE_TOOLS_H

#include "resource/resource.h"
#include "treadle/objects.h"

/* Fills in what the service echoed where nothing was sent: a function's empty parameters and
 * strictness, the ranking of a search. */
int tools_normalise(struct resource_call *call, struct treadle_tool *tools, size_t count,
                    struct treadle_error *error);

/* Refuses the choice of a tool that is not among these. */
int tools_check_choice(const struct treadle_tool *tools, size_t count,
                       const struct treadle_tool_choice *choice, struct treadle_error *error);

/* Checks that the files and vector stores named exist and makes the store of the `vector_stores`
 * helper, with a life of `helper_days` unused (0: for ever). `out` (never NULL) is what is kept. */
int tools_resolve(struct db_session *session, struct resource_call *call,
                  const struct treadle_tool_resources *sent, int64_t helper_days,
                  struct treadle_tool_resources **out, struct treadle_error *error);

/* An enabled code interpreter shows its list of files, also while it is empty. */
int tools_show_resources(struct resource_call *call, const struct treadle_tool *tools, size_t count,
                         struct treadle_tool_resources **resources, struct treadle_error *error);

#endif
