/*
 * Fetching images: what is an image, which addresses are public, which hosts may be asked, and
 * what becomes of redirects and of replies that are no image.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "model/image.h"
#include "openai/address.h"
#include "openai/fetcher.h"
#include "scripted_server.h"

#define PNG "\x89PNG\r\n\x1a\nrest"

/* ---- Images --------------------------------------------------------------------------------- */

static void images_are_known_by_their_bytes(void **state)
{
    (void)state;
    static const struct {
        const char *bytes, *type;
        size_t length;
    } rows[] = {
        {PNG, "image/png", 12},
        {"\xff\xd8\xff\xe0", "image/jpeg", 4},
        {"GIF89a", "image/gif", 6},
        {"GIF88a", NULL, 6},
        {"RIFF\0\0\0\0WEBPVP8 ", "image/webp", 16},
        {"RIFF\0\0\0\0WAVE", NULL, 12},
        {"\x89PNG", NULL, 4},
        {"<svg/>", NULL, 6},
        {"", NULL, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *type = image_type(rows[i].bytes, rows[i].length);
        if (rows[i].type)
            assert_string_equal(type, rows[i].type);
        else
            assert_null(type);
    }
}

static void images_become_data_urls(void **state)
{
    (void)state;
    struct buffer out;
    buffer_init(&out, 1 << 20);
    image_print(&out, "image/gif", "GIF89a!", 7);
    assert_string_equal(out.data, "data:image/gif;base64,R0lGODlhIQ==");
    buffer_reset(&out);
    char zeros[10000] = {0};
    image_print(&out, "image/png", zeros, sizeof zeros);
    assert_int_equal(out.length, strlen("data:image/png;base64,") + (10000 + 2) / 3 * 4);
    assert_int_equal(strspn(out.data + 22, "A"), 13334);
    assert_string_equal(out.data + 22 + 13334, "==");
    buffer_clear(&out);
}

/* ---- Addresses ------------------------------------------------------------------------------ */

static void addresses_are_distinguished(void **state)
{
    (void)state;
    static const char *const public[] = {"8.8.8.8",         "100.63.255.255",     "100.128.0.0",
                                         "172.15.0.1",      "172.32.0.1",         "223.255.255.255",
                                         "2606:4700::1",    "2a00:1450:4001::8a", "::ffff:8.8.8.8",
                                         "64:ff9b::8.8.8.8"};
    static const char *const local[] = {"0.0.0.0",
                                        "10.1.2.3",
                                        "100.64.0.1",
                                        "127.0.0.1",
                                        "127.9.9.9",
                                        "169.254.169.254",
                                        "172.16.0.1",
                                        "172.31.255.255",
                                        "192.168.1.1",
                                        "198.19.0.1",
                                        "224.0.0.1",
                                        "255.255.255.255",
                                        "::",
                                        "::1",
                                        "fe80::1",
                                        "fc00::1",
                                        "fd12::1",
                                        "ff02::1",
                                        "::ffff:10.0.0.1",
                                        "::127.0.0.1",
                                        "2002:7f00:1::",
                                        "2001::1",
                                        "2001:db8::1",
                                        "64:ff9b::127.0.0.1"};
    for (int want = 0; want < 2; want++) {
        const char *const *rows = want ? public : local;
        size_t count = want ? sizeof public / sizeof public[0] : sizeof local / sizeof local[0];
        for (size_t i = 0; i < count; i++) {
            struct sockaddr_in ipv4 = {.sin_family = AF_INET};
            struct sockaddr_in6 ipv6 = {.sin6_family = AF_INET6};
            bool is_ipv4 = inet_pton(AF_INET, rows[i], &ipv4.sin_addr) == 1;
            assert_true(is_ipv4 || inet_pton(AF_INET6, rows[i], &ipv6.sin6_addr) == 1);
            bool got = address_is_public(is_ipv4 ? (const struct sockaddr *)&ipv4
                                                 : (const struct sockaddr *)&ipv6);
            if (got != want)
                fail_msg("%s", rows[i]);
        }
    }
    assert_false(address_is_public(&(struct sockaddr){.sa_family = AF_UNIX}));
}

/* ---- Hosts ---------------------------------------------------------------------------------- */

static void hosts_are_checked(void **state)
{
    (void)state;
    static const char *const bad[] = {"",     "http://x", "x/y",        "*",   "*.", "a.*.b",
                                      "x:80", "[::1",     "[evil.com]", "a b", "*x"};
    static const char *const hosts[] = {"a.example", "*.b.example", "[::1]", NULL};
    static const struct {
        const char *url;
        bool may;
    } rows[] = {{"http://a.example/x.png", true},
                {"https://A.Example:8443/x", true},
                {"http://x.a.example/", false},
                {"http://b.example/", false},
                {"http://x.b.example/", true},
                {"http://y.x.B.example/", true},
                {"http://xb.example/", false},
                {"http://.b.example/", false},
                {"http://[::1]:80/", true},
                {"ftp://a.example/", false},
                {"file:///etc/passwd", false},
                {"http://u:p@a.example/", false},
                {"http://u@a.example/", false},
                {"http://a.example@b.example/", false},
                {"http://a.example.evil/", false},
                {"http://evil/#a.example", false},
                {"http://evil/?@a.example", false},
                {"data:image/png;base64,AA", false},
                {"//a.example/", false},
                {"", false}};
    struct treadle_error error;
    struct fetcher *fetcher = NULL;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const char *const list[] = {bad[i], NULL};
        assert_int_equal(fetcher_new(&fetcher, NULL, list, &error), TREADLE_EINVALID);
    }
    assert_int_equal(fetcher_new(&fetcher, NULL, hosts, &error), 0);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (fetcher_may(fetcher, rows[i].url) != rows[i].may)
            fail_msg("%s", rows[i].url);
    fetcher_free(fetcher);
    fetcher_free(NULL);
}

