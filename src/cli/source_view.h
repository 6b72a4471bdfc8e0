/*
 * The sources of an answer, by the names of their files.
 */
#ifndef CLI_SOURCE_VIEW_H
#define CLI_SOURCE_VIEW_H

#include "cli/answer.h"
#include "cli/session.h"

/* Prints "Sources:" and a line for each, after a blank line; nothing when there are none. */
void source_view_print(struct session *session, const struct answer *answer);

#endif
