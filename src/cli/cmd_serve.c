/*
 * treadle serve: the server in the foreground, until a signal stops it.
 */
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/log.h"
#include "cli/cli.h"
#include "cli/model_options.h"
#include "cli/notify.h"
#include "cli/options.h"
#include "cli/place.h"
#include "server/server.h"

enum {
    DEFAULT_GRACE = 10,
    LONGEST_GRACE = 3600,
    MOST_CONNECTIONS = 1000000,
    MOST_REQUESTS = 10000000,
    LONGEST_RUN = 86400,
    MOST_RUNS = 16384,
    LONGEST_READING = 86400,
    MOST_READERS = 8,
    MOST_DAYS = 36500,
    LARGEST_READER = 1 << 20,
    LARGEST_CONTEXT = 1000000000,
    MOST_SLOTS = 1024,
    MOST_DESCRIPTORS = 1 << 20,
    CLOSING_SECONDS = 5
};

struct serve_settings {
    struct option_list listen;
    const char *store;
    const char *log_level;
    const char *log_format;
    int64_t grace;
    int64_t max_connections;
    int64_t connections_per_address;
    bool require_keys;
    int64_t requests_per_minute;
    int64_t run_timeout;
    int64_t runs_per_project;
    int64_t keep_threads, keep_runs, keep_events, keep_uploads;
    const char *languages;
    int64_t readers, document_timeout, page_timeout, reader_memory;
    const char *weights;
    struct model_settings models;
    struct option_list origins;
    const char *tls_certificate;
    const char *tls_key;
};

