/*
 * The embedding of a server.
 *
 * Only a reply says which model answers and how long its vectors are, and both must be known before
 * any vector is stored. So a thread asks for the vector of one word until the server answers.
 * Model and length are in the version of the vectors: those of another model are never compared
 * with them. A server that later answers with another model or length is refused.
 *
 * A question waits a few seconds for its vector; then it is searched by words, and so are those of
 * the next half minute at once. Batches of documents wait as long as the model's limits allow, and
 * what fails is tried again by the search.
 */
#include "server/embedding_server.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "api/json.h"
#include "base/arena.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "base/thread.h"
#include "search/embedder.h"

enum {
    VERSION_BYTES = 160,
    DIMENSIONS_STEP = 32, /* of the search; shorter vectors are filled up with zeros */
    MOST_DIMENSIONS = 4096,
    TEXT_BYTES = 8000,
    REQUEST_BYTES = 4 << 20,
    QUESTION_SECONDS = 5,
    QUIET_SECONDS = 30, /* after a question that got no vector, others do not wait for one */
    FIRST_PAUSE = 1,    /* seconds between two attempts; doubles */
    LONGEST_PAUSE = 30
};

struct embedding_server {
    struct model *model;
    const char *name;
    struct search *search;
    struct log *log;
    pthread_t thread;
    pthread_mutex_t mutex; /* guards the next two */
    pthread_cond_t change;
    size_t asking; /* requests that are under way */
    bool stopped;
    atomic_bool stopping;
    _Atomic int64_t quiet_until; /* of the monotonic clock */
    char version[VERSION_BYTES];
    size_t length, dimensions; /* of its vectors, and as they are stored; 0: not known yet */
};

struct session {
    struct embedding_server *server;
    bool documents;
};

/* ---- One request ---------------------------------------------------------------------------- */

struct exchange {
    struct embedding_server *server;
    int8_t *vectors; /* NULL: the model is only asked what it is */
    float *scales;
    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t change;
    bool done;
    int result;
    struct treadle_error error;
    atomic_bool cancelled;
};

/* "server:MODEL:LENGTH", of characters that need no escaping anywhere. */
static void print_version(const char *model, size_t length, char out[VERSION_BYTES])
{
    snprintf(out, VERSION_BYTES, "server:%.120s:%zu", model, length);
    for (char *at = out; *at; at++)
        if ((unsigned char)*at <= ' ' || (unsigned char)*at >= 0x7F || *at == '"' || *at == '\\')
            *at = '_';
}

static int read_facts(struct embedding_server *server, const struct embedding_outcome *outcome,
                      struct treadle_error *error)
{
    char version[VERSION_BYTES];
    if (!outcome->count || !outcome->dimensions || outcome->dimensions > MOST_DIMENSIONS)
        return error_set(error, TREADLE_EUNSUPPORTED,
                         "The embedding server's vectors have %zu numbers; 1 to %d can be used.",
                         outcome->dimensions, MOST_DIMENSIONS);
    print_version(outcome->model ? outcome->model : "", outcome->dimensions, version);
    if (!server->length) {
        memcpy(server->version, version, sizeof version);
        server->length = outcome->dimensions;
        server->dimensions =
            (server->length + DIMENSIONS_STEP - 1) / DIMENSIONS_STEP * DIMENSIONS_STEP;
    }
    return strcmp(server->version, version) == 0
               ? 0
               : error_set(error, TREADLE_EUNSUPPORTED,
                           "The embedding server answers with another model (%s) than before (%s).",
                           version, server->version);
}

/* In steps of the largest number, so that all of them fit into a byte. */
static void quantise(const float *vector, size_t length, int8_t *out, float *scale)
{
    double sum = 0, largest = 0;
    for (size_t i = 0; i < length; i++) {
        double number = isfinite(vector[i]) ? vector[i] : 0;
        sum += number * number;
        largest = fabs(number) > largest ? fabs(number) : largest;
    }
    for (size_t i = 0; i < length; i++)
        out[i] = isfinite(vector[i]) && largest > 0 ? (int8_t)lrint(vector[i] / largest * 127) : 0;
    *scale = sum > 0 ? (float)(largest / 127 / sqrt(sum)) : 0;
}