/* ---- Fetching ------------------------------------------------------------------------------- */

struct got {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool done;
    char type[32], message[sizeof((struct treadle_error *)0)->message];
    size_t length;
};

static void on_done(void *context, const struct fetch_outcome *outcome)
{
    struct got *got = context;
    pthread_mutex_lock(&got->mutex);
    if (outcome->error)
        snprintf(got->message, sizeof got->message, "%s", outcome->error->message);
    else
        snprintf(got->type, sizeof got->type, "%s", outcome->type);
    got->length = outcome->error ? 0 : outcome->length;
    got->done = true;
    pthread_cond_signal(&got->changed);
    pthread_mutex_unlock(&got->mutex);
}

/* Fetches /x of the server, called by that name. */
static struct got fetch(struct scripted_server *server, const char *host, const char *allowed)
{
    struct got got = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, .done = false};
    const char *const hosts[] = {allowed, NULL};
    const struct fetch_sink sink = {&got, on_done};
    struct loop *loop = NULL;
    struct fetcher *fetcher = NULL;
    struct treadle_error error;
    char url[256];
    snprintf(url, sizeof url, "http://%s%s/x", host, strrchr(scripted_server_url(server), ':'));
    assert_int_equal(loop_new(&loop, &error), 0);
    assert_int_equal(fetcher_new(&fetcher, loop, hosts, &error), 0);
    fetcher_fetch(fetcher, url, NULL, &sink);
    pthread_mutex_lock(&got.mutex);
    while (!got.done)
        pthread_cond_wait(&got.changed, &got.mutex);
    pthread_mutex_unlock(&got.mutex);
    loop_stop(loop);
    fetcher_free(fetcher);
    loop_free(loop);
    return got;
}

static void replies_are_judged(void **state)
{
    (void)state;
    char *large = malloc((IMAGE_BYTES) + 200);
    int head = sprintf(large, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n\xff\xd8\xff",
                       IMAGE_BYTES + 1);
    memset(large + head, 'x', IMAGE_BYTES - 2);
    large[head + IMAGE_BYTES - 2] = '\0';
    const struct {
        const char *reply, *type, *message;
    } rows[] = {
        {"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 12\r\n\r\n" PNG,
         "image/png", ""},
        {"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: 6\r\n\r\n<html>", "",
         "is no PNG"},
        {"HTTP/1.1 404 No\r\nContent-Length: 12\r\n\r\n" PNG, "", "did not give it"},
        {"HTTP/1.1 302 Moved\r\nLocation: http://elsewhere.example/\r\nContent-Length: 0\r\n\r\n",
         "", "not allowed"},
        {"HTTP/1.1 302 Moved\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n", "",
         "cannot be fetched"},
        {"HTTP/1.1 302 Moved\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n", "", "too often"},
        {large, "", "too large"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct scripted_server *server =
            scripted_server_start(NULL, (const char *[]){rows[i].reply, NULL});
        struct got got = fetch(server, "127.0.0.1", "127.0.0.1");
        assert_string_equal(got.type, rows[i].type);
        assert_non_null(strstr(got.message, rows[i].message));
        scripted_server_stop(server);
    }
    free(large);
}

static void a_redirect_is_followed_to_an_allowed_host(void **state)
{
    (void)state;
    struct scripted_server *server = scripted_server_start(
        NULL, (const char *[]){"HTTP/1.1 301 Moved\r\nLocation: /y\r\nContent-Length: 0\r\n\r\n",
                               "HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n" PNG, NULL});
    struct got got = fetch(server, "127.0.0.1", "127.0.0.1");
    assert_string_equal(got.type, "image/png");
    assert_int_equal(got.length, 12);
    assert_non_null(strstr(scripted_server_request(server, 1), "GET /y "));
    assert_null(strcasestr(scripted_server_request(server, 1), "authorization"));
    scripted_server_stop(server);
}

/* libcurl resolves all names below localhost to this machine. */
static void private_addresses_are_for_hosts_that_are_named(void **state)
{
    (void)state;
    struct scripted_server *server = scripted_server_start(
        NULL, (const char *[]){"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n" PNG, NULL});
    struct got got = fetch(server, "images.localhost", "*.localhost");
    assert_non_null(strstr(got.message, "not public"));
    assert_int_equal(scripted_server_connections(server), 0);
    assert_string_equal(fetch(server, "images.localhost", "images.localhost").type, "image/png");
    assert_non_null(strstr(fetch(server, "127.0.0.1", "images.localhost").message, "not allowed"));
    scripted_server_stop(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(images_are_known_by_their_bytes),
        cmocka_unit_test(images_become_data_urls),
        cmocka_unit_test(addresses_are_distinguished),
        cmocka_unit_test(hosts_are_checked),
        cmocka_unit_test(replies_are_judged),
        cmocka_unit_test(a_redirect_is_followed_to_an_allowed_host),
        cmocka_unit_test(private_addresses_are_for_hosts_that_are_named),
    };
    return cmocka_run_group_tests_name("fetch", tests, NULL, NULL);
}
