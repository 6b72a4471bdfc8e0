/*
 * The HTTP room from outside: slow and stalled clients, too many of them, stopping, and the sockets
 * that a server listens on.
 */
#include "http_fixture.h"

#include <poll.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/un.h>

/* A byte now and then must not hold a connection: 408 while a request arrives, at any part. */
static void test_slow_clients(void **state)
{
    (void)state;
    struct http_options options = options_for("127.0.0.1:0");
    options.request_seconds = 1;
    options.upload_seconds = 1;
    struct http_server *server = start(&options);
    static const char *const starts[] = {
        "GET /a HTTP/1.1\r\nX: ", POST JSON "Content-Length: 900\r\n\r\n",
        UPLOAD "Content-Length: 900\r\n\r\n--B\r\n"};
    int descriptors[3];
    for (int i = 0; i < 3; i++) {
        descriptors[i] = dial(server);
        put_text(descriptors[i], starts[i]);
    }
    for (int i = 0; i < 25; i++) {
        usleep(50000);
        for (int j = 0; j < 3; j++)
            put_text(descriptors[j], "x");
    }
    for (int i = 0; i < 3; i++) {
        struct answer answer = get(descriptors[i], false);
        assert_int_equal(answer.status, 408);
        assert_non_null(strstr(answer.head, "x-request-id: req_"));
        free(answer.body);
        close(descriptors[i]);
    }
    http_stop(server, 5);
}

/* The memory of all bodies together is bounded, and released. */
static void test_body_memory(void **state)
{
    (void)state;
    struct http_options options = options_for("127.0.0.1:0");
    options.body_memory = 8 * 1500;
    struct http_server *server = start(&options);
    char head[200], body[1000];
    memset(body, 'x', sizeof body);
    snprintf(head, sizeof head, POST JSON "Content-Length: %zu\r\n\r\n", sizeof body);
    int first = dial(server);
    put_text(first, head);
    put(first, body, sizeof body - 1);
    usleep(200000);
    int second = dial(server);
    put_text(second, head);
    put(second, body, sizeof body);
    struct answer answer = get(second, false);
    assert_int_equal(answer.status, 503);
    assert_non_null(strstr(answer.head, "Retry-After: 1"));
    free(answer.body);
    close(second);
    put(first, body, 1);
    answer = get(first, false);
    assert_int_equal(answer.status, 200);
    free(answer.body);
    close(first);
    usleep(100000);
    for (int i = 0; i < 3; i++) {
        int again = dial(server);
        put_text(again, head);
        put(again, body, sizeof body);
        answer = get(again, false);
        assert_int_equal(answer.status, 200);
        free(answer.body);
        close(again);
    }
    http_stop(server, 5);
}

static void test_idle_clients(void **state)
{
    (void)state;
    struct http_options options = options_for("127.0.0.1:0");
    options.idle_seconds = 1;
    struct http_server *server = start(&options);
    int idle = dial(server), stalled = dial(server);
    put_text(stalled, POST JSON "Content-Length: 900\r\n\r\n{");
    struct answer answer = get(stalled, false);
    assert_int_equal(answer.status, 408);
    free(answer.body);
    assert_true(is_closed(idle));
    close(idle);
    close(stalled);
    http_stop(server, 5);
}

/* A client that does not read its reply holds neither a worker nor the server's stop. */
static void test_stalled_reader(void **state)
{
    (void)state;
    struct http_options options = options_for("127.0.0.1:0");
    struct http_server *server = start(&options);
    int descriptor = dial(server);
    put_text(descriptor, "GET /big HTTP/1.1\r\n" H "\r\n");
    usleep(100000);
    expect(server, "GET /a HTTP/1.1\r\n" H "\r\n", 200, NULL);
    int second = dial(server);
    put_text(second, "GET /big HTTP/1.1\r\n" H "\r\n");
    struct answer answer = get(second, false);
    assert_int_equal(answer.status, 200);
    assert_int_equal(answer.length, BIG);
    free(answer.body);
    close(second);
    int64_t before = clock_monotonic_us();
    http_stop(server, 0);
    assert_true(clock_monotonic_us() - before < 2000000);
    close(descriptor);
}

static int dial_and_ask(const struct http_server *server, const char *text, int status)
{
    int descriptor = dial(server);
    put_text(descriptor, text);
    struct answer answer = get(descriptor, false);
    assert_int_equal(answer.status, status);
    if (status == 503)
        assert_non_null(strstr(answer.head, "Retry-After: 1\r\n"));
    free(answer.body);
    return descriptor;
}

static const char plain[] = "GET /a HTTP/1.1\r\n" H "\r\n";
static const char known[] = "GET /known HTTP/1.1\r\n" H "\r\n";

