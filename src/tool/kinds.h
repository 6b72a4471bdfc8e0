/*
 * The kinds of tools, for the table in tool.c. May be used by that file and the kinds' own.
 */
#ifndef TOOL_KINDS_H
#define TOOL_KINDS_H

#include "tool/tool.h"

extern const struct tool_kind tool_code_interpreter; /* code_interpreter.c */
extern const struct tool_kind tool_file_search;      /* file_search_kind.c */
extern const struct tool_kind tool_function;         /* function.c */

#endif
