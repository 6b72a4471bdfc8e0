/*
 * The database when things break: a disk that fills up, a process that is killed.
 *
 * Each case runs in a child process. What must hold in all of them: a row is there afterwards if
 * and only if its write was acknowledged (after a kill: at least if).
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "db_fixture.h"
#include "store/db.h"

enum { FAILED = 1, SKIPPED = 77 };

/* cmocka's asserts jump to the parent's frames, so a child has its own. */
#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "line %d: %s\n", __LINE__, #condition);                                \
            _exit(FAILED);                                                                         \
        }                                                                                          \
    } while (0)

static int setup(void **out)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    *out = fixture;
    return fixture ? fixture_make(fixture) : -1;
}

static int teardown(void **out)
{
    int result = fixture_remove(*out);
    free(*out);
    return result;
}

static int exit_status(pid_t child)
{
    int status;
    if (waitpid(child, &status, 0) != child)
        return FAILED;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int check_integrity(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct db_statement *statement;
    bool *sound = argument;
    int result = db_prepare(session, &statement, "PRAGMA integrity_check", error);
    if (result == 0)
        result = db_step(statement, error);
    if (result > 0)
        *sound = strcmp(db_column_text(statement, 0, NULL), "ok") == 0;
    return result < 0 ? result : 0;
}

static bool is_sound(struct db *db)
{
    bool sound = false;
    return db_read(db, check_integrity, &sound, NULL) == 0 && sound;
}

struct flood {
    struct db *db;
    atomic_int next;
    atomic_int written;
    atomic_int wrong_errors;
};

/* Small rows among large ones, until the disk is full. */
static void *pour(void *argument)
{
    struct flood *flood = argument;
    int number = 0;
    for (int failures = 0; failures < 3 && number < 10000;) {
        struct treadle_error error = {0};
        number = atomic_fetch_add(&flood->next, 1);
        struct fixture_row row = {number, number % 3 ? 100 : 50000};
        int result = db_write(flood->db, fixture_insert, &row, &error);
        if (result == 0) {
            atomic_fetch_add(&flood->written, 1);
        } else {
            failures++;
            if (result != TREADLE_EIO || error.http_status != 507 ||
                !strstr(error.message, "disk is full"))
                atomic_fetch_add(&flood->wrong_errors, 1);
        }
    }
    return NULL;
}

/* Fills the disk from several threads at once, makes room, and continues. */
static void fill_and_go_on(const char *path, void (*make_room)(const char *path))
{
    enum { THREADS = 6 };
    struct flood flood = {.next = 1};
    struct treadle_error error;
    pthread_t threads[THREADS];
    CHECK(db_open_sqlite(&flood.db, path, fixture_migrations, &error) == 0);
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < THREADS; i++)
            CHECK(pthread_create(&threads[i], NULL, pour, &flood) == 0);
        for (int i = 0; i < THREADS; i++)
            CHECK(pthread_join(threads[i], NULL) == 0);
        CHECK(atomic_load(&flood.written) > 0);
        CHECK(atomic_load(&flood.wrong_errors) == 0);
        CHECK(fixture_count(flood.db) == atomic_load(&flood.written));
    }
    make_room(path);
    for (int i = 0; i < 5; i++) {
        struct fixture_row row = {atomic_fetch_add(&flood.next, 1), 20000};
        CHECK(db_write(flood.db, fixture_insert, &row, &error) == 0);
        atomic_fetch_add(&flood.written, 1);
    }
    CHECK(is_sound(flood.db));
    db_close(flood.db);
    CHECK(db_open_sqlite(&flood.db, path, fixture_migrations, &error) == 0);
    CHECK(fixture_count(flood.db) == atomic_load(&flood.written));
    CHECK(is_sound(flood.db));
    db_close(flood.db);
}

static void lift_limit(const char *path)
{
    struct rlimit limit;
    (void)path;
    CHECK(getrlimit(RLIMIT_FSIZE, &limit) == 0);
    limit.rlim_cur = limit.rlim_max;
    CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
}

static void test_file_size_limit(void **out)
{
    struct fixture *fixture = *out;
    pid_t child = fork();
    if (child == 0) {
        struct rlimit limit;
        signal(SIGXFSZ, SIG_IGN);
        CHECK(getrlimit(RLIMIT_FSIZE, &limit) == 0);
        limit.rlim_cur = 2 << 20;
        CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
        fill_and_go_on(fixture->path, lift_limit);
        _exit(0);
    }
    assert_int_equal(exit_status(child), 0);
}

static void filler_path(char out[PATH_MAX], const char *path)
{
    snprintf(out, PATH_MAX, "%.*s-filler", PATH_MAX - 8, path);
}

static void remove_filler(const char *path)
{
    char filler[PATH_MAX];
    filler_path(filler, path);
    CHECK(unlink(filler) == 0);
}

/* A small file system of the child's own, which goes when it ends. */
static void mount_small(const struct fixture *fixture)
{
    if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("tmpfs", fixture->directory, "tmpfs", 0, "size=3m") != 0)
        _exit(SKIPPED);
}

