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
#include "document/launch.h"

enum { ROUNDS = 80, LATEST_US = 30000, PATIENCE_US = 5000000 };

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
        count += strstr(target, name) && atoi(entry->d_name) != getpid();
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

static struct launch_options options_for(int document, bool contained)
{
    return (struct launch_options){.reader = getenv("TREADLE_TEST_READER"),
                                   .contained = contained,
                                   .document = document,
                                   .memory = (uint64_t)1 << 30,
                                   .seconds = 100,
                                   .page_seconds = 100,
                                   .parts = 1};
}

/* Starts readers until it is killed. */
static void start_readers(int document, bool contained)
{
    struct launch_options options = options_for(document, contained);
    struct launch launch;
    while (launch_start(&launch, &options, NULL) == 0)
        usleep(1000);
    _exit(1);
}

static void kill_starters(const char *name, bool contained)
{
    int document = slow_document(name);
    unsigned seed = (unsigned)clock_monotonic_us();
    print_message("seed %u\n", seed);
    srandom(seed);
    for (int round = 0; round < ROUNDS; round++) {
        pid_t starter = fork();
        assert_true(starter >= 0);
        if (starter == 0)
            start_readers(document, contained);
        usleep((useconds_t)(random() % LATEST_US));
        kill(starter, SIGKILL);
        assert_int_equal(waitpid(starter, NULL, 0), starter);
    }
    close(document);
    check_none_left(name);
}

static void dies_with_its_starter(void **state)
{
    (void)state;
    kill_starters("treadle-starter", false);
}

static void dies_with_its_starter_in_a_container(void **state)
{
    (void)state;
    if (!launch_can_contain())
        skip();
    kill_starters("treadle-container", true);
}

static void is_ended_at_its_start(void **state)
{
    (void)state;
    static const char name[] = "treadle-ended";
    int document = slow_document(name);
    for (int round = 0; round < ROUNDS; round++) {
        struct launch_options options = options_for(document, launch_can_contain());
        struct launch launch;
        assert_int_equal(launch_start(&launch, &options, NULL), 0);
        usleep((useconds_t)(random() % (LATEST_US / 4)));
        launch_end(&launch, 0);
    }
    close(document);
    check_none_left(name);
}

static void leaves_none_where_its_container_is_killed(void **state)
{
    (void)state;
    static const char name[] = "treadle-orphan";
    int document = slow_document(name);
    unsigned seed = (unsigned)clock_monotonic_us();
    if (!launch_can_contain())
        skip();
    print_message("seed %u\n", seed);
    srandom(seed);
    for (int round = 0; round < ROUNDS; round++) {
        struct launch_options options = options_for(document, true);
        struct launch launch;
        assert_int_equal(launch_start(&launch, &options, NULL), 0);
        usleep((useconds_t)(random() % LATEST_US));
        kill(launch.pid, SIGKILL);
        assert_int_equal(launch_end(&launch, 1000), 128 + SIGKILL);
    }
    close(document);
    check_none_left(name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dies_with_its_starter),
        cmocka_unit_test(dies_with_its_starter_in_a_container),
        cmocka_unit_test(is_ended_at_its_start),
        cmocka_unit_test(leaves_none_where_its_container_is_killed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
