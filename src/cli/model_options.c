/*
 * Model servers from flags: the n-th key belongs to the n-th address.
 */
#include "cli/model_options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

enum { LONGEST_KEY = 4096 };

/* A copy of the key; the original text is overwritten. */
static const char *take_key(const char *text, struct arena *arena)
{
    char *copy = arena_string(arena, text);
    if (copy)
        memset((char *)text, '*', strlen(text));
    return copy;
}

/* The first line of a file, without the white space around it. */
static const char *read_key(const char *path, struct arena *arena)
{
    char line[LONGEST_KEY + 2];
    FILE *file = fopen(path, "re");
    bool read = file && fgets(line, sizeof line, file);
    if (!file)
        cli_complain("cannot read the key file %s: %s", path, strerror(errno));
    else if (!read)
        cli_complain("the key file %s is empty", path);
    if (file)
        fclose(file);
    if (!read)
        return NULL;
    const char *start = line + strspn(line, " \t\r\n");
    const char *key = arena_copy(arena, start, strcspn(start, " \t\r\n"));
    explicit_bzero(line, sizeof line);
    if (key && *key)
        return key;
    cli_complain("the key file %s is empty", path);
    return NULL;
}

/* At most one of the two may be given. */
static int read_server(const char *url, const char *key, const char *key_file, struct arena *arena,
                       struct openai_options *out)
{
    out->url = url;
    if (key)
        out->key = take_key(key, arena);
    else if (key_file)
        out->key = read_key(key_file, arena);
    return (key || key_file) && !out->key ? CLI_FAILED : -1;
}

static int read_tools(const char *command, const char *word, enum model_tools *out)
{
    static const char *const words[] = {
        [MODEL_TOOLS_UNKNOWN] = "auto", [MODEL_TOOLS_YES] = "yes", [MODEL_TOOLS_NO] = "no"};
    *out = MODEL_TOOLS_UNKNOWN;
    for (size_t i = 0; word && i < sizeof words / sizeof words[0]; i++)
        if (strcmp(word, words[i]) == 0) {
            *out = (enum model_tools)i;
            return -1;
        }
    return word ? options_usage(command, "--model-tools is yes, no or auto, not '%s'", word) : -1;
}

static void set_timeouts(const struct model_settings *settings, struct openai_options *out)
{
    out->connect_seconds = (unsigned)settings->connect_timeout;
    out->first_seconds = (unsigned)settings->first_timeout;
    out->idle_seconds = (unsigned)settings->idle_timeout;
}

static int check(const char *command, const struct model_settings *settings)
{
    if (settings->keys.count && settings->key_files.count)
        return options_usage(command, "--model-key and --model-key-file exclude each other");
    if (settings->keys.count > settings->urls.count ||
        settings->key_files.count > settings->urls.count)
        return options_usage(command, "there are more keys than --model-url");
    bool more_of_model = settings->model || settings->context || settings->answer ||
                         settings->slots || settings->tools || settings->must_cite;
    if (more_of_model && !settings->urls.count)
        return options_usage(command, "--model and the options of models need --model-url");
    if (settings->fetch_hosts.count && !settings->urls.count)
        return options_usage(command, "--fetch-images needs --model-url");
    if (settings->embedding_key && settings->embedding_key_file)
        return options_usage(command,
                             "--embedding-key and --embedding-key-file exclude each other");
    bool more =
        settings->embedding_key || settings->embedding_key_file || settings->embedding_model;
    if (more && !settings->embedding_url)
        return options_usage(command, "--embedding-key and --embedding-model need --embedding-url");
    return -1;
}

int model_options_read(const char *command, const struct model_settings *settings,
                       struct arena *arena, struct models_options *out)
{
    *out = (struct models_options){.embedding = {.model = settings->embedding_model}};
    enum model_tools tools;
    int status = check(command, settings);
    if (status < 0)
        status = read_tools(command, settings->tools, &tools);
    for (size_t i = 0; status < 0 && i < settings->urls.count && i < MODEL_SERVERS; i++) {
        struct openai_options *server = &out->servers[i];
        set_timeouts(settings, server);
        server->context = settings->context;
        server->answer = settings->answer;
        server->slots = (unsigned)settings->slots;
        server->tools = tools;
        server->must_cite = settings->must_cite;
        server->model = i == 0 ? settings->model : NULL;
        status = read_server(settings->urls.items[i], settings->keys.items[i],
                             settings->key_files.items[i], arena, server);
    }
    if (status < 0 && settings->embedding_url)
        status = read_server(settings->embedding_url, settings->embedding_key,
                             settings->embedding_key_file, arena, &out->embedding);
    set_timeouts(settings, &out->embedding);
    if (settings->fetch_hosts.count)
        out->fetch_hosts = settings->fetch_hosts.items;
    /* The programs that this one starts must not get them. */
    unsetenv("TREADLE_MODEL_KEY");
    unsetenv("TREADLE_EMBEDDING_KEY");
    return status;
}
