/*
 * The loop against a real socket: time-outs, cancelling, many at once, what it refuses.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "openai/remote_error.h"
#include "scripted_server.h"

struct result {
    struct buffer body;
    char moved[256];
    bool refuses_address;
    size_t flushed; /* bytes there were when last flushed */
    bool is_over;
    enum loop_end end;
    struct treadle_error error;
    struct tally *tally;
};

struct tally {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    size_t done, begun, flushed;
};

static int on_bytes(void *context, const char *bytes, size_t length, struct treadle_error *error)
{
    struct result *result = context;
    (void)error;
    pthread_mutex_lock(&result->tally->mutex);
    result->tally->begun += result->body.length == 0;
    pthread_cond_broadcast(&result->tally->changed);
    pthread_mutex_unlock(&result->tally->mutex);
    return buffer_append(&result->body, bytes, length);
}

static int on_end(void *context, struct treadle_error *error)
{
    (void)context, (void)error;
    return 0;
}

static bool on_again(void *context)
{
    return ((struct result *)context)->body.length == 0;
}

static void on_done(void *context, enum loop_end end, const struct treadle_error *error)
{
    struct result *result = context;
    struct tally *tally = result->tally;
    pthread_mutex_lock(&tally->mutex);
    result->end = end;
    result->is_over = true;
    if (error)
        result->error = *error;
    tally->done++;
    pthread_cond_broadcast(&tally->changed);
    pthread_mutex_unlock(&tally->mutex);
}

static void on_flush(void *context)
{
    struct result *result = context;
    pthread_mutex_lock(&result->tally->mutex);
    assert_false(result->is_over);
    assert_true(result->body.length > result->flushed);
    result->flushed = result->body.length;
    result->tally->flushed++;
    pthread_cond_broadcast(&result->tally->changed);
    pthread_mutex_unlock(&result->tally->mutex);
}

static void on_moved(void *context, const char *url)
{
    struct result *result = context;
    snprintf(result->moved, sizeof result->moved, "%s", url);
}

static bool may_connect(void *context, const struct sockaddr *address)
{
    (void)address;
    return !((struct result *)context)->refuses_address;
}

static const struct loop_handler handler = {
    .bytes = on_bytes, .end = on_end, .again = on_again, .done = on_done, .moved = on_moved};

struct fixture {
    struct loop *loop;
    struct scripted_server *server;
    struct tally tally;
};

static void set_up(struct fixture *fixture, const char *const *replies)
{
    struct treadle_error error;
    *fixture =
        (struct fixture){.tally = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, .done = 0}};
    assert_int_equal(loop_new(&fixture->loop, &error), 0);
    fixture->server = scripted_server_start(NULL, replies);
}

static void tear_down(struct fixture *fixture)
{
    loop_stop(fixture->loop);
    loop_free(fixture->loop);
    scripted_server_stop(fixture->server);
}

static struct loop_exchange exchange_of(struct fixture *fixture, struct result *result)
{
    *result = (struct result){.tally = &fixture->tally};
    buffer_init(&result->body, 1 << 20);
    return (struct loop_exchange){.url = scripted_server_url(fixture->server),
                                  .body = "{}",
                                  .body_length = 2,
                                  .connect_seconds = 5,
                                  .first_seconds = 5,
                                  .idle_seconds = 5,
                                  .attempts = 1,
                                  .words = &remote_error_words,
                                  .handler = &handler,
                                  .context = result};
}

static void wait_for(struct fixture *fixture, const size_t *what, size_t count)
{
    pthread_mutex_lock(&fixture->tally.mutex);
    while (*what < count)
        pthread_cond_wait(&fixture->tally.changed, &fixture->tally.mutex);
    pthread_mutex_unlock(&fixture->tally.mutex);
}

static void run_one(struct fixture *fixture, const struct loop_exchange *exchange)
{
    struct treadle_error error;
    size_t count = fixture->tally.done + 1;
    assert_int_equal(loop_submit(fixture->loop, exchange, &error), 0);
    wait_for(fixture, &fixture->tally.done, count);
}

#define OK_HEAD "HTTP/1.1 200 OK\r\nContent-Length: "

static void connections_are_kept(void **state)
{
    (void)state;
    struct fixture fixture;
    struct result result;
    set_up(&fixture, (const char *[]){OK_HEAD "2\r\n\r\nok", NULL});
    for (int i = 0; i < 20; i++) {
        struct loop_exchange exchange = exchange_of(&fixture, &result);
        run_one(&fixture, &exchange);
        assert_int_equal(result.end, LOOP_OK);
        assert_string_equal(result.body.data, "ok");
        buffer_clear(&result.body);
    }
    assert_int_equal(scripted_server_connections(fixture.server), 1);
    tear_down(&fixture);
}

