/*
 * Drives runs against Treadle with bench_model as its model server, and prints figures, one a line:
 * a name and its numbers. Times are in microseconds.
 *
 *   bench_runs latency TREADLE ASSISTANT COUNT TOKENS MODEL
 *   bench_runs streamed TREADLE ASSISTANT CLIENTS TOKENS SECONDS
 *   bench_runs polled TREADLE ASSISTANT CLIENTS TOKENS SECONDS
 *   bench_runs polled-at-once TREADLE ASSISTANT CLIENTS TOKENS SECONDS
 *   bench_runs held TREADLE ASSISTANT STREAMS TOKENS STARTS
 *
 * `latency` is one client: a run on a new thread, streamed until `done`, and the same exchange with
 * the model server itself, in turns. `streamed` and `polled` are many clients, each of which starts
 * a run when its last one has ended: `polled` looks again after openai-poll-after-ms, as helpers of
 * SDKs do, `polled-at-once` at once. `held` opens streams that last, STARTS of them a second, each
 * of TOKENS tokens at one a second. The status is 1 when anything was lost: a token, the end of a
 * stream, or a message that is not what was streamed.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "line.h"
#include "tokens.h"

enum { LARGEST_REPLY = 1 << 20, MOST_RUNS = 1 << 20, SECOND = 1000000, TURN_MS = 5 };

struct plan;

struct client {
    struct line line;
    struct plan *plan;
    struct tokens tokens; /* of a stream */
    struct buffer reply;  /* of a poll */
    char path[160];       /* of the run that is polled; empty: it is being created */
    int64_t start;
    int64_t look_at; /* when to poll; 0: a reply is awaited */
};

/* What all clients do, and what came of it. */
struct plan {
    struct line_loop loop;
    struct client *clients;
    size_t count;
    const char *url, *path;
    const struct line_handler *handler;
    char body[512];
    unsigned tokens;
    bool at_once;  /* poll without a pause */
    int64_t until; /* runs that end later do not count, and none is started; 0: one run a client */
    size_t busy;
    int64_t *times; /* of runs that count */
    size_t ended, wrong;
    uint64_t events;
    int64_t latest, held; /* as in tokens.h */
};

/* ---- Figures -------------------------------------------------------------------------------- */

