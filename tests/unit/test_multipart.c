/*
 * Multipart reading, without a server: every body is fed whole and again byte by byte, and must
 * give the same parts.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "http/multipart.h"
#include "http/uri.h"

static char directory[256];

static int make_directory(void **state)
{
    (void)state;
    const char *base = getenv("TMPDIR");
    snprintf(directory, sizeof directory, "%s/multipart-XXXXXX", base ? base : "/tmp");
    return mkdtemp(directory) ? 0 : -1;
}

static int remove_directory(void **state)
{
    (void)state;
    /* Fails, and the run with it, when a file was left. */
    return rmdir(directory);
}

#define LONGER    "a123456789b123456789c123456789d123456789e123456789f123456789g1234567890"
#define LONG_TYPE "multipart/form-data; boundary=" LONGER
#define TYPE      "multipart/form-data; boundary=B"
#define PLAIN(name, value)                                                                         \
    "--B\r\nContent-Disposition: form-data; name=\"" name "\"\r\n\r\n" value "\r\n"
#define FILE_PART(disposition, value)                                                              \
    "--B\r\nContent-Disposition: form-data; " disposition                                          \
    "\r\nContent-Type: text/plain\r\n\r\n" value "\r\n"

struct outcome {
    int rc;
    struct treadle_error error;
    struct http_part *parts;
    size_t count;
    struct http_multipart *multipart;
    struct arena *arena;
};

static struct outcome read_body(const char *type, const char *body, size_t length, size_t step)
{
    struct outcome outcome = {.arena = arena_new(0)};
    outcome.rc =
        http_multipart_new(&outcome.multipart, outcome.arena, type, directory, &outcome.error);
    for (size_t i = 0; !outcome.rc && i < length; i += step) {
        size_t take = length - i < step ? length - i : step;
        outcome.rc = http_multipart_feed(outcome.multipart, body + i, take, &outcome.error);
    }
    if (!outcome.rc)
        outcome.rc = http_multipart_finish(outcome.multipart, &outcome.parts, &outcome.count,
                                           &outcome.error);
    return outcome;
}

static void drop(struct outcome *outcome)
{
    http_multipart_free(outcome->multipart);
    arena_free(outcome->arena);
}

