/*
 * Replies that come later: whole or in pieces, to clients that stay, leave, stall, or are many.
 */
#include <pthread.h>

#include "http_fixture.h"

enum { MANY = 300, SLOTS = MANY + 8, PATIENCE_MS = 10000 };

/* What a handler made, for the test to continue with. */
struct slot {
    _Atomic(struct http_stream *) stream;
    atomic_int cancelled, released;
};

static struct slot slots[SLOTS];
static atomic_size_t made;
static size_t queue_bytes;
static unsigned heartbeat_seconds;

static void on_cancelled(void *context)
{
    atomic_fetch_add(&((struct slot *)context)->cancelled, 1);
}

static void on_released(void *context)
{
    atomic_fetch_add(&((struct slot *)context)->released, 1);
}

static void *talk(void *argument)
{
    struct slot *slot = argument;
    http_stream_open(slot->stream, "text/event-stream");
    for (int i = 0; i < 20; i++) {
        char text[32];
        snprintf(text, sizeof text, "data: %d\n\n", i);
        http_stream_write(slot->stream, text, strlen(text));
        if (i % 5 == 0)
            usleep(500);
    }
    http_stream_close(slot->stream);
    http_stream_unref(slot->stream);
    return NULL;
}

static void handle_later(void *context, struct http_request *request, struct http_reply *reply)
{
    (void)context;
    struct treadle_error error;
    size_t number = atomic_fetch_add(&made, 1);
    struct slot *slot = &slots[number];
    struct http_stream *stream = NULL;
    const struct http_stream_options options = {.queue_bytes = queue_bytes,
                                                .heartbeat_seconds = heartbeat_seconds,
                                                .context = slot,
                                                .cancelled = on_cancelled,
                                                .released = on_released};
    http_reply_header(reply, "x-handler", "yes");
    assert_int_equal(http_stream_new(&stream, reply, &options, &error), 0);
    slot->stream = stream;
    const char *name = request->segments[0];
    if (text_equal(name, "now")) {
        http_stream_open(stream, "text/event-stream");
        http_stream_write(stream, "data: 1\n\n", 9);
        http_stream_close(stream);
        http_stream_unref(stream);
    }
    if (text_equal(name, "talk")) {
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, talk, slot), 0);
        pthread_detach(thread);
    }
}

static struct http_server *start_later(void)
{
    struct http_options options = options_for("127.0.0.1:0");
    options.handle = handle_later;
    memset(slots, 0, sizeof slots);
    atomic_store(&made, 0);
    queue_bytes = 0;
    heartbeat_seconds = 0;
    return start(&options);
}

static void wait_for(atomic_int *value, int wanted)
{
    for (int i = 0; i < PATIENCE_MS && atomic_load(value) < wanted; i++)
        usleep(1000);
    assert_int_equal(atomic_load(value), wanted);
}

/* The slot of a request that was just sent. */
static struct slot *wait_made(size_t count)
{
    for (int i = 0; i < PATIENCE_MS && atomic_load(&made) < count; i++)
        usleep(1000);
    for (int i = 0; i < PATIENCE_MS && !slots[count - 1].stream; i++)
        usleep(1000);
    return &slots[count - 1];
}

static int send_get(const struct http_server *server, const char *path)
{
    char text[128];
    int descriptor = dial(server);
    snprintf(text, sizeof text, "GET /%s HTTP/1.1\r\n" H "\r\n", path);
    put_text(descriptor, text);
    return descriptor;
}

/* Reads up to `end`, or up to the end of the connection. */
static void read_until(int descriptor, const char *end, char *out, size_t size)
{
    size_t at = 0;
    out[0] = '\0';
    while (at < size - 1 && !strstr(out, end) && recv(descriptor, out + at, 1, 0) == 1)
        out[++at] = '\0';
}

#define LAST_CHUNK "\r\n0\r\n\r\n"