/* As where a server ends connections that were idle, just when one is used again. */
static void a_kept_connection_that_has_ended_is_replaced(void **state)
{
    (void)state;
    struct fixture fixture;
    struct result result;
    set_up(&fixture, (const char *[]){OK_HEAD "2\r\n\r\nok", "", OK_HEAD "2\r\n\r\nok", NULL});
    for (int i = 0; i < 2; i++) {
        struct loop_exchange exchange = exchange_of(&fixture, &result);
        run_one(&fixture, &exchange);
        assert_int_equal(result.end, LOOP_OK);
        buffer_clear(&result.body);
    }
    assert_int_equal(scripted_server_connections(fixture.server), 2);
    assert_int_equal(scripted_server_requests(fixture.server), 3);
    tear_down(&fixture);
}

static void many_are_carried_at_once(void **state)
{
    (void)state;
    enum { MANY = 48 };
    struct fixture fixture;
    static struct result results[MANY];
    struct treadle_error error;
    set_up(&fixture, (const char *[]){OK_HEAD "2\r\n\r\nok", NULL});
    for (int i = 0; i < MANY; i++) {
        struct loop_exchange exchange = exchange_of(&fixture, &results[i]);
        assert_int_equal(loop_submit(fixture.loop, &exchange, &error), 0);
    }
    wait_for(&fixture, &fixture.tally.done, MANY);
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(results[i].end, LOOP_OK);
        buffer_clear(&results[i].body);
    }
    tear_down(&fixture);
}

static void what_came_is_flushed_where_more_is_to_come(void **state)
{
    (void)state;
    enum { MANY = 40 };
    struct loop_handler flushing = handler;
    struct fixture fixture;
    static struct result results[MANY];
    struct treadle_error error;
    atomic_bool cancelled = false;
    flushing.flush = on_flush;
    set_up(&fixture, (const char *[]){OK_HEAD "20\r\n\r\nhalf", NULL});
    for (int i = 0; i < MANY; i++) {
        struct loop_exchange exchange = exchange_of(&fixture, &results[i]);
        exchange.idle_seconds = 60;
        exchange.handler = &flushing;
        exchange.cancelled = &cancelled;
        assert_int_equal(loop_submit(fixture.loop, &exchange, &error), 0);
    }
    wait_for(&fixture, &fixture.tally.flushed, MANY);
    atomic_store(&cancelled, true);
    loop_wake(fixture.loop);
    wait_for(&fixture, &fixture.tally.done, MANY);
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(results[i].flushed, 4);
        buffer_clear(&results[i].body);
    }
    tear_down(&fixture);
}

static void silence_ends_an_exchange(void **state)
{
    (void)state;
    static const struct {
        const char *reply, *message;
        unsigned first, idle;
    } rows[] = {{OK_HEAD "20\r\n\r\n", "it was silent", 1, 60},
                {OK_HEAD "20\r\n\r\nhalf", "it stopped sending", 60, 1}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fixture fixture;
        struct result result;
        set_up(&fixture, (const char *[]){rows[i].reply, NULL});
        struct loop_exchange exchange = exchange_of(&fixture, &result);
        exchange.connect_seconds = 60;
        exchange.first_seconds = rows[i].first;
        exchange.idle_seconds = rows[i].idle;
        exchange.attempts = 4;
        run_one(&fixture, &exchange);
        assert_int_equal(result.end, LOOP_FAILED);
        assert_int_equal(result.error.http_status, 504);
        assert_non_null(strstr(result.error.message, rows[i].message));
        assert_int_equal(scripted_server_requests(fixture.server), 1);
        buffer_clear(&result.body);
        tear_down(&fixture);
    }
}

static void what_is_cancelled_ends(void **state)
{
    (void)state;
    struct fixture fixture;
    struct result result, waiting;
    struct treadle_error error;
    atomic_bool cancelled = false;
    set_up(&fixture, (const char *[]){OK_HEAD "20\r\n\r\nhalf",
                                      "HTTP/1.1 503 Busy\r\nRetry-After: 50\r\n"
                                      "Content-Length: 0\r\n\r\n",
                                      NULL});
    struct loop_exchange exchange = exchange_of(&fixture, &result);
    exchange.cancelled = &cancelled;
    assert_int_equal(loop_submit(fixture.loop, &exchange, &error), 0);
    wait_for(&fixture, &fixture.tally.begun, 1);
    exchange = exchange_of(&fixture, &waiting);
    exchange.cancelled = &cancelled;
    exchange.attempts = 2;
    assert_int_equal(loop_submit(fixture.loop, &exchange, &error), 0);
    while (scripted_server_requests(fixture.server) < 2)
        usleep(1000);
    atomic_store(&cancelled, true);
    loop_wake(fixture.loop);
    wait_for(&fixture, &fixture.tally.done, 2);
    assert_int_equal(result.end, LOOP_CANCELLED);
    assert_int_equal(waiting.end, LOOP_CANCELLED);
    buffer_clear(&result.body);
    tear_down(&fixture);
}