static const struct option_row serve_rows[] = {
    {"listen", 'l', OPTION_LIST, "ADDRESS", offsetof(struct serve_settings, listen), 4,
     "Where to listen: HOST:PORT (port 0 picks a free one) or unix:/PATH; up to 4 times. "
     "Default: 127.0.0.1:8383."},
    {"store", 's', OPTION_TEXT, "DIR", offsetof(struct serve_settings, store), 0,
     "The directory of the store. Default: treadle in $XDG_DATA_HOME or ~/.local/share."},
    {"log-level", 0, OPTION_TEXT, "LEVEL", offsetof(struct serve_settings, log_level), 0,
     "What to log on stderr: debug, info, warning or error. Default: info."},
    {"log-format", 0, OPTION_TEXT, "FORMAT", offsetof(struct serve_settings, log_format), 0,
     "How to log: logfmt or json. Default: logfmt."},
    {"grace", 0, OPTION_COUNT, "SECONDS", offsetof(struct serve_settings, grace), LONGEST_GRACE,
     "How long requests and runs in progress may take to end when the server stops. Default: 10."},
    {"max-connections", 0, OPTION_COUNT, "NUMBER", offsetof(struct serve_settings, max_connections),
     MOST_CONNECTIONS,
     "How many connections there may be; where room is needed, idle ones are closed, first those "
     "that never had a valid key. The owner's socket has room of its own. Default: 16384, or fewer "
     "where "
     "the system allows fewer open files."},
    {"connections-per-address", 0, OPTION_COUNT, "NUMBER",
     offsetof(struct serve_settings, connections_per_address), MOST_CONNECTIONS,
     "How many of them one address may have (of IPv6, one /64). A proxy in front is one address. "
     "Default: a quarter of all."},
    {"require-keys", 0, OPTION_FLAG, NULL, offsetof(struct serve_settings, require_keys), 0,
     "Answer only requests with a key (see 'treadle key'). Required where other machines can reach "
     "the server."},
    {"requests-per-minute", 0, OPTION_COUNT, "NUMBER",
     offsetof(struct serve_settings, requests_per_minute), MOST_REQUESTS,
     "How many requests a minute each key may make. Default: no limit."},
    {"run-timeout", 0, OPTION_COUNT, "SECONDS", offsetof(struct serve_settings, run_timeout),
     LONGEST_RUN,
     "How long a run may take, from its creation, with the time that it waits for outputs. "
     "Default: 600."},
    {"runs-per-project", 0, OPTION_COUNT, "NUMBER",
     offsetof(struct serve_settings, runs_per_project), MOST_RUNS,
     "How many runs of one project are executed at once; others wait in order. Default: no limit."},
    {"keep-threads", 0, OPTION_COUNT, "DAYS", offsetof(struct serve_settings, keep_threads),
     MOST_DAYS,
     "Delete threads, with all they have, when nothing was added to them for that long. Default: "
     "never."},
    {"keep-runs", 0, OPTION_COUNT, "DAYS", offsetof(struct serve_settings, keep_runs), MOST_DAYS,
     "Delete runs that have ended, with their steps, that long after their creation; the messages "
     "stay. Default: never."},
    {"keep-events", 0, OPTION_COUNT, "DAYS", offsetof(struct serve_settings, keep_events),
     MOST_DAYS,
     "Delete the events of runs that have ended that long after the run's creation. Default: "
     "never."},
    {"keep-uploads", 0, OPTION_COUNT, "DAYS", offsetof(struct serve_settings, keep_uploads),
     MOST_DAYS,
     "Delete uploads that were completed, cancelled or expired that long after their creation; the "
     "files stay. Default: never."},
    {"readers", 0, OPTION_COUNT, "NUMBER", offsetof(struct serve_settings, readers), MOST_READERS,
     "How many documents are read at once. Default: 2."},
    {"document-timeout", 0, OPTION_COUNT, "SECONDS",
     offsetof(struct serve_settings, document_timeout), LONGEST_READING,
     "How long reading one document may take; pages that were not reached are left out. Default: "
     "600."},
    {"ocr", 0, OPTION_TEXT, "LANGUAGES", offsetof(struct serve_settings, languages), 0,
     "The languages in which text is recognized in scans, such as eng+deu, or off. Needs tesseract "
     "and "
     "its data for these languages. Default: eng."},
    {"page-timeout", 0, OPTION_COUNT, "SECONDS", offsetof(struct serve_settings, page_timeout),
     LONGEST_READING,
     "How much processor time one page of a document may take before it is left out. Default: 20."},
    {"reader-memory", 0, OPTION_COUNT, "MIB", offsetof(struct serve_settings, reader_memory),
     LARGEST_READER, "How much memory a process that reads a document may have. Default: 1024."},
    {"allow-origin", 0, OPTION_LIST, "ORIGIN", offsetof(struct serve_settings, origins), 0,
     "Let pages of this origin, such as https://app.example, use the server; '*' for all; up to 16 "
     "times. Default: none."},
    {"tls-cert", 0, OPTION_TEXT, "FILE", offsetof(struct serve_settings, tls_certificate), 0,
     "Speak TLS (1.2 or later) on all addresses but Unix sockets, with this certificate (PEM, "
     "followed by the certificates of its chain)."},
    {"tls-key", 0, OPTION_TEXT, "FILE", offsetof(struct serve_settings, tls_key), 0,
     "The certificate's key (PEM, not encrypted)."},
    {"model-url", 0, OPTION_LIST, "URL", offsetof(struct serve_settings, models.urls),
     MODEL_SERVERS,
     "A server of the chat completions protocol, such as http://127.0.0.1:8000/v1, which answers "
     "for the models that it lists; up to 4 times. The first also answers for all other names, "
     "except treadle-extractive. Default: none, and the built-in model answers."},
    {"model-key", 0, OPTION_LIST, "KEY", offsetof(struct serve_settings, models.keys),
     MODEL_SERVERS,
     "The key for the model server; the n-th is for the n-th --model-url. Better in "
     "TREADLE_MODEL_KEY or --model-key-file, where other users cannot see it."},
    {"model-key-file", 0, OPTION_LIST, "FILE", offsetof(struct serve_settings, models.key_files),
     MODEL_SERVERS, "Read the key from the first line of a file instead."},
    {"model", 0, OPTION_TEXT, "NAME", offsetof(struct serve_settings, models.model), 0,
     "The model to request of the first model server when it does not list the requested name. "
     "Default: names are passed on as they are."},
    {"model-context", 0, OPTION_COUNT, "TOKENS", offsetof(struct serve_settings, models.context),
     LARGEST_CONTEXT,
     "How many tokens the models of the servers hold, prompt and answer together, where a server "
     "does not say. Default: unknown."},
    {"model-answer", 0, OPTION_COUNT, "TOKENS", offsetof(struct serve_settings, models.answer),
     LARGEST_CONTEXT,
     "How many tokens an answer may have where its run sets no limit. Default: a quarter of the "
     "context where that is 32768 tokens at most, else no limit."},
    {"model-tools", 0, OPTION_TEXT, "WHETHER", offsetof(struct serve_settings, models.tools), 0,
     "Whether the models of the servers call tools: yes, no or auto. A model that does not gets "
     "what Treadle finds for the question in the files, and with auto so does one that answers "
     "without a call although there are files. Default: auto."},
    {"model-must-cite", 0, OPTION_FLAG, NULL, offsetof(struct serve_settings, models.must_cite), 0,
     "Hold an answer of the servers' models until it is complete, and replace it by a quotation of "
     "the built-in model where no passage of the files supports it. Default: such an answer is "
     "kept, and its metadata says so."},
    {"model-slots", 0, OPTION_COUNT, "NUMBER", offsetof(struct serve_settings, models.slots),
     MOST_SLOTS,
     "How many answers a model server makes at once; further runs stay queued, and that time does "
     "not count. Default: as a llama.cpp server says, else no limit."},
    {"model-connect-timeout", 0, OPTION_COUNT, "SECONDS",
     offsetof(struct serve_settings, models.connect_timeout), LONGEST_MODEL_SILENCE,
     "How long connecting to a model server may take. Default: 10."},
    {"model-first-timeout", 0, OPTION_COUNT, "SECONDS",
     offsetof(struct serve_settings, models.first_timeout), LONGEST_MODEL_SILENCE,
     "How long a model server may then take until the first word of an answer. Default: 300."},
    {"model-idle-timeout", 0, OPTION_COUNT, "SECONDS",
     offsetof(struct serve_settings, models.idle_timeout), LONGEST_MODEL_SILENCE,
     "How long a model server may be silent within an answer. Default: 120."},
    {"fetch-images", 0, OPTION_LIST, "HOST", offsetof(struct serve_settings, models.fetch_hosts), 0,
     "Fetch images that messages name by an address at this host, or at all below *.HOST, and "
     "send them to the model servers as they are; up to 16 times. Only a host that is named in "
     "full may have a private address. Default: none; addresses are passed on."},
    {"embedding-weights", 0, OPTION_TEXT, "FILE", offsetof(struct serve_settings, weights), 0,
     "The weights of the built-in sentence embedding, or 'none'. Default: use-multilingual-3.onnx "
     "in treadle of $XDG_DATA_HOME, ~/.local/share, /usr/local/share or /usr/share, if it is "
     "there: "
     "without it passages are found by their words alone."},
    {"embedding-url", 0, OPTION_TEXT, "URL", offsetof(struct serve_settings, models.embedding_url),
     0,
     "A server that makes embeddings, for the endpoint and for searching files, where it replaces "
     "the built-in sentence embedding. Default: none; for the endpoint the built-in "
     "treadle-hash-embedding makes them, which knows words but not their meaning."},
    {"embedding-key", 0, OPTION_TEXT, "KEY", offsetof(struct serve_settings, models.embedding_key),
     0, "The key for the embedding server, as for --model-key."},
    {"embedding-key-file", 0, OPTION_TEXT, "FILE",
     offsetof(struct serve_settings, models.embedding_key_file), 0,
     "Read the key from the first line of a file instead."},
    {"embedding-model", 0, OPTION_TEXT, "NAME",
     offsetof(struct serve_settings, models.embedding_model), 0,
     "The model to request of the embedding server when it does not list the requested name, and "
     "for searching files. Default there: text-embedding-3-large."},
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
    *out = LOG_INFO;
    return !name || log_level_read(name, out)
               ? -1
               : options_usage("serve", "'%s' is no log level", name);
}