static int compare(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

static void show_times(const char *name, int64_t *times, size_t count)
{
    qsort(times, count, sizeof *times, compare);
    printf("%s %" PRId64 " %" PRId64 " %" PRId64 "\n", name, count ? times[count / 2] : 0,
           count ? times[(count - 1) * 99 / 100] : 0, count ? times[count - 1] : 0);
}

static void *allocate(size_t count, size_t size)
{
    void *made = calloc(count + 1, size);
    if (!made) {
        perror("bench_runs");
        exit(1);
    }
    return made;
}

/* ---- Clients -------------------------------------------------------------------------------- */

static void begin(struct client *client)
{
    struct plan *plan = client->plan;
    client->path[0] = '\0';
    client->look_at = 0;
    buffer_reset(&client->reply);
    tokens_clear(&client->tokens);
    tokens_init(&client->tokens, plan->tokens);
    client->start = clock_monotonic_us();
    line_request(&client->line, &plan->loop, "POST", plan->path, plan->body);
}

static void conclude(struct client *client, bool well)
{
    struct plan *plan = client->plan;
    int64_t now = clock_monotonic_us();
    const struct tokens *tokens = &client->tokens;
    plan->wrong += !well;
    if (well && (!plan->until || now < plan->until) && plan->ended < MOST_RUNS)
        plan->times[plan->ended++] = now - client->start;
    plan->events += tokens->events;
    plan->latest = tokens->latest > plan->latest ? tokens->latest : plan->latest;
    plan->held = tokens->held > plan->held ? tokens->held : plan->held;
    if (well && now < plan->until)
        begin(client);
    else
        plan->busy--;
}

static void take_stream(struct line *line, const char *bytes, size_t length)
{
    tokens_feed(&((struct client *)line->context)->tokens, bytes, length);
}

static void end_run_stream(struct line *line, int status)
{
    struct client *client = line->context;
    conclude(client, status == 200 && tokens_are_whole(&client->tokens, true));
}

static void end_chat_stream(struct line *line, int status)
{
    struct client *client = line->context;
    conclude(client, status == 200 && tokens_are_whole(&client->tokens, false));
}

static const struct line_handler run_stream = {take_stream, end_run_stream};
static const struct line_handler chat_stream = {take_stream, end_chat_stream};

/* ---- Polling -------------------------------------------------------------------------------- */

static void take_reply(struct line *line, const char *bytes, size_t length)
{
    buffer_append(&((struct client *)line->context)->reply, bytes, length);
}

static bool says(const struct client *client, const char *text)
{
    return strstr(client->reply.data, text) != NULL;
}

static bool find_run(struct client *client)
{
    char run[64] = "", thread[64] = "";
    const char *id = strstr(client->reply.data, "\"id\":\"run_");
    const char *of = strstr(client->reply.data, "\"thread_id\":\"");
    if (!id || !of || sscanf(id, "\"id\":\"%63[^\"]", run) != 1 ||
        sscanf(of, "\"thread_id\":\"%63[^\"]", thread) != 1)
        return false;
    snprintf(client->path, sizeof client->path, "/v1/threads/%s/runs/%s", thread, run);
    return true;
}

static void look(struct client *client)
{
    client->look_at = 0;
    buffer_reset(&client->reply);
    line_request(&client->line, &client->plan->loop, "GET", client->path, NULL);
}

static void end_reply(struct line *line, int status)
{
    struct client *client = line->context;
    int pause = client->plan->at_once || !client->path[0] ? 0 : line->poll_after;
    if (status != 200 || (!client->path[0] && !find_run(client)) || pause < 0)
        conclude(client, false);
    else if (says(client, "\"status\":\"completed\""))
        conclude(client, true);
    else if (!says(client, "\"status\":\"queued\"") && !says(client, "\"status\":\"in_progress\""))
        conclude(client, false);
    else if (pause == 0)
        look(client);
    else
        client->look_at = clock_monotonic_us() + pause * INT64_C(1000);
}

static const struct line_handler polling = {take_reply, end_reply};

/* ---- Plans ---------------------------------------------------------------------------------- */

static void make_clients(struct plan *plan)
{
    line_loop_init(&plan->loop);
    plan->clients = allocate(plan->count, sizeof *plan->clients);
    plan->times = allocate(MOST_RUNS, sizeof *plan->times);
    for (size_t i = 0; i < plan->count; i++) {
        struct client *client = &plan->clients[i];
        client->plan = plan;
        tokens_init(&client->tokens, plan->tokens);
        buffer_init(&client->reply, LARGEST_REPLY);
        line_open(&client->line, &plan->loop, plan->url, plan->handler, client);
    }
}

static void free_clients(struct plan *plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        line_close(&plan->clients[i].line);
        tokens_clear(&plan->clients[i].tokens);
        buffer_clear(&plan->clients[i].reply);
    }
    free(plan->clients);
    free(plan->times);
}

static void look_again(struct plan *plan)
{
    int64_t now = clock_monotonic_us();
    for (size_t i = 0; i < plan->count; i++)
        if (plan->clients[i].look_at && plan->clients[i].look_at <= now)
            look(&plan->clients[i]);
}

/* Lets all clients run, that many of them beginning a second (0: all at once), until all have
 * ended. Those that are silent long after the end are given up. */
static void carry_out(struct plan *plan, double starts, int64_t patience)
{
    int64_t start = clock_monotonic_us(), now = start;
    size_t begun = 0;
    while ((begun < plan->count || plan->busy) && now < start + patience) {
        while (begun < plan->count && (starts <= 0 || now - start >= begun * 1e6 / starts)) {
            plan->busy++;
            begin(&plan->clients[begun++]);
        }
        line_loop_turn(&plan->loop, TURN_MS);
        if (plan->handler == &polling)
            look_again(plan);
        now = clock_monotonic_us();
    }
    plan->wrong += plan->busy;
}

static void set_run_body(struct plan *plan, const char *assistant, double rate)
{
    snprintf(plan->body, sizeof plan->body,
             "{\"assistant_id\":\"%s\",\"stream\":%s,\"thread\":{\"messages\":[{\"role\":\"user\","
             "\"content\":\"bench tokens=%u rate=%g\"}]}}",
             assistant, plan->handler == &polling ? "false" : "true", plan->tokens, rate);
    plan->path = "/v1/threads/runs";
}