/* More than one lane holds, at a server that lets them connect and never looks at them. */
static void hundreds_wait_and_are_cancelled(void **state)
{
    (void)state;
    enum { HUNDREDS = 300 };
    struct fixture fixture;
    static struct result results[HUNDREDS];
    struct result last;
    struct treadle_error error;
    atomic_bool cancelled = false;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    char url[64];
    set_up(&fixture, (const char *[]){OK_HEAD "2\r\n\r\nok", NULL});
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(listener, 2 * HUNDREDS), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    snprintf(url, sizeof url, "http://127.0.0.1:%d/", ntohs(address.sin_port));
    for (int i = 0; i < HUNDREDS; i++) {
        struct loop_exchange exchange = exchange_of(&fixture, &results[i]);
        exchange.url = url;
        exchange.first_seconds = 60;
        exchange.cancelled = &cancelled;
        assert_int_equal(loop_submit(fixture.loop, &exchange, &error), 0);
    }
    /* Once this one has been answered, those before it are under way. */
    struct loop_exchange exchange = exchange_of(&fixture, &last);
    run_one(&fixture, &exchange);
    assert_int_equal(last.end, LOOP_OK);
    assert_int_equal(fixture.tally.done, 1);
    atomic_store(&cancelled, true);
    loop_wake(fixture.loop);
    wait_for(&fixture, &fixture.tally.done, HUNDREDS + 1);
    for (int i = 0; i < HUNDREDS; i++)
        assert_int_equal(results[i].end, LOOP_CANCELLED);
    buffer_clear(&last.body);
    close(listener);
    tear_down(&fixture);
}

static void closing_cancels_what_is_under_way(void **state)
{
    (void)state;
    struct fixture fixture;
    struct result result;
    struct treadle_error error;
    set_up(&fixture, (const char *[]){OK_HEAD "20\r\n\r\nhalf", NULL});
    struct loop_exchange exchange = exchange_of(&fixture, &result);
    assert_int_equal(loop_submit(fixture.loop, &exchange, &error), 0);
    wait_for(&fixture, &fixture.tally.begun, 1);
    tear_down(&fixture);
    assert_int_equal(fixture.tally.done, 1);
    assert_int_equal(result.end, LOOP_CANCELLED);
    buffer_clear(&result.body);
}

static void redirects_are_reported_and_not_followed(void **state)
{
    (void)state;
    struct fixture fixture;
    struct result result;
    set_up(&fixture, (const char *[]){"HTTP/1.1 307 Moved\r\nLocation: http://127.0.0.1:1/x\r\n"
                                      "Content-Length: 0\r\n\r\n",
                                      NULL});
    struct loop_exchange exchange = exchange_of(&fixture, &result);
    run_one(&fixture, &exchange);
    assert_int_equal(result.end, LOOP_FAILED);
    assert_non_null(strstr(result.error.message, "redirects"));
    assert_string_equal(result.moved, "http://127.0.0.1:1/x");
    assert_int_equal(scripted_server_requests(fixture.server), 1);
    tear_down(&fixture);
}

static void an_address_that_is_refused_is_not_connected_to(void **state)
{
    (void)state;
    struct fixture fixture;
    struct result result;
    set_up(&fixture, (const char *[]){OK_HEAD "2\r\n\r\nok", NULL});
    /* Also where there is a connection of another exchange. */
    struct loop_exchange exchange = exchange_of(&fixture, &result);
    run_one(&fixture, &exchange);
    buffer_clear(&result.body);
    exchange = exchange_of(&fixture, &result);
    exchange.may_connect = may_connect;
    result.refuses_address = true;
    run_one(&fixture, &exchange);
    assert_int_equal(result.end, LOOP_FAILED);
    assert_int_equal(scripted_server_requests(fixture.server), 1);
    exchange = exchange_of(&fixture, &result);
    exchange.may_connect = may_connect;
    run_one(&fixture, &exchange);
    assert_int_equal(result.end, LOOP_OK);
    assert_int_equal(scripted_server_connections(fixture.server), 2);
    buffer_clear(&result.body);
    tear_down(&fixture);
}

/* libcurl 7.88 keeps the buffer of a try that failed before it had a connection, and forgets how
 * large it is: the next answer must not be read beyond its end. */