static int take(struct exchange *exchange, const struct embedding_outcome *outcome,
                struct treadle_error *error)
{
    struct embedding_server *server = exchange->server;
    if (outcome->error) {
        *error = *outcome->error;
        return error->code;
    }
    int rc = read_facts(server, outcome, error);
    for (size_t i = 0; !rc && exchange->vectors && i < outcome->count; i++) {
        int8_t *vector = exchange->vectors + i * server->dimensions;
        memset(vector, 0, server->dimensions);
        quantise(outcome->vectors + i * outcome->dimensions, outcome->dimensions, vector,
                 &exchange->scales[i]);
    }
    return rc;
}

static void on_done(void *context, const struct embedding_outcome *outcome)
{
    struct exchange *exchange = context;
    struct treadle_error error;
    int rc = take(exchange, outcome, &error);
    pthread_mutex_lock(&exchange->mutex);
    exchange->result = rc;
    if (rc)
        exchange->error = error;
    exchange->done = true;
    pthread_cond_signal(&exchange->change);
    pthread_mutex_unlock(&exchange->mutex);
}

/* A request counts until its end, so that stopping can wait for it. */
static bool enter(struct embedding_server *server)
{
    pthread_mutex_lock(&server->mutex);
    bool entered = !server->stopped;
    server->asking += entered;
    pthread_mutex_unlock(&server->mutex);
    return entered;
}

static void leave(struct embedding_server *server)
{
    pthread_mutex_lock(&server->mutex);
    server->asking--;
    pthread_cond_broadcast(&server->change);
    pthread_mutex_unlock(&server->mutex);
}

static struct timespec after(int64_t milliseconds)
{
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    int64_t nanoseconds = time.tv_nsec + milliseconds % 1000 * 1000000;
    time.tv_sec += milliseconds / 1000 + nanoseconds / 1000000000;
    time.tv_nsec = nanoseconds % 1000000000;
    return time;
}

/* Looks now and then whether the server stops, since a model that is silent says nothing. */
static void await(struct exchange *exchange, int64_t seconds)
{
    int64_t until = seconds ? clock_monotonic_us() + seconds * 1000000 : INT64_MAX;
    pthread_mutex_lock(&exchange->mutex);
    while (!exchange->done) {
        struct timespec look = after(100);
        pthread_cond_timedwait(&exchange->change, &exchange->mutex, &look);
        if (exchange->done || atomic_load(&exchange->cancelled) ||
            (!atomic_load(&exchange->server->stopping) && clock_monotonic_us() < until))
            continue;
        atomic_store(&exchange->cancelled, true);
        pthread_mutex_unlock(&exchange->mutex);
        model_cancel(exchange->server->model);
        pthread_mutex_lock(&exchange->mutex);
    }
    pthread_mutex_unlock(&exchange->mutex);
}

/* Prints the texts as the request has them: a JSON array of strings. */
static int print_input(const struct search_text *texts, size_t count, struct buffer *out,
                       struct treadle_error *error)
{
    char text[TEXT_BYTES + 1];
    buffer_append_char(out, '[');
    for (size_t i = 0; i < count; i++) {
        size_t length =
            texts[i].length > TEXT_BYTES ? text_cut(texts[i].text, TEXT_BYTES) : texts[i].length;
        memcpy(text, texts[i].text, length);
        text[length] = 0;
        if (i)
            buffer_append_char(out, ',');
        json_print_string(text, out);
    }
    buffer_append_char(out, ']');
    return out->failed ? error_set_memory(error) : 0;
}

static int ask(struct embedding_server *server, const struct search_text *texts, size_t count,
               int64_t seconds, int8_t *vectors, float *scales, struct treadle_error *error)
{
    struct exchange exchange = {.server = server,
                                .vectors = vectors,
                                .scales = scales,
                                .mutex = PTHREAD_MUTEX_INITIALIZER,
                                .change = PTHREAD_COND_INITIALIZER};
    struct buffer input;
    buffer_init(&input, REQUEST_BYTES);
    int rc = print_input(texts, count, &input, error);
    if (!rc && !enter(server)) {
        rc = error_set(error, TREADLE_ESTATE, "The server stops.");
    } else if (!rc) {
        const struct embedding_request request = {.model = server->name,
                                                  .count = count,
                                                  .input = input.data,
                                                  .cancelled = &exchange.cancelled};
        const struct embedding_sink sink = {&exchange, on_done};
        model_embed(server->model, &request, &sink);
        await(&exchange, seconds);
        leave(server);
        rc = exchange.result;
        if (rc)
            *error = exchange.error;
    }
    buffer_clear(&input);
    pthread_cond_destroy(&exchange.change);
    pthread_mutex_destroy(&exchange.mutex);
    return rc;
}