/* Those that wait for a request go when others come: first those that never made one that was let
 * in, of these the longest idle one. Those that are at work stay. */
static void test_too_many_connections(void **state)
{
    (void)state;
    for (int by_address = 0; by_address < 2; by_address++) {
        struct http_options options = options_for("127.0.0.1:0");
        options.max_per_address = by_address ? 3 : 100;
        options.max_connections = by_address ? 100 : 3;
        struct http_server *server = start(&options);
        int friend = dial_and_ask(server, known, 200);
        int silent = dial(server);
        usleep(50000);
        int stranger = dial_and_ask(server, plain, 200);
        int fourth = dial_and_ask(server, plain, 200);
        assert_true(is_closed(silent));
        int fifth = dial_and_ask(server, known, 200);
        assert_true(is_closed(stranger));
        int sixth = dial_and_ask(server, known, 200);
        assert_true(is_closed(fourth));
        put_text(friend, known);
        struct answer answer = get(friend, false);
        assert_int_equal(answer.status, 200);
        free(answer.body);
        int busy[3];
        for (int i = 0; i < 3; i++) {
            busy[i] = dial(server);
            put_text(busy[i], "GET /a HTTP/1.1\r\n");
            usleep(50000);
        }
        assert_true(is_closed(friend) && is_closed(fifth) && is_closed(sixth));
        close(dial_and_ask(server, plain, 503));
        for (int i = 0; i < 3; i++) {
            put_text(busy[i], H "\r\n");
            answer = get(busy[i], false);
            assert_int_equal(answer.status, 200);
            free(answer.body);
            close(busy[i]);
        }
        close(friend), close(silent), close(stranger), close(fourth), close(fifth), close(sixth);
        http_stop(server, 5);
    }
}

static void wait_for(atomic_int *number, int value)
{
    for (int i = 0; i < 1000 && atomic_load(number) < value; i++)
        usleep(5000);
    assert_true(atomic_load(number) >= value);
}

static void test_full_queue(void **state)
{
    (void)state;
    struct http_options options = options_for("127.0.0.1:0");
    enum { QUEUED = 128, EXTRA = 4 };
    options.workers = 1;
    options.queue = QUEUED;
    struct http_server *server = start(&options);
    int descriptors[1 + QUEUED + EXTRA];
    atomic_store(&waiting, 0);
    for (int i = 0; i < 1 + QUEUED + EXTRA; i++) {
        descriptors[i] = dial(server);
        put_text(descriptors[i], "GET /wait HTTP/1.1\r\n" H "\r\n");
        if (i == 0)
            wait_for(&waiting, 1);
    }
    struct pollfd set[1 + QUEUED + EXTRA];
    for (int i = 0; i < 1 + QUEUED + EXTRA; i++)
        set[i] = (struct pollfd){.fd = descriptors[i], .events = POLLIN};
    int ready = 0;
    for (int i = 0; i < 200 && ready < EXTRA; i++) {
        usleep(10000);
        ready = poll(set, 1 + QUEUED + EXTRA, 0);
    }
    assert_int_equal(ready, EXTRA);
    for (int i = 0; i < 1 + QUEUED; i++)
        sem_post(&gate);
    for (int i = 0; i < 1 + QUEUED + EXTRA; i++) {
        struct answer answer = get(descriptors[i], false);
        assert_int_equal(answer.status, set[i].revents ? 503 : 200);
        if (set[i].revents)
            assert_non_null(strstr(answer.head, "Retry-After: 1\r\n"));
        free(answer.body);
        close(descriptors[i]);
    }
    http_stop(server, 5);
}

static void *stop_now(void *server)
{
    http_stop(server, 5);
    return NULL;
}

static void test_stop_lets_requests_end(void **state)
{
    (void)state;
    struct http_options options = options_for("127.0.0.1:0");
    struct http_server *server = start(&options);
    atomic_store(&waiting, 0);
    int busy = dial(server), idle = dial(server), left = dial(server);
    put_text(busy, "GET /wait HTTP/1.1\r\n" H "\r\n");
    put_text(left, "GET /wait HTTP/1.1\r\n" H "\r\n");
    wait_for(&waiting, 2);
    /* One client goes away while a worker has its request. */
    close(left);
    pthread_t thread;
    pthread_create(&thread, NULL, stop_now, server);
    usleep(100000);
    sem_post(&gate);
    sem_post(&gate);
    struct answer answer = get(busy, false);
    assert_int_equal(answer.status, 200);
    assert_non_null(strcasestr(answer.head, "Connection: close"));
    free(answer.body);
    pthread_join(thread, NULL);
    assert_true(is_closed(idle));
    close(busy);
    close(idle);
}

static void *stop_hard(void *server)
{
    http_stop(server, 0);
    return NULL;
}

