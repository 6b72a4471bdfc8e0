/*
 * Requests that are laid aside: answered from another thread, whether they were read on an event
 * thread or by a worker, whether the client waits or leaves, and never in the way of stopping.
 */
#include <pthread.h>

#include "http_fixture.h"

enum { MANY = 64, PATIENCE_MS = 10000 };

struct item {
    struct http_request *request;
    struct http_reply *reply;
};

static struct item held[8192];
static atomic_size_t begun;
static atomic_int ended;
static bool quick, answers_at_once;

static int plan_later(void *context, const struct http_request *request, struct http_plan *out,
                      struct treadle_error *error)
{
    int rc = plan(context, request, out, error);
    out->quick = quick;
    return rc;
}

static void end(struct item *item)
{
    buffer_append_format(&item->reply->body, "later %s", item->request->body);
    http_answer(item->request);
}

static void *end_on_thread(void *argument)
{
    end(argument);
    return NULL;
}

static void begin(void *argument)
{
    struct item *item = argument;
    pthread_t thread;
    if (answers_at_once) {
        assert_int_equal(pthread_create(&thread, NULL, end_on_thread, item), 0);
        pthread_detach(thread);
        return;
    }
    held[atomic_load(&begun)] = *item;
    atomic_fetch_add(&begun, 1);
}

static void handle_later(void *context, struct http_request *request, struct http_reply *reply)
{
    struct treadle_error error;
    struct item *item = arena_alloc(request->arena, sizeof *item);
    *item = (struct item){request, reply};
    if (http_later(request, begin, item, &error)) {
        reply->status = error.http_status;
        render(context, &error, reply);
    }
}

static void count_ended(void *context, const struct http_request *request,
                        const struct http_outcome *outcome)
{
    (void)context, (void)request, (void)outcome;
    atomic_fetch_add(&ended, 1);
}

static struct http_options options_later(bool is_quick, bool at_once)
{
    struct http_options options = options_for("127.0.0.1:0");
    options.plan = plan_later;
    options.handle = handle_later;
    options.finished = count_ended;
    atomic_store(&begun, 0);
    atomic_store(&ended, 0);
    quick = is_quick;
    answers_at_once = at_once;
    return options;
}

#define SENT POST JSON "Content-Length: 4\r\n\r\nbody"

static void wait_begun(size_t count)
{
    for (int i = 0; i < PATIENCE_MS && atomic_load(&begun) < count; i++)
        usleep(1000);
    assert_int_equal(atomic_load(&begun), count);
}

static void expect_later(int descriptor)
{
    struct answer answer = get(descriptor, false);
    assert_int_equal(answer.status, 200);
    assert_string_equal(answer.body, "later body");
    free(answer.body);
}

static void check_many(bool is_quick)
{
    struct http_options options = options_later(is_quick, true);
    struct http_server *server = start(&options);
    int descriptors[MANY];
    for (int i = 0; i < MANY; i++)
        descriptors[i] = dial(server);
    for (int turn = 0; turn < 5; turn++) {
        for (int i = 0; i < MANY; i++)
            put_text(descriptors[i], SENT);
        for (int i = 0; i < MANY; i++)
            expect_later(descriptors[i]);
    }
    for (int i = 0; i < MANY; i++)
        close(descriptors[i]);
    http_stop(server, 5);
}

static void test_many(void **state)
{
    (void)state;
    check_many(true);
    check_many(false);
}

static void test_client_leaves(void **state)
{
    (void)state;
    for (int is_quick = 0; is_quick < 2; is_quick++) {
        struct http_options options = options_later(is_quick, false);
        struct http_server *server = start(&options);
        int descriptor = dial(server);
        put_text(descriptor, SENT);
        wait_begun(1);
        close(descriptor);
        end(&held[0]);
        http_stop(server, 5);
        assert_int_equal(atomic_load(&ended), 1);
    }
}

static void test_too_many(void **state)
{
    (void)state;
    struct http_options options = options_later(true, false);
    options.queue = 1;
    struct http_server *server = start(&options);
    int descriptor = dial(server);
    put_text(descriptor, SENT);
    wait_begun(1);
    expect(server, SENT, 503, "overloaded");
    end(&held[0]);
    expect_later(descriptor);
    close(descriptor);
    http_stop(server, 5);
}

/* A handler that would hold an event thread up says so, and is called again on a worker. */
static void handle_elsewhere(void *context, struct http_request *request, struct http_reply *reply)
{
    (void)context;
    http_reply_header(reply, "x-at-once", request->at_once ? "yes" : "no");
    buffer_append_string(&reply->body, request->at_once ? "dropped" : "on a worker");
    reply->elsewhere = request->at_once;
    atomic_fetch_add(&begun, 1);
}

static void test_elsewhere(void **state)
{
    (void)state;
    struct http_options options = options_later(true, false);
    options.handle = handle_elsewhere;
    struct http_server *server = start(&options);
    int descriptor = dial(server);
    for (size_t i = 1; i <= 3; i++) {
        put_text(descriptor, SENT);
        struct answer answer = get(descriptor, false);
        assert_int_equal(answer.status, 200);
        assert_string_equal(answer.body, "on a worker");
        assert_non_null(strstr(answer.head, "x-at-once: no"));
        assert_null(strstr(answer.head, "x-at-once: yes"));
        assert_int_equal(atomic_load(&begun), 2 * i);
        free(answer.body);
    }
    close(descriptor);
    http_stop(server, 0);
}

static void *stop(void *server)
{
    http_stop(server, 0);
    return NULL;
}

static void test_stop(void **state)
{
    (void)state;
    struct http_options options = options_later(true, false);
    struct http_server *server = start(&options);
    int first = dial(server), second = dial(server);
    pthread_t thread;
    put_text(first, SENT);
    wait_begun(1);
    assert_int_equal(pthread_create(&thread, NULL, stop, server), 0);
    /* Handlers that start while the server stops are refused, so its stop is seen. */
    struct answer answer = {.status = 200};
    for (int i = 0; i < PATIENCE_MS && answer.status == 200; i++) {
        size_t before = atomic_load(&begun);
        put_text(second, SENT);
        while (atomic_load(&begun) == before &&
               recv(second, &(char){0}, 1, MSG_PEEK | MSG_DONTWAIT) < 0)
            usleep(1000);
        if (atomic_load(&begun) > before)
            end(&held[before]);
        answer = get(second, false);
        free(answer.body);
    }
    assert_true(answer.status == 503 || answer.status == 0);
    end(&held[0]);
    expect_later(first);
    pthread_join(thread, NULL);
    close(first);
    close(second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_many),      cmocka_unit_test(test_client_leaves),
        cmocka_unit_test(test_elsewhere), cmocka_unit_test(test_too_many),
        cmocka_unit_test(test_stop),
    };
    return cmocka_run_group_tests_name("http_later", tests, set_up, tear_down);
}