static void test_full_disk(void **out)
{
    struct fixture *fixture = *out;
    pid_t child = fork();
    if (child == 0) {
        char filler[PATH_MAX];
        mount_small(fixture);
        filler_path(filler, fixture->path);
        int file = open(filler, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
        CHECK(file >= 0);
        CHECK(posix_fallocate(file, 0, 1 << 20) == 0);
        CHECK(close(file) == 0);
        fill_and_go_on(fixture->path, remove_filler);
        _exit(0);
    }
    int status = exit_status(child);
    if (status == SKIPPED) {
        print_message(
            "SKIPPED: only root can mount a small disk; test_file_size_limit stands in\n");
        skip();
    }
    assert_int_equal(status, 0);
}

struct reporter {
    struct db *db;
    int pipe;
    atomic_int next;
};

static void *write_and_report(void *argument)
{
    struct reporter *reporter = argument;
    for (;;) {
        int64_t number = atomic_fetch_add(&reporter->next, 1);
        struct fixture_row row = {number, (size_t)(number % 7) * 1000};
        CHECK(db_write(reporter->db, fixture_insert, &row, NULL) == 0);
        CHECK(write(reporter->pipe, &number, sizeof number) == sizeof number);
    }
    return NULL;
}

/* Writes from several threads until it is killed, and prints each acknowledged number. */
static void write_for_ever(const char *path, int pipe, int start)
{
    enum { THREADS = 6 };
    struct reporter reporter = {.pipe = pipe, .next = start};
    struct treadle_error error;
    pthread_t thread;
    CHECK(db_open_sqlite(&reporter.db, path, fixture_migrations, &error) == 0);
    for (int i = 0; i < THREADS; i++)
        CHECK(pthread_create(&thread, NULL, write_and_report, &reporter) == 0);
    for (;;)
        pause();
}

struct numbers {
    int64_t *list;
    size_t count, size;
};

/* Reads what was acknowledged, kills the child after `enough` of it, reads the rest. */
static void collect(int pipe, pid_t child, struct numbers *numbers, size_t enough)
{
    size_t start = numbers->count;
    bool killed = false;
    while (numbers->count < numbers->size &&
           read(pipe, &numbers->list[numbers->count], sizeof(int64_t)) == sizeof(int64_t)) {
        numbers->count++;
        if (!killed && numbers->count - start >= enough) {
            kill(child, SIGKILL);
            killed = true;
        }
    }
}

static int find_numbers(struct db_session *session, void *argument, struct treadle_error *error)
{
    const struct numbers *numbers = argument;
    for (size_t i = 0; i < numbers->count; i++) {
        struct db_statement *statement;
        int result = db_prepare(session, &statement,
                                "SELECT length(filling) FROM numbers WHERE number = ?1", error);
        if (result < 0)
            return result;
        db_bind_integer(statement, 1, numbers->list[i]);
        if (db_step(statement, error) != 1 ||
            db_column_integer(statement, 0) != numbers->list[i] % 7 * 1000)
            return TREADLE_ENOTFOUND;
    }
    return 0;
}

static void test_killed_while_writing(void **out)
{
    struct fixture *fixture = *out;
    struct treadle_error error;
    struct numbers numbers = {.size = 100000};
    numbers.list = calloc(numbers.size, sizeof *numbers.list);
    assert_non_null(numbers.list);
    for (int round = 0; round < 4; round++) {
        int ends[2];
        assert_int_equal(pipe(ends), 0);
        pid_t child = fork();
        if (child == 0) {
            close(ends[0]);
            write_for_ever(fixture->path, ends[1], 1 + round * 1000000);
        }
        close(ends[1]);
        collect(ends[0], child, &numbers, 100 + (size_t)round * 77);
        close(ends[0]);
        assert_int_equal(exit_status(child), 128 + SIGKILL);
        /* The lock went with the process. */
        struct db *db = NULL;
        assert_int_equal(db_open_sqlite(&db, fixture->path, fixture_migrations, &error), 0);
        assert_int_equal(db_read(db, find_numbers, &numbers, &error), 0);
        assert_true(is_sound(db));
        db_close(db);
    }
    assert_true(numbers.count >= 4 * 100);
    free(numbers.list);
}

static void test_lock_of_another_process(void **out)
{
    struct fixture *fixture = *out;
    struct treadle_error error;
    struct db *db = NULL;
    assert_int_equal(db_open_sqlite(&db, fixture->path, fixture_migrations, &error), 0);
    char process[32];
    snprintf(process, sizeof process, "process %ld", (long)getpid());
    pid_t child = fork();
    if (child == 0) {
        struct db *second = NULL;
        CHECK(db_open_sqlite(&second, fixture->path, fixture_migrations, &error) == TREADLE_EBUSY);
        CHECK(strstr(error.message, process) != NULL);
        _exit(0);
    }
    assert_int_equal(exit_status(child), 0);
    db_close(db);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_file_size_limit),
        TEST(test_full_disk),
        TEST(test_killed_while_writing),
        TEST(test_lock_of_another_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
