/*
 * The table of tools: a new kind is a file and a line here.
 */
#include "tool/tool.h"

#include "tool/kinds.h"

const struct tool_kind *const tool_kinds[] = {
    &tool_code_interpreter,
    &tool_file_search,
    &tool_function,
    NULL,
};

const struct tool_kind *tool_kind_find(const struct tool_kind *const *kinds,
                                       enum treadle_tool_type type)
{
    while (*kinds && (*kinds)->type != type)
        kinds++;
    return *kinds;
}