static void test_pieces(void **state)
{
    (void)state;
    char text[4096];
    struct http_server *server = start_later();
    int descriptor = send_get(server, "now");
    read_until(descriptor, LAST_CHUNK, text, sizeof text);
    assert_non_null(strstr(text, "HTTP/1.1 200"));
    assert_non_null(strstr(text, "Content-Type: text/event-stream\r\n"));
    assert_non_null(strstr(text, "Cache-Control: no-cache\r\n"));
    assert_non_null(strstr(text, "x-request-id: req_"));
    assert_non_null(strstr(text, "x-handler: yes\r\n"));
    assert_non_null(strstr(text, "data: 1\n\n"));
    wait_for(&slots[0].released, 1);
    /* The connection stays open. */
    put_text(descriptor, "GET /talk HTTP/1.1\r\n" H "\r\n");
    read_until(descriptor, LAST_CHUNK, text, sizeof text);
    assert_non_null(strstr(text, "data: 0\n\n"));
    assert_non_null(strstr(text, "data: 19\n\n"));
    close(descriptor);
    wait_for(&slots[1].released, 1);
    assert_int_equal(atomic_load(&slots[0].cancelled) + atomic_load(&slots[1].cancelled), 0);
    http_stop(server, 5);
}

static void test_pieces_as_they_come(void **state)
{
    (void)state;
    char text[4096];
    struct http_server *server = start_later();
    int descriptor = send_get(server, "wait");
    struct slot *slot = wait_made(1);
    http_stream_open(slot->stream, "text/event-stream");
    read_until(descriptor, "\r\n\r\n", text, sizeof text);
    assert_non_null(strstr(text, "HTTP/1.1 200"));
    for (int i = 0; i < 5; i++) {
        assert_int_equal(http_stream_write(slot->stream, "piece;", 6), 0);
        read_until(descriptor, "piece;\r\n", text, sizeof text);
        assert_non_null(strstr(text, "piece;"));
    }
    http_stream_close(slot->stream);
    assert_int_equal(http_stream_write(slot->stream, "x", 1), TREADLE_ESTATE);
    http_stream_unref(slot->stream);
    read_until(descriptor, "0\r\n\r\n", text, sizeof text);
    assert_string_equal(text, "0\r\n\r\n");
    close(descriptor);
    http_stop(server, 5);
}

static void test_whole_reply(void **state)
{
    (void)state;
    struct http_server *server = start_later();
    int descriptor = send_get(server, "wait");
    struct slot *slot = wait_made(1);
    struct http_reply reply;
    http_reply_init(&reply);
    reply.status = 418;
    http_reply_header(&reply, "x-later", "yes");
    buffer_append_string(&reply.body, "{\"later\":true}");
    http_stream_reply(slot->stream, &reply);
    assert_null(reply.body.data);
    http_stream_unref(slot->stream);
    struct answer answer = get(descriptor, false);
    assert_int_equal(answer.status, 418);
    assert_string_equal(answer.body, "{\"later\":true}");
    assert_non_null(strstr(answer.head, "x-later: yes\r\n"));
    assert_non_null(strstr(answer.head, "x-handler: yes\r\n"));
    free(answer.body);
    close(descriptor);
    wait_for(&slot->released, 1);
    assert_int_equal(atomic_load(&slot->cancelled), 0);
    http_stop(server, 5);
}

static void test_never_answered(void **state)
{
    (void)state;
    struct http_server *server = start_later();
    int descriptor = send_get(server, "wait");
    struct slot *slot = wait_made(1);
    struct http_stream *second = http_stream_ref(slot->stream);
    http_stream_unref(slot->stream);
    http_stream_unref(second);
    http_stream_unref(NULL);
    struct answer answer = get(descriptor, false);
    assert_int_equal(answer.status, 500);
    assert_non_null(strstr(answer.body, "{\"error\":"));
    free(answer.body);
    close(descriptor);
    wait_for(&slot->released, 1);
    http_stop(server, 5);
}

static void test_client_leaves(void **state)
{
    (void)state;
    struct http_server *server = start_later();
    int descriptor = send_get(server, "wait");
    struct slot *slot = wait_made(1);
    close(descriptor); /* before anything was said */
    wait_for(&slot->cancelled, 1);
    struct http_reply reply;
    http_reply_init(&reply);
    buffer_append_string(&reply.body, "to nobody");
    http_stream_reply(slot->stream, &reply);
    http_stream_unref(slot->stream);
    wait_for(&slot->released, 1);

    char text[1024];
    descriptor = send_get(server, "wait");
    slot = wait_made(2);
    http_stream_open(slot->stream, "text/event-stream");
    http_stream_write(slot->stream, "data: 1\n\n", 9);
    read_until(descriptor, "data: 1\n\n", text, sizeof text);
    close(descriptor); /* in the middle */
    wait_for(&slot->cancelled, 1);
    assert_int_equal(http_stream_write(slot->stream, "x", 1), TREADLE_ESTATE);
    assert_int_equal(atomic_load(&slot->released), 0);
    http_stream_unref(slot->stream);
    wait_for(&slot->released, 1);
    http_stop(server, 5);
}

