/*
 * Which model servers to use, from the flags of a command. Keys are copied and then overwritten in
 * the arguments, so that a list of processes shows them only during the start; it is better to give
 * them in a file or the environment.
 */
#ifndef CLI_MODEL_OPTIONS_H
#define CLI_MODEL_OPTIONS_H

#include "base/arena.h"
#include "cli/options.h"
#include "server/models.h"

enum { LONGEST_MODEL_SILENCE = 3600 };

struct model_settings {
    struct option_list urls, keys, key_files, fetch_hosts;
    const char *model;
    int64_t context, answer, slots;
    const char *tools; /* yes, no or auto; NULL: auto */
    bool must_cite;
    int64_t connect_timeout, first_timeout, idle_timeout; /* seconds; 0: the default */
    const char *embedding_url, *embedding_key, *embedding_key_file, *embedding_model;
};

/* Fills `out`, whose texts are in the arena. Negative to continue, else an exit status, after an
 * error message. */
int model_options_read(const char *command, const struct model_settings *settings,
                       struct arena *arena, struct models_options *out);

#endif