static void assert_file(const struct http_part *part, const char *expected, size_t length)
{
    struct stat status;
    assert_non_null(part->path);
    assert_null(part->value);
    assert_int_equal(stat(part->path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(status.st_size, length);
    assert_int_equal(part->length, length);
    char *content = malloc(length + 1);
    int file = open(part->path, O_RDONLY);
    assert_int_equal(read(file, content, length), length);
    assert_memory_equal(content, expected, length);
    close(file);
    free(content);
}

static void refused(const char *type, const char *body, size_t length, int status)
{
    for (int whole = 0; whole < 2; whole++) {
        struct outcome outcome = read_body(type, body, length, whole ? length + 1 : 1);
        if (!outcome.rc)
            fail_msg("taken: %s", body);
        assert_int_equal(outcome.error.http_status, status);
        drop(&outcome);
    }
}

static void test_parts(void **state)
{
    (void)state;
    static const char body[] = PLAIN("purpose", "assistants")
        FILE_PART("name=\"file\"; filename=\"a b.pdf\"", "one\r\ntwo\r\n--Bogus no\r\n-\r\r\n--")
            PLAIN("expires_after[anchor]", "") "--B--\r\nepilogue";
    static const size_t steps[] = {1, 2, 3, 7, 64, 4096};
    /* "--Bogus" begins with the delimiter: a real boundary must not be within content. */
    refused(TYPE, body, strlen(body), 400);
    char *legal = strdup(body);
    memcpy(strstr(legal, "--Bogus"), "--bogus", 7);
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        struct outcome outcome = read_body(TYPE, legal, strlen(legal), steps[i]);
        assert_int_equal(outcome.rc, 0);
        assert_int_equal(outcome.count, 3);
        assert_string_equal(outcome.parts[0].name, "purpose");
        assert_string_equal(outcome.parts[0].value, "assistants");
        assert_null(outcome.parts[0].filename);
        assert_null(outcome.parts[0].path);
        assert_string_equal(outcome.parts[1].filename, "a b.pdf");
        assert_string_equal(outcome.parts[1].content_type, "text/plain");
        static const char content[] = "one\r\ntwo\r\n--bogus no\r\n-\r\r\n--";
        assert_file(&outcome.parts[1], content, strlen(content));
        assert_string_equal(outcome.parts[2].name, "expires_after[anchor]");
        assert_string_equal(outcome.parts[2].value, "");
        char *path = strdup(outcome.parts[1].path);
        drop(&outcome);
        assert_int_equal(access(path, F_OK), -1);
        free(path);
    }
    free(legal);
}

static void check_name(const char *disposition, const char *filename)
{
    char body[1024];
    snprintf(body, sizeof body, "--B\r\ncontent-disposition: form-data; %s\r\n\r\nx\r\n--B--\r\n",
             disposition);
    struct outcome outcome = read_body(TYPE, body, strlen(body), 1);
    assert_int_equal(outcome.rc, 0);
    assert_int_equal(outcome.count, 1);
    assert_string_equal(outcome.parts[0].name, "file");
    if (filename)
        assert_string_equal(outcome.parts[0].filename, filename);
    else
        assert_null(outcome.parts[0].filename);
    drop(&outcome);
}

static void test_names(void **state)
{
    (void)state;
    check_name("name=file; filename=a.pdf", "a.pdf");
    check_name("name=\"file\"", NULL);
    check_name("NAME=\"file\"; FileName=\"\"", "");
    check_name("name=\"file\"; filename=\"a\\\"b\\\\c\\d.pdf\"", "a\"b\\c\\d.pdf");
    check_name("name=\"file\"; filename=\"a%22b%0D%0Ac%41.pdf\"", "a\"b\r\nc%41.pdf");
    check_name("name=\"file\"; filename=\"x; name=y\"", "x; name=y");
    check_name("name=\"file\"; filename=\"../../etc/passwd\"", "../../etc/passwd");
    check_name("name=\"file\"; filename=\"\xc3\xa4.pdf\"", "\xc3\xa4.pdf");
    check_name("name=\"file\"; filename=\"a\"; filename*=UTF-8''%e2%82%ac%20b", "\xe2\x82\xac b");
    check_name("name=\"file\"; filename*=utf-8'en'plain", "plain");
    check_name("name=\"file\"; filename=\"a\"; filename*=ISO-8859-1''%e4", "a");
}

static void test_refused(void **state)
{
    (void)state;
#define REFUSED(text) refused(TYPE, text, sizeof(text) - 1, 400)
    REFUSED("");
    REFUSED("hello");
    REFUSED("--B\r\n");
    REFUSED("--B\r\n\r\nno headers\r\n--B--\r\n");
    REFUSED("--B\r\nContent-Type: text/plain\r\n\r\nno name\r\n--B--\r\n");
    REFUSED("--B\r\nContent-Disposition: form-data\r\n\r\nno name\r\n--B--\r\n");
    REFUSED("--B\r\nContent-Disposition: attachment; name=a\r\n\r\nx\r\n--B--\r\n");
    REFUSED("--B\r\nContent-Disposition: form-data; name=\"a\r\n\r\nx\r\n--B--\r\n");
    REFUSED("--B\r\nContent-Disposition: form-data; name=\"a\"b\r\n\r\nx\r\n--B--\r\n");
    REFUSED("--B\r\nContent-Disposition: form-data;\r\n name=a\r\n\r\nx\r\n--B--\r\n");
    REFUSED("--B\r\nContent-Disposition: form-data; name=a\nX: y\r\n\r\nx\r\n--B--\r\n");
    REFUSED("--B\r\nContent-Disposition: form-data; name=a\0b\r\n\r\nx\r\n--B--\r\n");
    REFUSED("--B\r\nContent-Disposition: form-data; name=\xff\r\n\r\nx\r\n--B--\r\n");
    REFUSED("--B\r\nContent-Disposition: form-data; name=a; filename*=UTF-8''%zz\r\n\r\nx"
            "\r\n--B--\r\n");
    REFUSED(PLAIN("a", "x"));
    REFUSED(PLAIN("a", "x") "--B-");
    REFUSED(PLAIN("a", "x\0y") "--B--");
    REFUSED(PLAIN("a", "\xc3\x28") "--B--");
    REFUSED(FILE_PART("name=a; filename=b", "cut off"));
    static const char *const types[] = {"multipart/form-data",
                                        "multipart/form-data; boundary=",
                                        "multipart/form-data; boundary=\"",
                                        "multipart/form-data; boundary=\"a\rb\"",
                                        "multipart/form-data; boundary=\"a \"",
                                        LONG_TYPE};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        refused(types[i], "--B--", 5, 400);
}

static void test_boundaries(void **state)
{
    (void)state;
    static const char body[] = "preamble\r\n--a b'()+_,-./:=?  \t\r\nContent-Disposition: "
                               "form-data; name=a\r\n\r\nx\r\n--a b'()+_,-./:=?--";
    struct outcome outcome = read_body("multipart/form-data; charset=x; boundary=\"a "
                                       "b'()+_,-./:=?\"",
                                       body, strlen(body), 1);
    assert_int_equal(outcome.rc, 0);
    assert_int_equal(outcome.count, 1);
    assert_string_equal(outcome.parts[0].value, "x");
    drop(&outcome);
}

static void test_limits(void **state)
{
    (void)state;
    size_t room = 128 * 1024;
    char *body = malloc(room);
    size_t head = (size_t)snprintf(body, room,
                                   "--B\r\nContent-Disposition: form-data; name=a"
                                   "\r\n\r\n");
    memset(body + head, 'x', 64 * 1024 + 1);
    strcpy(body + head + 64 * 1024 + 1, "\r\n--B--");
    refused(TYPE, body, strlen(body), 413);
    strcpy(body + head + 64 * 1024, "\r\n--B--");
    struct outcome outcome = read_body(TYPE, body, strlen(body), 1000);
    assert_int_equal(outcome.rc, 0);
    assert_int_equal(outcome.parts[0].length, 64 * 1024);
    drop(&outcome);

    head = (size_t)snprintf(body, room, "--B\r\nContent-Disposition: form-data; name=a\r\nX: ");
    memset(body + head, 'x', 8 * 1024);
    strcpy(body + head + 8 * 1024, "\r\n\r\nx\r\n--B--");
    refused(TYPE, body, strlen(body), 400);

    for (size_t parts = 64; parts <= 65; parts++) {
        size_t length = 0;
        for (size_t i = 0; i < parts; i++)
            length += (size_t)snprintf(body + length, room - length, PLAIN("a", "x"));
        strcpy(body + length, "--B--");
        outcome = read_body(TYPE, body, strlen(body), 4096);
        assert_int_equal(outcome.rc == 0, parts == 64);
        drop(&outcome);
    }
    free(body);
}

static void test_renamed_file_stays(void **state)
{
    (void)state;
    static const char body[] = FILE_PART("name=a; filename=b", "kept") "--B--";
    struct outcome outcome = read_body(TYPE, body, strlen(body), 5);
    assert_int_equal(outcome.rc, 0);
    char kept[300];
    snprintf(kept, sizeof kept, "%s/kept", directory);
    assert_int_equal(rename(outcome.parts[0].path, kept), 0);
    drop(&outcome);
    assert_int_equal(unlink(kept), 0);
}

static void test_no_directory(void **state)
{
    (void)state;
    static const char body[] = FILE_PART("name=a; filename=b", "x") "--B--";
    struct outcome outcome = {.arena = arena_new(0)};
    assert_int_equal(
        http_multipart_new(&outcome.multipart, outcome.arena, TYPE, "/nonexistent", NULL), 0);
    assert_int_not_equal(http_multipart_feed(outcome.multipart, body, strlen(body), &outcome.error),
                         0);
    assert_int_equal(outcome.error.http_status, 500);
    drop(&outcome);
}

/* Targets are the other small parser of the room. */
static struct http_uri parse_target(struct arena *arena, const char *text)
{
    struct http_uri uri;
    if (http_uri_parse(arena, text, &uri, NULL))
        fail_msg("refused: %s", text);
    return uri;
}

static void test_targets(void **state)
{
    (void)state;
    struct arena *arena = arena_new(0);
    struct http_uri uri = parse_target(arena, "/v1/files/a%2Fb%20c+d?x=1&y=a+b%26&x=2&z&&=e");
    assert_string_equal(uri.path, "/v1/files/a%2Fb%20c+d");
    assert_int_equal(uri.segment_count, 3);
    assert_string_equal(uri.segments[0], "v1");
    assert_string_equal(uri.segments[2], "a/b c+d");
    assert_int_equal(uri.query_count, 5);
    assert_string_equal(uri.query[0].value, "1");
    assert_string_equal(uri.query[1].value, "a b&");
    assert_string_equal(uri.query[2].name, "x");
    assert_string_equal(uri.query[3].name, "z");
    assert_string_equal(uri.query[3].value, "");
    assert_string_equal(uri.query[4].name, "");
    assert_int_equal(parse_target(arena, "/").segment_count, 0);
    assert_int_equal(parse_target(arena, "/a/").segment_count, 2);
    assert_int_equal(parse_target(arena, "//").segment_count, 2);
    assert_int_equal(parse_target(arena, "*").segment_count, 0);
    assert_string_equal(parse_target(arena, "http://host:1/a?b=c").path, "/a");
    static const char *const bad[] = {
        "",     "a",     "/%",      "/%4",  "/%g0", "/%00",  "/%ff",    "/\xff",   "/%c3%28",
        "/a?%", "/?a=%", "/?a=%00", "/a b", "/a#b", "/\x7f", "https:/", "/?%80=1", "/%ed%a0%80"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct treadle_error error;
        assert_int_not_equal(http_uri_parse(arena, bad[i], &uri, &error), 0);
        assert_int_equal(error.http_status, 400);
    }
    char *longer = malloc(10000);
    memset(longer, 'a', 9999);
    longer[0] = '/';
    longer[4097] = '\0';
    assert_int_not_equal(http_uri_parse(arena, longer, &uri, NULL), 0);
    longer[4096] = '\0';
    assert_int_equal(http_uri_parse(arena, longer, &uri, NULL), 0);
    memset(longer, '/', 65);
    assert_int_not_equal(http_uri_parse(arena, longer, &uri, NULL), 0);
    strcpy(longer, "/?a");
    for (int i = 0; i < 128; i++)
        strcat(longer, "&a");
    assert_int_not_equal(http_uri_parse(arena, longer, &uri, NULL), 0);
    free(longer);
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parts),        cmocka_unit_test(test_names),
        cmocka_unit_test(test_refused),      cmocka_unit_test(test_boundaries),
        cmocka_unit_test(test_limits),       cmocka_unit_test(test_renamed_file_stays),
        cmocka_unit_test(test_no_directory), cmocka_unit_test(test_targets),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
