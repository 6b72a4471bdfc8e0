/*
 * The slots of file_search that requests use, for the kind's own file alone.
 */
#ifndef TOOL_FILE_SEARCH_RESOURCES_H
#define TOOL_FILE_SEARCH_RESOURCES_H

#include "tool/tool.h"

int file_search_normalise(struct treadle_tool *tool, struct arena *arena);
int file_search_resolve(const struct tool_host *host, const struct treadle_tool_resources *sent,
                        struct treadle_tool_resources *kept, struct treadle_error *error);
int file_search_attach(const struct tool_host *host, struct treadle_tool_resources *resources,
                       const char *file_id, struct treadle_error *error);

#endif
