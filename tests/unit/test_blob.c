/*
 * File contents in a directory: taken over whole, read back, removed, and nothing beyond the
 * directory reached by any id or path.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "db_fixture.h"
#include "store/blob.h"

struct state {
    struct fixture fixture;
    struct blob_store *store;
};

static int setup(void **out)
{
    struct state *state = calloc(1, sizeof *state);
    struct treadle_error error;
    *out = state;
    if (!state || fixture_make(&state->fixture) != 0)
        return -1;
    snprintf(state->fixture.path, sizeof state->fixture.path, "%s/blobs", state->fixture.directory);
    return blob_open(&state->store, state->fixture.path, &error);
}

static int teardown(void **out)
{
    struct state *state = *out;
    blob_close(state->store);
    int result = fixture_remove(&state->fixture);
    free(state);
    return result;
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

/* Makes a finished upload and puts its path into `path`. */
static void make_upload(const struct state *state, const char *name, const char *text,
                        char path[PATH_MAX])
{
    snprintf(path, PATH_MAX, "%s/%s", blob_temporary_directory(state->store), name);
    write_file(path, text);
}

static bool exists(const char *path)
{
    struct stat status;
    return lstat(path, &status) == 0;
}

static void assert_contents(struct state *state, const char *id, const char *text)
{
    struct treadle_error error;
    char bytes[64];
    int descriptor = -1;
    uint64_t length = 99;
    assert_int_equal(blob_read(state->store, id, &descriptor, &length, &error), 0);
    assert_int_equal(length, strlen(text));
    assert_int_equal(read(descriptor, bytes, sizeof bytes), length);
    assert_memory_equal(bytes, text, length);
    assert_int_equal(fcntl(descriptor, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    assert_int_equal(fcntl(descriptor, F_GETFL) & O_ACCMODE, O_RDONLY);
    close(descriptor);
}

static void assert_missing(struct state *state, const char *id)
{
    struct treadle_error error;
    int descriptor = -7;
    uint64_t length = 99;
    assert_int_equal(blob_read(state->store, id, &descriptor, &length, &error), TREADLE_ENOTFOUND);
    assert_int_equal(descriptor, -7);
    assert_int_equal(length, 99);
}

static void test_adopt_read_remove(void **out)
{
    struct state *state = *out;
    struct treadle_error error;
    char path[PATH_MAX];
    make_upload(state, "one", "hello", path);
    assert_missing(state, "file-abcXY");
    assert_int_equal(blob_adopt(state->store, "file-abcXY", path, NULL, &error), 0);
    assert_false(exists(path));
    assert_contents(state, "file-abcXY", "hello");
    make_upload(state, "two", "", path);
    assert_int_equal(blob_adopt(state->store, "file-defXY", path, NULL, &error), 0);
    assert_contents(state, "file-defXY", "");

    blob_close(state->store);
    state->store = NULL;
    assert_int_equal(blob_open(&state->store, state->fixture.path, &error), 0);
    assert_contents(state, "file-abcXY", "hello");

    assert_int_equal(blob_remove(state->store, "file-abcXY", &error), 0);
    assert_missing(state, "file-abcXY");
    assert_int_equal(blob_remove(state->store, "file-abcXY", &error), 0);
    assert_int_equal(blob_remove(state->store, "file-never-there", &error), 0);
    assert_contents(state, "file-defXY", "");
}

static void test_id_is_taken_once(void **out)
{
    struct state *state = *out;
    struct treadle_error error;
    char path[PATH_MAX];
    make_upload(state, "one", "first", path);
    assert_int_equal(blob_adopt(state->store, "file-1", path, NULL, &error), 0);
    make_upload(state, "two", "second", path);
    assert_int_equal(blob_adopt(state->store, "file-1", path, NULL, &error), TREADLE_EIO);
    assert_true(exists(path));
    assert_contents(state, "file-1", "first");
}

static void test_strange_ids_are_refused(void **out)
{
    struct state *state = *out;
    struct treadle_error error;
    char path[PATH_MAX], long_id[1000];
    int descriptor;
    uint64_t length;
    memset(long_id, 'a', sizeof long_id);
    long_id[sizeof long_id - 1] = '\0';
    const char *ids[] = {"",     "a",   "..",      ".",      "../x",          "/etc/passwd",
                         "a/b",  "a b", "file\n1", "file.1", "file-\xC3\xA9", "x/../../y",
                         long_id};
    make_upload(state, "one", "hello", path);
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        assert_int_equal(blob_adopt(state->store, ids[i], path, NULL, &error), TREADLE_EINVALID);
        assert_int_equal(blob_read(state->store, ids[i], &descriptor, &length, &error),
                         TREADLE_EINVALID);
        assert_int_equal(blob_remove(state->store, ids[i], &error), TREADLE_EINVALID);
    }
    assert_true(exists(path));
}

static void test_only_temporary_files_are_adopted(void **out)
{
    struct state *state = *out;
    struct treadle_error error;
    const char *temporary = blob_temporary_directory(state->store);
    char outside[PATH_MAX], path[PATH_MAX + 64];
    snprintf(outside, sizeof outside, "%s/secret", state->fixture.directory);
    write_file(outside, "secret");
    assert_int_equal(blob_adopt(state->store, "file-1", outside, NULL, &error), TREADLE_EINVALID);
    const char *names[] = {"/../../secret", "/", "", "/.", "/..", "x/secret", "//secret"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(path, sizeof path, "%s%s", temporary, names[i]);
        assert_int_equal(blob_adopt(state->store, "file-1", path, NULL, &error), TREADLE_EINVALID);
    }
    snprintf(path, sizeof path, "%s/link", temporary);
    assert_int_equal(symlink(outside, path), 0);
    assert_int_equal(blob_adopt(state->store, "file-1", path, NULL, &error), TREADLE_EIO);
    snprintf(path, sizeof path, "%s/fifo", temporary);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(blob_adopt(state->store, "file-1", path, NULL, &error), TREADLE_EIO);
    snprintf(path, sizeof path, "%s/missing", temporary);
    assert_int_equal(blob_adopt(state->store, "file-1", path, NULL, &error), TREADLE_EIO);
    assert_missing(state, "file-1");
    assert_true(exists(outside));
}

/* A link that somebody put in a blob's place is not followed. */
static void test_links_are_not_followed(void **out)
{
    struct state *state = *out;
    struct treadle_error error;
    char outside[PATH_MAX], path[PATH_MAX + 64];
    int descriptor;
    uint64_t length;
    snprintf(outside, sizeof outside, "%s/secret", state->fixture.directory);
    write_file(outside, "secret");
    make_upload(state, "one", "hello", path);
    assert_int_equal(blob_adopt(state->store, "file-XY", path, NULL, &error), 0);
    assert_int_equal(blob_settle(state->store, "file-XY", &error), 0);
    snprintf(path, sizeof path, "%s/XY/other-XY", state->fixture.path);
    assert_int_equal(symlink(outside, path), 0);
    assert_int_equal(blob_read(state->store, "other-XY", &descriptor, &length, &error),
                     TREADLE_EIO);
    snprintf(path, sizeof path, "%s/ZZ", state->fixture.path);
    assert_int_equal(symlink(state->fixture.directory, path), 0);
    assert_int_equal(blob_read(state->store, "file-ZZ", &descriptor, &length, &error), TREADLE_EIO);
}

static int know_one(void *context, const char *id, struct treadle_error *error)
{
    (void)context;
    (void)error;
    return strcmp(id, "file-1") == 0 || strcmp(id, "file-2") == 0;
}

static void test_recovering_ends_what_was_begun(void **out)
{
    struct state *state = *out;
    struct treadle_error error;
    char upload[PATH_MAX], kept[PATH_MAX], folder[PATH_MAX + 64];
    make_upload(state, "kept", "kept", kept);
    assert_int_equal(blob_adopt(state->store, "file-1", kept, NULL, &error), 0);
    make_upload(state, "kept", "begun", kept);
    assert_int_equal(blob_adopt(state->store, "file-2", kept, NULL, &error), 0);
    make_upload(state, "kept", "without a row", kept);
    assert_int_equal(blob_adopt(state->store, "file-3", kept, NULL, &error), 0);
    assert_int_equal(blob_settle(state->store, "file-1", &error), 0);
    make_upload(state, "left over", "half an upl", upload);
    snprintf(folder, sizeof folder, "%s/folder", blob_temporary_directory(state->store));
    assert_int_equal(mkdir(folder, 0700), 0);
    blob_close(state->store);
    state->store = NULL;
    assert_int_equal(blob_open(&state->store, state->fixture.path, &error), 0);
    /* Nothing is removed before it is known what has a row. */
    assert_true(exists(upload));
    assert_contents(state, "file-2", "begun");
    assert_int_equal(blob_recover(state->store, know_one, NULL, &error), 0);
    assert_false(exists(upload));
    assert_contents(state, "file-1", "kept");
    assert_contents(state, "file-2", "begun");
    int descriptor;
    uint64_t length;
    assert_int_equal(blob_read(state->store, "file-3", &descriptor, &length, &error),
                     TREADLE_ENOTFOUND);
    assert_int_equal(blob_recover(state->store, NULL, NULL, &error), 0);
    assert_contents(state, "file-2", "begun");
}

static void test_what_was_changed_is_noticed(void **out)
{
    struct state *state = *out;
    struct treadle_error error;
    struct blob_sum sum;
    char upload[PATH_MAX], path[PATH_MAX + 16];
    make_upload(state, "upload", "abc", upload);
    assert_int_equal(blob_adopt(state->store, "file-XY", upload, &sum, &error), 0);
    assert_int_equal(blob_settle(state->store, "file-XY", &error), 0);
    assert_int_equal(sum.length, 3);
    assert_string_equal(sum.sha256,
                        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    snprintf(path, sizeof path, "%s/XY/file-XY", state->fixture.path);
    static const char *const texts[] = {"abc", "abd", "ab", "abcd"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        write_file(path, texts[i]);
        int descriptor = open(path, O_RDONLY);
        assert_int_equal(blob_verify(descriptor, "file-XY", &sum, &error), i ? TREADLE_EIO : 0);
        close(descriptor);
    }
}

static void test_marks(void **out)
{
    struct state *state = *out;
    struct treadle_error error;
    char mark[BLOB_MARK_SIZE];
    assert_int_equal(blob_mark_read(state->store, mark, &error), TREADLE_ENOTFOUND);
    assert_int_equal(blob_mark_write(state->store, "one 1", &error), 0);
    assert_int_equal(blob_mark_write(state->store, "one 2", &error), 0);
    assert_int_equal(blob_mark_read(state->store, mark, &error), 0);
    assert_string_equal(mark, "one 2");
}

static void test_open(void **out)
{
    struct state *state = *out;
    struct treadle_error error;
    struct blob_store *second = NULL;
    struct stat status;
    char path[PATH_MAX];
    assert_int_equal(blob_open(&second, state->fixture.path, &error), TREADLE_EBUSY);
    assert_int_equal(stat(state->fixture.path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0700);
    snprintf(path, sizeof path, "%s/missing/blobs", state->fixture.directory);
    assert_int_equal(blob_open(&second, path, &error), TREADLE_EIO);
    snprintf(path, sizeof path, "%s/file", state->fixture.directory);
    write_file(path, "");
    assert_int_equal(blob_open(&second, path, &error), TREADLE_EIO);
    snprintf(path, sizeof path, "%s/link", state->fixture.directory);
    assert_int_equal(symlink(state->fixture.path, path), 0);
    assert_int_equal(blob_open(&second, path, &error), TREADLE_EBUSY);
    assert_null(second);
    blob_close(NULL);
}

struct uploader {
    struct state *state;
    int number;
    int failures;
};

static void *upload_many(void *argument)
{
    struct uploader *uploader = argument;
    for (int i = 0; i < 20; i++) {
        char path[PATH_MAX], name[32], id[32];
        snprintf(name, sizeof name, "upload-%d", uploader->number);
        /* All threads meet in the same few directories. */
        snprintf(id, sizeof id, "file-%d-%02d", uploader->number, i);
        make_upload(uploader->state, name, id, path);
        uploader->failures += blob_adopt(uploader->state->store, id, path, NULL, NULL) != 0;
    }
    return NULL;
}

static void test_many_at_once(void **out)
{
    enum { THREADS = 6 };
    struct uploader uploaders[THREADS];
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        uploaders[i] = (struct uploader){.state = *out, .number = i};
        assert_int_equal(pthread_create(&threads[i], NULL, upload_many, &uploaders[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(uploaders[i].failures, 0);
    }
    for (int i = 0; i < THREADS; i++) {
        char id[32];
        snprintf(id, sizeof id, "file-%d-%02d", i, 19);
        assert_contents(*out, id, id);
    }
}

struct visits {
    char ids[8][32];
    size_t count, most;
};

static int note_visit(void *context, const char *id, uint64_t length)
{
    struct visits *visits = context;
    assert_int_equal(length, 1);
    snprintf(visits->ids[visits->count++], sizeof visits->ids[0], "%s", id);
    return visits->count == visits->most ? 7 : 0;
}

static void test_every_blob_is_visited(void **out)
{
    struct state *state = *out;
    struct treadle_error error;
    char path[PATH_MAX], stray[PATH_MAX + 32];
    static const char *const ids[] = {"file-1aa", "file-2bb", "file-3bb"};
    for (size_t i = 0; i < 3; i++) {
        make_upload(state, "upload", "x", path);
        assert_int_equal(blob_adopt(state->store, ids[i], path, NULL, &error), 0);
        assert_int_equal(blob_settle(state->store, ids[i], &error), 0);
    }
    make_upload(state, "under_way", "x", path);
    snprintf(stray, sizeof stray, "%s/bb/none of ours", state->fixture.path);
    write_file(stray, "x");
    struct visits visits = {.most = 8};
    assert_int_equal(blob_each(state->store, note_visit, &visits, &error), 0);
    assert_int_equal(visits.count, 3);
    for (size_t i = 0; i < 3; i++) {
        size_t found = 0;
        for (size_t j = 0; j < 3; j++)
            found += strcmp(ids[i], visits.ids[j]) == 0;
        assert_int_equal(found, 1);
    }
    visits = (struct visits){.most = 2};
    assert_int_equal(blob_each(state->store, note_visit, &visits, &error), 7);
    assert_int_equal(visits.count, 2);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_every_blob_is_visited),
        TEST(test_adopt_read_remove),
        TEST(test_id_is_taken_once),
        TEST(test_strange_ids_are_refused),
        TEST(test_only_temporary_files_are_adopted),
        TEST(test_links_are_not_followed),
        TEST(test_recovering_ends_what_was_begun),
        TEST(test_what_was_changed_is_noticed),
        TEST(test_marks),
        TEST(test_open),
        TEST(test_many_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