/* Without grace: what runs is waited for, what waits gets 503, nothing aborts. */
static void test_stop_without_grace(void **state)
{
    (void)state;
    struct http_options options = options_for("127.0.0.1:0");
    options.workers = 1;
    struct http_server *server = start(&options);
    atomic_store(&waiting, 0);
    int running = dial(server), queued = dial(server), reading = dial(server);
    put_text(running, "GET /wait HTTP/1.1\r\n" H "\r\n");
    wait_for(&waiting, 1);
    put_text(queued, "GET /wait HTTP/1.1\r\n" H "\r\n");
    put_text(reading, UPLOAD "Content-Length: 900\r\n\r\n--B\r\n");
    usleep(100000);
    pthread_t thread;
    pthread_create(&thread, NULL, stop_hard, server);
    usleep(100000);
    sem_post(&gate);
    struct answer answer = get(running, false);
    assert_int_equal(answer.status, 200);
    free(answer.body);
    answer = get(queued, false);
    assert_int_equal(answer.status, 503);
    free(answer.body);
    pthread_join(thread, NULL);
    assert_true(is_closed(reading));
    close(running);
    close(queued);
    close(reading);
    assert_true(is_empty_directory());
}

static struct sockaddr_un unix_address(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    assert_true(strlen(path) < sizeof address.sun_path);
    memcpy(address.sun_path, path, strlen(path) + 1);
    return address;
}

static int dial_unix(const char *path)
{
    struct sockaddr_un to = unix_address(path);
    int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(descriptor, (struct sockaddr *)&to, sizeof to) == 0)
        return descriptor;
    close(descriptor);
    return -1;
}

static void test_unix_socket(void **state)
{
    (void)state;
    char path[256], address[300];
    snprintf(path, sizeof path, "%s/socket", directory);
    snprintf(address, sizeof address, "unix:%s", path);
    struct http_options options = options_for(address);
    options.listen[1] = "127.0.0.1:0";
    options.event_threads = 1;
    /* A socket whose server was killed. */
    struct sockaddr_un stale = unix_address(path);
    int descriptor = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(descriptor, (struct sockaddr *)&stale, sizeof stale), 0);
    close(descriptor);
    struct http_server *server = start(&options), *second = NULL;
    assert_string_equal(http_address(server, 0), address);
    assert_true(text_starts_with(http_address(server, 1), "http://127.0.0.1:"));
    struct stat status;
    assert_int_equal(lstat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    descriptor = dial_unix(path);
    put_text(descriptor, "GET /a HTTP/1.1\r\n" H "\r\n");
    struct answer answer = get(descriptor, false);
    assert_int_equal(answer.status, 200);
    free(answer.body);
    close(descriptor);
    struct treadle_error error;
    assert_int_equal(http_start(&second, &options, &error), TREADLE_EBUSY);
    assert_int_equal(access(path, F_OK), 0);
    http_stop(server, 5);
    assert_int_equal(access(path, F_OK), -1);
    /* A file that is not a socket stays. */
    close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    assert_int_equal(http_start(&second, &options, &error), TREADLE_EBUSY);
    assert_int_equal(unlink(path), 0);
}

static void test_addresses(void **state)
{
    (void)state;
    char longer[400] = "unix:/";
    memset(longer + 6, 'a', 200);
    const char *const bad[] = {"",      "127.0.0.1",     "127.0.0.1:",     "127.0.0.1:65536",
                               ":80",   "127.0.0.1:-1",  "127.0.0.1:http", "::1:80",
                               "[::1]", "[127.0.0.1:80", "unix:",          longer};
    struct http_server *server = NULL, *second = NULL;
    struct treadle_error error;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct http_options options = options_for(bad[i]);
        assert_int_equal(http_start(&server, &options, &error), TREADLE_EINVALID);
    }
    struct http_options none = options_for(NULL);
    assert_int_equal(http_start(&server, &none, &error), TREADLE_EINVALID);
    assert_null(server);
    struct http_options options = options_for("localhost:0");
    server = start(&options);
    struct http_options taken = options_for(http_address(server, 0) + strlen("http://"));
    assert_int_equal(http_start(&second, &taken, &error), TREADLE_EBUSY);
    assert_null(second);
    http_stop(server, 0);
    http_stop(NULL, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slow_clients),
        cmocka_unit_test(test_body_memory),
        cmocka_unit_test(test_idle_clients),
        cmocka_unit_test(test_stalled_reader),
        cmocka_unit_test(test_too_many_connections),
        cmocka_unit_test(test_full_queue),
        cmocka_unit_test(test_stop_lets_requests_end),
        cmocka_unit_test(test_stop_without_grace),
        cmocka_unit_test(test_unix_socket),
        cmocka_unit_test(test_addresses),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