static int parse_format(const char *name, enum log_format *out)
{
    if (!name || strcmp(name, "logfmt") == 0)
        *out = LOG_LOGFMT;
    else if (strcmp(name, "json") == 0)
        *out = LOG_JSON;
    else
        return options_usage("serve", "'%s' is not a log format", name);
    return -1;
}

/*
 * Each connection is a descriptor, and the soft limit is often too low for many of them. Where the
 * hard one is unlimited, programs that close all descriptors one by one would take for ever.
 */
static void raise_limits(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit))
        return;
    rlim_t wanted = limit.rlim_max < MOST_DESCRIPTORS ? limit.rlim_max : MOST_DESCRIPTORS;
    if (limit.rlim_cur >= wanted)
        return;
    limit.rlim_cur = wanted;
    setrlimit(RLIMIT_NOFILE, &limit);
}

/* Every transition of a run is one transaction and every acknowledged write is on disk, so ending
 * in the middle loses nothing: the next start finishes what was left. */
static void end_at_once(int signal)
{
    static const char text[] = "treadle: stopped before everything had ended\n";
    ssize_t written = write(STDERR_FILENO, text, sizeof text - 1);
    (void)written;
    (void)signal;
    _exit(CLI_OK);
}

/* Waits for the first of the signals; from then on each ends the process at once, and so does the
 * end of the grace time. */
