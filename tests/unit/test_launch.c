/*
 * Launching readers: none outlives the process that started it, at whatever moment that one is
 * killed, and none is left where a reader is ended at its very start.
 *
 * The program's path is in TREADLE_TEST_READER.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "document/fork_server.h"
#include "document/launch.h"

enum { ROUNDS = 20, LATEST_US = 30000, PATIENCE_US = 5000000 };

/* A page that takes about for ever: a form that shows another one twice, and so on. */
static int slow_document(const char *name)
{
    enum { FORMS = 40 };
    int file = memfd_create(name, MFD_CLOEXEC);
    FILE *out = fdopen(dup(file), "w");
    assert_non_null(out);
    fputs("%PDF-1.4\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n"
          "2 0 obj\n<</Type/Pages/Kids[3 0 R]/Count 1>>\nendobj\n"
          "3 0 obj\n<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R"
          "/Resources<</XObject<</X 4 0 R>>>>>>\nendobj\n",
          out);
    for (int i = 0; i < FORMS; i++)
        fprintf(out,
                "%d 0 obj\n<</Type/XObject/Subtype/Form/BBox[0 0 612 792]/Length 11"
                "/Resources<</XObject<</X %d 0 R>>>>>>stream\n/X Do /X Do\nendstream\nendobj\n",
                4 + i, 5 + i);
    fputs("trailer<</Root 1 0 R>>\n%%EOF\n", out);
    assert_int_equal(fclose(out), 0);
    return file;
}

/* How many processes but this one have the document open. */
static size_t count_holders(const char *name)
{
    size_t count = 0;
    DIR *processes = opendir("/proc");
    assert_non_null(processes);
    for (struct dirent *entry; (entry = readdir(processes));) {
        char path[300], target[300];
        snprintf(path, sizeof path, "/proc/%.20s/fd/3", entry->d_name);
        ssize_t length = readlink(path, target, sizeof target - 1);
        target[length > 0 ? length : 0] = '\0';
        int pid = atoi(entry->d_name);
        count += strstr(target, name) && pid > 0 && pid != getpid();
    }
    closedir(processes);
    return count;
}

static void check_none_left(const char *name)
{
    int64_t until = clock_monotonic_us() + PATIENCE_US;
    size_t left;
    while ((left = count_holders(name)) > 0 && clock_monotonic_us() < until)
        usleep(20000);
    if (left > 0)
        fail_msg("%zu processes are left with the document open", left);
}

static struct fork_server *open_server(void)
{
    struct fork_server *server = NULL;
    assert_int_equal(fork_server_open(&server, getenv("TREADLE_TEST_READER"), NULL), 0);
    return server;
}

static struct launch_options options_for(struct fork_server *server, int document)
{
    return (struct launch_options){.server = server,
                                   .format = "pdf",
                                   .document = document,
                                   .memory = (uint64_t)1 << 30,
                                   .seconds = 100,
                                   .page_seconds = 100,
                                   .parts = 1};
}

/* Starts readers until it is killed, each tenth of a fork server of its own. */
static void start_readers(int document)
{
    struct launch launch;
    for (int i = 0;; i++) {
        static struct fork_server *server;
        if (i % 10 == 0)
            server = open_server();
        struct launch_options options = options_for(server, document);
        if (launch_start(&launch, &options, NULL))
            _exit(1);
        usleep(1000);
    }
}

/* What `round` may wait for: half of the rounds end while the fork server starts. */
static useconds_t choose_pause(int round)
{
    return (useconds_t)(random() % (round % 2 ? LATEST_US : LATEST_US * 4));
}

static unsigned choose_seed(void)
{
    unsigned seed = (unsigned)clock_monotonic_us();
    print_message("seed %u\n", seed);
    srandom(seed);
    return seed;
}