static void test_client_does_not_read(void **state)
{
    (void)state;
    static char block[32768];
    struct http_server *server = start_later();
    queue_bytes = 100000;
    int descriptor = send_get(server, "wait");
    struct slot *slot = wait_made(1);
    http_stream_open(slot->stream, "text/event-stream");
    int rc = 0;
    size_t written = 0;
    for (int i = 0; !rc && i < 2000; i++) {
        rc = http_stream_write(slot->stream, block, sizeof block);
        written += rc ? 0 : sizeof block;
        usleep(1000);
    }
    assert_int_equal(rc, TREADLE_ELIMIT);
    assert_true(written > 65536); /* what the kernel holds, and the queue */
    wait_for(&slot->cancelled, 1);
    assert_int_equal(http_stream_write(slot->stream, "x", 1), TREADLE_ESTATE);
    http_stream_unref(slot->stream);
    wait_for(&slot->released, 1);
    close(descriptor);
    http_stop(server, 5);
}

static void test_heartbeat(void **state)
{
    (void)state;
    char text[1024];
    struct http_server *server = start_later();
    heartbeat_seconds = 1;
    int descriptor = send_get(server, "wait");
    struct slot *slot = wait_made(1);
    http_stream_open(slot->stream, "text/event-stream");
    read_until(descriptor, ": keep-alive\n\n", text, sizeof text);
    assert_non_null(strstr(text, ": keep-alive\n\n"));
    http_stream_unref(slot->stream);
    read_until(descriptor, LAST_CHUNK, text, sizeof text);
    close(descriptor);
    http_stop(server, 5);
}

static void test_stop(void **state)
{
    (void)state;
    char text[1024];
    struct http_server *server = start_later();
    int waiting_one = send_get(server, "wait");
    struct slot *silent = wait_made(1);
    int open_one = send_get(server, "wait");
    struct slot *open = wait_made(2);
    http_stream_open(open->stream, "text/event-stream");
    http_stream_write(open->stream, "data: 1\n\n", 9);
    read_until(open_one, "data: 1\n\n", text, sizeof text);
    http_stop(server, 0);
    assert_int_equal(atomic_load(&silent->cancelled), 1);
    assert_int_equal(atomic_load(&open->cancelled), 1);
    struct answer answer = get(waiting_one, false);
    assert_int_equal(answer.status, 503);
    free(answer.body);
    read_until(open_one, LAST_CHUNK, text, sizeof text);
    assert_null(strstr(text, LAST_CHUNK)); /* cut off, and shown as that */
    /* The owners may come to it late. */
    assert_int_equal(http_stream_write(open->stream, "x", 1), TREADLE_ESTATE);
    http_stream_open(silent->stream, "text/event-stream");
    http_stream_unref(silent->stream);
    http_stream_unref(open->stream);
    assert_int_equal(atomic_load(&silent->released), 1);
    assert_int_equal(atomic_load(&open->released), 1);
    close(waiting_one);
    close(open_one);
}

static void test_many(void **state)
{
    (void)state;
    static int descriptors[MANY];
    struct http_server *server = start_later();
    for (int i = 0; i < MANY; i++)
        descriptors[i] = send_get(server, "talk");
    for (int i = 0; i < MANY; i++) {
        char text[4096];
        if (i % 3) {
            read_until(descriptors[i], LAST_CHUNK, text, sizeof text);
            assert_non_null(strstr(text, "data: 19\n\n"));
        }
        close(descriptors[i]);
    }
    for (int i = 0; i < MANY; i++)
        wait_for(&slots[i].released, 1);
    http_stop(server, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pieces),        cmocka_unit_test(test_pieces_as_they_come),
        cmocka_unit_test(test_whole_reply),   cmocka_unit_test(test_never_answered),
        cmocka_unit_test(test_client_leaves), cmocka_unit_test(test_client_does_not_read),
        cmocka_unit_test(test_heartbeat),     cmocka_unit_test(test_stop),
        cmocka_unit_test(test_many),
    };
    return cmocka_run_group_tests_name("http_stream", tests, set_up, tear_down);
}
