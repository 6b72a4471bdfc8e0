/*
 * The protocol's words for enumerations, for programs that show them.
 */
#include "api/types.h"
#include "treadle/stream.h"

const char *treadle_run_status_name(enum treadle_run_status status)
{
    return field_word(run_status_names, (int)status);
}

const char *treadle_run_step_type_name(enum treadle_run_step_type type)
{
    return field_word(run_step_type_names, (int)type);
}

const char *treadle_run_step_status_name(enum treadle_run_step_status status)
{
    return field_word(run_step_status_names, (int)status);
}

const char *treadle_tool_type_name(enum treadle_tool_type type)
{
    return field_word(tool_type_names, (int)type);
}

const char *treadle_vector_store_file_status_name(enum treadle_vector_store_file_status status)
{
    return field_word(vector_store_file_status_names, (int)status);
}

const char *treadle_event_type_name(enum treadle_event_type type)
{
    return field_word(event_names, (int)type);
}