/* ---- The embedder --------------------------------------------------------------------------- */

static int begin(void *context, bool documents, void **session, struct treadle_error *error)
{
    struct session *made = malloc(sizeof *made);
    if (!made)
        return error_set_memory(error);
    *made = (struct session){context, documents};
    *session = made;
    return 0;
}

static void end(void *session)
{
    free(session);
}

static int encode_question(struct embedding_server *server, const struct search_text *texts,
                           size_t count, int8_t *vectors, float *scales,
                           struct treadle_error *error)
{
    if (clock_monotonic_us() < atomic_load(&server->quiet_until))
        return error_set(error, TREADLE_ESTATE, "The embedding server does not answer.");
    int rc = ask(server, texts, count, QUESTION_SECONDS, vectors, scales, error);
    if (rc && !atomic_load(&server->stopping)) {
        atomic_store(&server->quiet_until, clock_monotonic_us() + QUIET_SECONDS * INT64_C(1000000));
        log_write(server->log, LOG_WARNING, "embedding_unreachable", "error", error->message,
                  "search", "by words alone", NULL);
    }
    return rc;
}

static int encode(void *session, const struct search_text *texts, size_t count, int8_t *vectors,
                  float *scales, struct treadle_error *error)
{
    const struct session *made = session;
    return made->documents ? ask(made->server, texts, count, 0, vectors, scales, error)
                           : encode_question(made->server, texts, count, vectors, scales, error);
}

/* ---- Its beginning and end ------------------------------------------------------------------ */

static int introduce(struct embedding_server *server, struct treadle_error *error)
{
    static const struct search_text word = {"Treadle", 7};
    int rc = ask(server, &word, 1, 0, NULL, NULL, error);
    if (rc)
        return rc;
    const struct search_embedder embedder = {
        .version = server->version,
        .dimensions = server->dimensions,
        .context = server,
        .begin = begin,
        .end = end,
        .encode = encode,
    };
    return search_use(server->search, &embedder, error);
}

/* False when the server stops. */
static bool rest(struct embedding_server *server, int seconds)
{
    struct timespec until = after(seconds * INT64_C(1000));
    pthread_mutex_lock(&server->mutex);
    while (!server->stopped && pthread_cond_timedwait(&server->change, &server->mutex, &until) == 0)
        ;
    bool stopped = server->stopped;
    pthread_mutex_unlock(&server->mutex);
    return !stopped;
}

static void *run(void *argument)
{
    struct embedding_server *server = argument;
    struct treadle_error error;
    for (int pause = FIRST_PAUSE;; pause = pause * 2 < LONGEST_PAUSE ? pause * 2 : LONGEST_PAUSE) {
        if (introduce(server, &error) == 0) {
            log_write(server->log, LOG_INFO, "embedding", "model", server->version, NULL);
            return NULL;
        }
        if (atomic_load(&server->stopping))
            return NULL;
        log_write(server->log, LOG_WARNING, "embedding_unreachable", "error", error.message,
                  "search", "by words alone", NULL);
        if (!rest(server, pause))
            return NULL;
    }
}

int embedding_server_open(struct embedding_server **out, struct model *model, const char *name,
                          struct search *search, struct log *log, struct treadle_error *error)
{
    struct embedding_server *server = calloc(1, sizeof *server);
    if (!server)
        return error_set_memory(error);
    server->model = model;
    server->name = name;
    server->search = search;
    server->log = log;
    pthread_mutex_init(&server->mutex, NULL);
    pthread_cond_init(&server->change, NULL);
    if (!thread_start(&server->thread, 1, run, server)) {
        embedding_server_free(server);
        return error_set(error, TREADLE_EMEMORY, "A thread could not be started.");
    }
    *out = server;
    return 0;
}

void embedding_server_stop(struct embedding_server *server)
{
    if (!server)
        return;
    atomic_store(&server->stopping, true);
    pthread_mutex_lock(&server->mutex);
    server->stopped = true;
    pthread_cond_broadcast(&server->change);
    while (server->asking)
        pthread_cond_wait(&server->change, &server->mutex);
    pthread_mutex_unlock(&server->mutex);
    pthread_join(server->thread, NULL);
}

void embedding_server_free(struct embedding_server *server)
{
    if (!server)
        return;
    pthread_cond_destroy(&server->change);
    pthread_mutex_destroy(&server->mutex);
    free(server);
}