static void dies_with_its_starter(void **state)
{
    (void)state;
    static const char name[] = "treadle-starter";
    int document = slow_document(name);
    choose_seed();
    for (int round = 0; round < ROUNDS; round++) {
        pid_t starter = fork();
        assert_true(starter >= 0);
        if (starter == 0)
            start_readers(document);
        usleep(choose_pause(round));
        kill(starter, SIGKILL);
        assert_int_equal(waitpid(starter, NULL, 0), starter);
    }
    close(document);
    check_none_left(name);
}

static void is_ended_at_its_start(void **state)
{
    (void)state;
    static const char name[] = "treadle-ended";
    int document = slow_document(name);
    struct fork_server *server = open_server();
    struct launch_options options = options_for(server, document);
    for (int round = 0; round < ROUNDS; round++) {
        struct launch launch;
        assert_int_equal(launch_start(&launch, &options, NULL), 0);
        usleep((useconds_t)(random() % (LATEST_US / 4)));
        assert_int_equal(launch_end(&launch, 0), -1);
    }
    close(document);
    check_none_left(name);
    fork_server_close(server);
}

/* The process that this one started: bubblewrap where readers are contained. */
static pid_t find_child(void)
{
    char path[64], text[64] = "";
    snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    assert_non_null(fgets(text, sizeof text, file));
    fclose(file);
    return (pid_t)atoi(text);
}

static pid_t find_grandchild(pid_t child)
{
    char path[64], text[64] = "";
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)child, (int)child);
    FILE *file = fopen(path, "re");
    if (file && fgets(text, sizeof text, file))
        child = (pid_t)atoi(text);
    if (file)
        fclose(file);
    return child;
}

/* Its readers go with it and say so, and the next document gets another. */
static void is_started_again_when_it_was_killed(void **state)
{
    (void)state;
    static const char name[] = "treadle-killed";
    int document = slow_document(name);
    struct fork_server *server = open_server();
    struct launch_options options = options_for(server, document);
    for (int round = 0; round < 3; round++) {
        struct launch first, second;
        char byte;
        assert_int_equal(launch_start(&first, &options, NULL), 0);
        assert_int_equal(read(first.output, &byte, 1), 1);
        pid_t child = find_child();
        kill(fork_server_contains(server) ? find_grandchild(child) : child, SIGKILL);
        assert_int_equal(launch_end(&first, 5000), 128 + SIGKILL);
        check_none_left(name);
        assert_int_equal(launch_start(&second, &options, NULL), 0);
        assert_int_equal(read(second.output, &byte, 1), 1);
        assert_int_equal(launch_end(&second, 0), -1);
    }
    fork_server_close(server);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    close(document);
    check_none_left(name);
}

/* Where bubblewrap was killed its child waits without end, or serves without it. */
static void leaves_none_where_its_container_is_killed(void **state)
{
    (void)state;
    static const char name[] = "treadle-orphan";
    int document = slow_document(name);
    if (!fork_server_can_contain())
        skip();
    choose_seed();
    for (int round = 0; round < ROUNDS; round++) {
        struct fork_server *server = open_server();
        struct launch_options options = options_for(server, document);
        struct launch launch;
        pid_t killer = fork();
        assert_true(killer >= 0);
        if (killer == 0) {
            char line[64] = "";
            usleep(choose_pause(round));
            snprintf(line, sizeof line, "/proc/%d/task/%d/children", (int)getppid(),
                     (int)getppid());
            FILE *file = fopen(line, "re");
            pid_t one = 0, two = 0;
            if (file && fscanf(file, "%d %d", &one, &two) > 0)
                kill(one == getpid() ? two : one, SIGKILL);
            _exit(0);
        }
        /* It may have been started without a container then. */
        assert_int_equal(launch_start(&launch, &options, NULL), 0);
        assert_int_equal(waitpid(killer, NULL, 0), killer);
        launch_end(&launch, 0);
        fork_server_close(server);
    }
    close(document);
    check_none_left(name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dies_with_its_starter),
        cmocka_unit_test(is_ended_at_its_start),
        cmocka_unit_test(is_started_again_when_it_was_killed),
        cmocka_unit_test(leaves_none_where_its_container_is_killed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