static void wait_for_signal(const sigset_t *signals, unsigned grace)
{
    int received;
    sigwait(signals, &received);
    pthread_sigmask(SIG_UNBLOCK, signals, NULL);
    signal(SIGALRM, end_at_once);
    alarm(grace + CLOSING_SECONDS);
}

static int serve(const struct server_options *options, unsigned grace)
{
    struct server *server = NULL;
    struct treadle_error error = {0};
    sigset_t signals;
    raise_limits();
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    /* Before any thread starts, so that this thread alone gets the signals. */
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    if (server_start(&server, options, &error)) {
        cli_complain("%s", error.message);
        return CLI_FAILED;
    }
    for (size_t i = 0; server_address(server, i); i++)
        printf("treadle: listening on %s\n", server_address(server, i));
    fflush(stdout);
    notify_service("READY=1");
    log_gather(options->log, true);
    wait_for_signal(&signals, grace);
    /* Stopping may end by force. */
    log_gather(options->log, false);
    notify_service("STOPPING=1");
    server_stop(server, grace);
    return CLI_OK;
}

int cmd_serve(int argc, char **argv)
{
    struct serve_settings settings = {.grace = DEFAULT_GRACE};
    struct options options;
    struct server_options server = {.listen = {"127.0.0.1:8383"}};
    struct buffer store;
    enum log_level level;
    enum log_format format = LOG_LOGFMT;
    int status = options_parse(&serve_form, argc, argv, &settings, &options);
    if (status >= 0)
        return status;
    buffer_init(&store, PATH_MAX);
    if (options.operand_count)
        status = options_usage("serve", "'%s' is one argument too many", options.operands[0]);
    else
        status = parse_level(settings.log_level, &level);
    if (status < 0)
        status = parse_format(settings.log_format, &format);
    if (status >= 0)
        goto done;
    status = model_options_read("serve", &settings.models, options.arena, &server.models);
    if (status >= 0)
        goto done;
    if (place_store(settings.store, &store)) {
        status = CLI_FAILED;
        goto done;
    }
    if (settings.listen.count)
        memcpy(server.listen, settings.listen.items, sizeof server.listen);
    server.store = store.data;
    server.weights = settings.weights;
    server.max_connections = (size_t)settings.max_connections;
    server.connections_per_address = (size_t)settings.connections_per_address;
    server.require_keys = settings.require_keys;
    server.requests_per_minute = settings.requests_per_minute;
    server.run_seconds = settings.run_timeout;
    server.runs_per_project = (size_t)settings.runs_per_project;
    server.keep_days[0] = settings.keep_threads;
    server.keep_days[1] = settings.keep_runs;
    server.keep_days[2] = settings.keep_events;
    server.keep_days[3] = settings.keep_uploads;
    server.readers = (size_t)settings.readers;
    server.document_seconds = (unsigned)settings.document_timeout;
    server.languages = settings.languages;
    server.page_seconds = (unsigned)settings.page_timeout;
    server.reader_memory = (uint64_t)settings.reader_memory << 20;
    server.origins = settings.origins.items;
    server.tls_certificate = settings.tls_certificate;
    server.tls_key = settings.tls_key;
    server.log = log_new(stderr, level, format);
    status = serve(&server, (unsigned)settings.grace);
    log_free(server.log);
done:
    buffer_clear(&store);
    options_free(&options);
    return status;
}
