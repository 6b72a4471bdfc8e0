/*
 * The client and the contents of files: uploads from disk and from memory, downloads piece by
 * piece.
 */
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

#include "client_setting.h"

/* ---- Files ---------------------------------------------------------------------------------- */

static void uploads_from_disk(void **state)
{
    (void)state;
    char directory[] = "/tmp/treadle-client-XXXXXX", path[128];
    struct setting setting;
    struct treadle_file_response *reply = NULL;
    struct treadle_error error = {0};
    assert_non_null(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/a\"b\n\xff.txt", directory);
    FILE *file = fopen(path, "w");
    for (int i = 0; i < 300000; i++)
        fputs("0123456789", file);
    fclose(file);
    char *busy = scripted_reply("500 No", "", "{}");
    char *good = scripted_reply("200 OK", "", "{\"id\":\"file-1\",\"bytes\":3000000}");
    start(&setting, (const char *[]){busy, good, NULL}, 1);
    assert_int_equal(treadle_file_upload(&reply, setting.client, path, NULL, &error), 0);
    assert_string_equal(reply->file.id, "file-1");
    treadle_file_response_free(reply);
    for (size_t i = 0; i < 2; i++) {
        const char *sent = scripted_server_request(setting.server, i);
        assert_non_null(strstr(sent, "POST /v1/files HTTP"));
        assert_non_null(strstr(sent, "name=\"purpose\"\r\n\r\nassistants\r\n"));
        assert_non_null(strstr(sent, "name=\"file\"; filename=\"a%22b%0A\xEF\xBF\xBD.txt\"\r\n"));
        const char *content = strstr(sent, "\r\n\r\n0123456789");
        assert_non_null(content);
        assert_int_equal(strspn(content + 4, "0123456789"), 3000000);
    }
    stop(&setting);

    start(&setting, (const char *[]){good, NULL}, -1);
    assert_int_equal(treadle_file_upload(NULL, setting.client, directory, NULL, &error),
                     TREADLE_EINVALID);
    assert_int_equal(treadle_file_upload(NULL, setting.client, "/nonexistent/x", NULL, &error),
                     TREADLE_ENOTFOUND);
    assert_int_equal(scripted_server_requests(setting.server), 0);
    stop(&setting);
    unlink(path);
    snprintf(path, sizeof path, "%s/pipe", directory);
    assert_int_equal(mkfifo(path, 0600), 0);
    start(&setting, (const char *[]){good, NULL}, -1);
    assert_int_equal(treadle_file_upload(NULL, setting.client, path, NULL, &error),
                     TREADLE_EINVALID);
    stop(&setting);
    unlink(path);
    rmdir(directory);
    free(busy);
    free(good);
}

static void uploads_from_memory(void **state)
{
    (void)state;
    struct setting setting;
    struct treadle_error error = {0};
    struct treadle_file_upload_options options = TREADLE_FILE_UPLOAD_OPTIONS_INIT;
    start_with(&setting, "200 OK", "", "{\"id\":\"file-1\"}");
    assert_int_equal(treadle_file_upload_memory(NULL, setting.client, "x", 1, &options, &error),
                     TREADLE_EINVALID);
    options.filename = "note.txt";
    options.purpose = TREADLE_PURPOSE_USER_DATA;
    options.expires_after_seconds = 3600;
    assert_int_equal(treadle_file_upload_memory(NULL, setting.client, "a\0b", 3, &options, &error),
                     0);
    const char *sent = scripted_server_request(setting.server, 0);
    size_t length = scripted_server_request_length(setting.server, 0);
    assert_non_null(strstr(sent, "\r\n\r\nuser_data\r\n"));
    assert_non_null(strstr(sent, "name=\"expires_after[anchor]\"\r\n\r\ncreated_at\r\n"));
    assert_non_null(strstr(sent, "name=\"expires_after[seconds]\"\r\n\r\n3600\r\n"));
    assert_non_null(memmem(sent, length, "\r\n\r\na\0b\r\n--", 11));
    stop(&setting);
}

struct taken {
    char bytes[64];
    size_t length;
    bool refuse;
};

static int take_content(void *context, const void *bytes, size_t length)
{
    struct taken *taken = context;
    if (taken->refuse || taken->length + length > sizeof taken->bytes)
        return -1;
    memcpy(taken->bytes + taken->length, bytes, length);
    taken->length += length;
    return 0;
}

static void delivers_content(void **state)
{
    (void)state;
    struct setting setting;
    struct treadle_response *reply = NULL;
    struct treadle_error error = {0};
    struct taken taken = {.length = 0};
    start_with(&setting, "200 OK", "X-Kind: file\r\n", "not JSON at all");
    assert_int_equal(
        treadle_file_content(&reply, setting.client, "f", take_content, &taken, &error), 0);
    assert_int_equal(taken.length, 15);
    assert_memory_equal(taken.bytes, "not JSON at all", 15);
    assert_string_equal(treadle_response_header(reply, "x-kind"), "file");
    assert_null(reply->body);
    treadle_response_free(reply);
    taken.refuse = true;
    assert_int_equal(treadle_file_content(NULL, setting.client, "f", take_content, &taken, &error),
                     TREADLE_EIO);
    FILE *stream = tmpfile();
    assert_int_equal(treadle_file_content_save(NULL, setting.client, "f", stream, &error), 0);
    assert_int_equal(ftell(stream), 15);
    fclose(stream);
    stop(&setting);

    taken = (struct taken){.length = 0};
    reply = NULL;
    start_with(&setting, "404 Not Found", "",
               "{\"error\":{\"message\":\"No file\",\"type\":\"x\"}}");
    assert_int_equal(
        treadle_file_content(&reply, setting.client, "f", take_content, &taken, &error),
        TREADLE_EREMOTE);
    assert_string_equal(reply->error_message, "No file");
    assert_int_equal(taken.length, 0);
    treadle_response_free(reply);
    stop(&setting);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(uploads_from_disk),
        cmocka_unit_test(uploads_from_memory),
        cmocka_unit_test(delivers_content),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