static void a_try_that_failed_early_leaves_no_buffer(void **state)
{
    enum { LENGTH = 20000 };
    struct fixture fixture;
    struct result first, second;
    char *reply = malloc(LENGTH + 200);
    (void)state;
    assert_non_null(reply);
    int head = sprintf(reply, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", LENGTH);
    memset(reply + head, 'a', LENGTH);
    reply[head + LENGTH] = '\0';
    set_up(&fixture, (const char *const[]){reply, NULL});
    struct loop_exchange exchange = exchange_of(&fixture, &first);
    exchange.url = "gopher://127.0.0.1/";
    assert_int_equal(loop_submit(fixture.loop, &exchange, NULL), 0);
    wait_for(&fixture, &fixture.tally.done, 1);
    assert_int_equal(first.end, LOOP_FAILED);
    exchange = exchange_of(&fixture, &second);
    assert_int_equal(loop_submit(fixture.loop, &exchange, NULL), 0);
    wait_for(&fixture, &fixture.tally.done, 2);
    assert_int_equal(second.end, LOOP_OK);
    assert_int_equal(second.body.length, LENGTH);
    tear_down(&fixture);
    buffer_clear(&first.body);
    buffer_clear(&second.body);
    free(reply);
}

/* A server that keeps a connection, and closes it later: our side of it is closed then, too, though
 * no exchange needs it. */
static void closes_what_the_server_has_closed(void **state)
{
    static const char reply[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    static const char *const none[] = {"", NULL};
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    struct fixture fixture;
    struct result result;
    struct treadle_error error;
    char url[64], bytes[4096];
    (void)state;
    set_up(&fixture, none);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listener, 4), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &length), 0);
    snprintf(url, sizeof url, "http://127.0.0.1:%d/", ntohs(address.sin_port));
    struct loop_exchange exchange = exchange_of(&fixture, &result);
    exchange.url = url;
    assert_int_equal(loop_submit(fixture.loop, &exchange, &error), 0);
    int connection = accept(listener, NULL, NULL);
    assert_true(recv(connection, bytes, sizeof bytes, 0) > 0);
    assert_int_equal(send(connection, reply, sizeof reply - 1, 0), sizeof reply - 1);
    wait_for(&fixture, &fixture.tally.done, 1);
    assert_int_equal(result.end, LOOP_OK);

    /* The same connection serves the next exchange. */
    buffer_clear(&result.body);
    exchange = exchange_of(&fixture, &result);
    exchange.url = url;
    assert_int_equal(loop_submit(fixture.loop, &exchange, &error), 0);
    assert_true(recv(connection, bytes, sizeof bytes, 0) > 0);
    assert_int_equal(send(connection, reply, sizeof reply - 1, 0), sizeof reply - 1);
    wait_for(&fixture, &fixture.tally.done, 2);

    const struct timeval patience = {.tv_sec = 20};
    assert_int_equal(setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience),
                     0);
    shutdown(connection, SHUT_WR);
    assert_int_equal(recv(connection, bytes, sizeof bytes, 0), 0);

    /* And a new one the next. */
    buffer_clear(&result.body);
    exchange = exchange_of(&fixture, &result);
    exchange.url = url;
    assert_int_equal(loop_submit(fixture.loop, &exchange, &error), 0);
    close(connection);
    connection = accept(listener, NULL, NULL);
    assert_true(recv(connection, bytes, sizeof bytes, 0) > 0);
    assert_int_equal(send(connection, reply, sizeof reply - 1, 0), sizeof reply - 1);
    wait_for(&fixture, &fixture.tally.done, 3);
    assert_int_equal(result.end, LOOP_OK);
    buffer_clear(&result.body);
    tear_down(&fixture);
    close(connection);
    close(listener);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(closes_what_the_server_has_closed),
        cmocka_unit_test(connections_are_kept),
        cmocka_unit_test(a_kept_connection_that_has_ended_is_replaced),
        cmocka_unit_test(many_are_carried_at_once),
        cmocka_unit_test(what_came_is_flushed_where_more_is_to_come),
        cmocka_unit_test(silence_ends_an_exchange),
        cmocka_unit_test(what_is_cancelled_ends),
        cmocka_unit_test(hundreds_wait_and_are_cancelled),
        cmocka_unit_test(closing_cancels_what_is_under_way),
        cmocka_unit_test(redirects_are_reported_and_not_followed),
        cmocka_unit_test(an_address_that_is_refused_is_not_connected_to),
        cmocka_unit_test(a_try_that_failed_early_leaves_no_buffer),
    };
    return cmocka_run_group_tests_name("model_loop", tests, NULL, NULL);
}