static void set_chat_body(struct plan *plan)
{
    snprintf(plan->body, sizeof plan->body,
             "{\"model\":\"bench\",\"stream\":true,\"messages\":[{\"role\":\"user\","
             "\"content\":\"bench tokens=%u rate=0\"}],"
             "\"stream_options\":{\"include_usage\":true}}",
             plan->tokens);
    plan->path = "/v1/chat/completions";
}

/* ---- Modes ---------------------------------------------------------------------------------- */

/* One exchange of the plan's only client. */
static void exchange(struct plan *plan, int64_t *time, int64_t *first)
{
    struct client *client = &plan->clients[0];
    plan->busy = 1;
    begin(client);
    while (plan->busy)
        line_loop_turn(&plan->loop, -1);
    *time = plan->ended ? plan->times[plan->ended - 1] : 0;
    *first = client->tokens.first - client->start;
}

static size_t latency(struct plan *runs, size_t count, const char *assistant, const char *model)
{
    struct plan direct = {
        .url = model, .count = 1, .tokens = runs->tokens, .handler = &chat_stream};
    int64_t *times[4];
    for (size_t i = 0; i < 4; i++)
        times[i] = allocate(count, sizeof *times[i]);
    runs->count = 1;
    set_run_body(runs, assistant, 0);
    set_chat_body(&direct);
    make_clients(runs);
    make_clients(&direct);
    for (size_t i = 0; i < count && !runs->wrong && !direct.wrong; i++) {
        exchange(&direct, &times[0][i], &times[1][i]);
        exchange(runs, &times[2][i], &times[3][i]);
    }
    static const char *const names[] = {"direct", "direct_first", "run", "run_first"};
    for (size_t i = 0; i < 4; i++) {
        show_times(names[i], times[i], count);
        free(times[i]);
    }
    size_t wrong = runs->wrong + direct.wrong;
    free_clients(&direct);
    free_clients(runs);
    return wrong;
}

static size_t crowd(struct plan *plan, const char *assistant, double seconds)
{
    set_run_body(plan, assistant, 0);
    make_clients(plan);
    plan->until = clock_monotonic_us() + (int64_t)(seconds * SECOND);
    carry_out(plan, 0, (int64_t)((seconds + 30) * SECOND));
    printf("rate %.1f\n", (double)plan->ended / seconds);
    show_times("run", plan->times, plan->ended);
    free_clients(plan);
    return plan->wrong;
}

static size_t hold(struct plan *plan, const char *assistant, double starts)
{
    double seconds = (double)plan->count / starts + plan->tokens;
    set_run_body(plan, assistant, 1);
    make_clients(plan);
    carry_out(plan, starts, (int64_t)((seconds + 30) * SECOND));
    printf("streams %zu\n", plan->ended);
    printf("events %" PRIu64 "\n", plan->events);
    printf("latest %" PRId64 "\n", plan->latest);
    printf("held %" PRId64 "\n", plan->held);
    free_clients(plan);
    return plan->wrong;
}

int main(int argc, char **argv)
{
    if (argc != 7) {
        fprintf(stderr, "usage: see the head of bench_runs.c\n");
        return 2;
    }
    const char *mode = argv[1], *assistant = argv[3];
    size_t wrong;
    struct plan plan = {.url = argv[2],
                        .count = strtoul(argv[4], NULL, 10),
                        .tokens = (unsigned)strtoul(argv[5], NULL, 10),
                        .at_once = strcmp(mode, "polled-at-once") == 0,
                        .handler = strncmp(mode, "polled", 6) == 0 ? &polling : &run_stream};
    if (strcmp(mode, "latency") == 0)
        wrong = latency(&plan, plan.count, assistant, argv[6]);
    else if (strcmp(mode, "held") == 0)
        wrong = hold(&plan, assistant, strtod(argv[6], NULL));
    else
        wrong = crowd(&plan, assistant, strtod(argv[6], NULL));
    printf("wrong %zu\n", wrong);
    return wrong ? 1 : 0;
}
