/*
 * treadle serve: the server in the foreground, until a signal stops it.
 */
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>

#include "base/log.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "cli/place.h"
#include "server/server.h"

struct serve_settings {
    struct option_list listen;
    const char *store;
    const char *log_level;
};

static const struct option_row serve_rows[] = {
    {"listen", 'l', OPTION_LIST, "ADDRESS", offsetof(struct serve_settings, listen), 0,
     "Where to listen: HOST:PORT (port 0 picks a free one) or unix:/PATH; up to 4 times. "
     "Default: 127.0.0.1:8383."},
    {"store", 's', OPTION_TEXT, "DIR", offsetof(struct serve_settings, store), 0,
     "Where everything is kept. Default: treadle in $XDG_DATA_HOME or ~/.local/share."},
    {"log-level", 0, OPTION_TEXT, "LEVEL", offsetof(struct serve_settings, log_level), 0,
     "What to log on stderr: debug, info, warning or error. Default: info."},
};

static const struct option_form serve_form = {
    .command = "serve",
    .usage = "[OPTION]…",
    .doc = "Serves the Assistants API over HTTP until it gets SIGINT or SIGTERM. It is ready when "
           "it prints\n'treadle: listening on ADDRESS', once for each address.",
    .rows = serve_rows,
    .count = sizeof serve_rows / sizeof serve_rows[0],
};

static int parse_level(const char *name, enum log_level *out)
{
    static const char *const names[] = {[LOG_DEBUG] = "debug",
                                        [LOG_INFO] = "info",
                                        [LOG_WARNING] = "warning",
                                        [LOG_ERROR] = "error"};
    *out = LOG_INFO;
    for (int level = LOG_DEBUG; name && level <= LOG_ERROR; level++) {
        if (strcmp(names[level], name) == 0) {
            *out = (enum log_level)level;
            return -1;
        }
    }
    return name ? options_usage("serve", "'%s' is no log level", name) : -1;
}

static void complain_of_start(const char *store, const struct treadle_error *error)
{
    char address[PATH_MAX];
    if (error->code == TREADLE_EBUSY && server_find(store, address, sizeof address, NULL) == 0)
        cli_complain("the store %s is served by another process already, at %s", store, address);
    else
        cli_complain("%s", error->message);
}

/* Waits for the first of the signals; from then on each ends the process at once. */
static void wait_for_signal(const sigset_t *signals)
{
    int received;
    sigwait(signals, &received);
    pthread_sigmask(SIG_UNBLOCK, signals, NULL);
}

static int serve(const struct server_options *options)
{
    struct server *server = NULL;
    struct treadle_error error = {0};
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    /* Before any thread starts, so that all of them leave the signals to this one. */
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    if (server_start(&server, options, &error)) {
        complain_of_start(options->store, &error);
        return CLI_FAILED;
    }
    for (size_t i = 0; server_address(server, i); i++)
        printf("treadle: listening on %s\n", server_address(server, i));
    fflush(stdout);
    wait_for_signal(&signals);
    server_stop(server);
    return CLI_OK;
}

int cmd_serve(int argc, char **argv)
{
    struct serve_settings settings = {.store = NULL};
    struct options options;
    struct server_options server = {.listen = {"127.0.0.1:8383"}};
    struct buffer store;
    enum log_level level;
    int status = options_parse(&serve_form, argc, argv, &settings, &options);
    if (status >= 0)
        return status;
    buffer_init(&store, PATH_MAX);
    if (options.operand_count)
        status = options_usage("serve", "'%s' is one argument too many", options.operands[0]);
    else
        status = parse_level(settings.log_level, &level);
    if (status >= 0)
        goto done;
    if (place_store(settings.store, &store)) {
        status = CLI_FAILED;
        goto done;
    }
    if (settings.listen.count)
        memcpy(server.listen, settings.listen.items, sizeof server.listen);
    server.store = store.data;
    server.log = log_new(stderr, level);
    status = serve(&server);
    log_free(server.log);
done:
    buffer_clear(&store);
    options_free(&options);
    return status;
}
