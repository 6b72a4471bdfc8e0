/*
 * Confinement without a container: what a reader that was taken over can still do to others.
 *
 * Each attempt runs in a process of its own that confines itself as a reader does. The process ends
 * with status 0 when the attempt had the outcome that is named.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "reader/confine.h"

typedef int (*attempt_function)(int descriptor);

enum { UNCONFINED = 99 };

/* The status of a confined process that makes the attempt, 128 and the signal that ended it. */
static int run(attempt_function attempt)
{
    int descriptor = memfd_create("confined", MFD_CLOEXEC), status = 0;
    pid_t child = fork();
    assert_true(child >= 0 && descriptor >= 0);
    if (child == 0) {
        struct confine_options options = {.memory = (uint64_t)1 << 30, .seconds = 10};
        bool landlock = false;
        _exit(confine(&options, &landlock) ? attempt(descriptor) : UNCONFINED);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    close(descriptor);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int signals_parent(int descriptor)
{
    (void)descriptor;
    pid_t parent = getppid();
    return syscall(SYS_tgkill, parent, parent, SIGABRT) == -1 && errno == EPERM ? 0 : 1;
}

static int kills_parent(int descriptor)
{
    (void)descriptor;
    return kill(getppid(), SIGKILL) == -1 && errno == EPERM ? 0 : 1;
}

static int aborts(int descriptor)
{
    (void)descriptor;
    return (int)syscall(SYS_tgkill, getpid(), gettid(), SIGABRT);
}

static int looks_at_path(int descriptor)
{
    struct stat status;
    (void)descriptor;
    return stat("/etc/passwd", &status) == -1 && lstat("/etc/passwd", &status) == -1 ? 0 : 1;
}

static int looks_at_path_beside_descriptor(int descriptor)
{
    struct stat status;
    return fstatat(descriptor, "/etc/passwd", &status, AT_EMPTY_PATH) == -1 ? 0 : 1;
}

static int looks_at_path_by_statx(int descriptor)
{
    struct statx status;
    (void)descriptor;
    return statx(AT_FDCWD, "/etc/passwd", 0, STATX_ALL, &status) == -1 ? 0 : 1;
}

static int holds_path(int descriptor)
{
    (void)descriptor;
    return open("/etc/passwd", O_PATH) == -1 && open("/etc/passwd", O_RDONLY) == -1 ? 0 : 1;
}

static int looks_at_descriptor(int descriptor)
{
    struct stat status = {0};
    return fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode) ? 0 : 1;
}

static int connects(int descriptor)
{
    (void)descriptor;
    return socket(AF_UNIX, SOCK_STREAM, 0) == -1 ? 0 : 1;
}

static int looks_at_maps(int descriptor)
{
    struct stat status = {0};
    (void)descriptor;
    return stat("/usr/share/poppler", &status) == 0 && S_ISDIR(status.st_mode) ? 0 : 1;
}

static void touches_nobody_else(void **state)
{
    (void)state;
    assert_int_equal(run(signals_parent), 0);
    assert_int_equal(run(kills_parent), 0);
    assert_int_equal(run(aborts), 128 + SIGABRT);
    assert_int_equal(run(connects), 0);
}

static void sees_no_other_file(void **state)
{
    (void)state;
    assert_int_equal(run(looks_at_path), 0);
    assert_int_equal(run(looks_at_path_beside_descriptor), 0);
    assert_int_equal(run(looks_at_path_by_statx), 0);
    assert_int_equal(run(holds_path), 0);
    assert_int_equal(run(looks_at_descriptor), 0);
}

static void sees_its_character_maps(void **state)
{
    (void)state;
    struct confine_options options = {.memory = (uint64_t)1 << 30, .seconds = 10};
    bool landlock = false;
    int status = 0;
    pid_t child = fork();
    if (child == 0)
        _exit(confine(&options, &landlock) && landlock ? 0 : 1);
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WEXITSTATUS(status) || access("/usr/share/poppler", F_OK)) {
        print_message("SKIPPED: this kernel has no Landlock, or poppler-data is missing\n");
        skip();
    }
    assert_int_equal(run(looks_at_maps), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(touches_nobody_else),
        cmocka_unit_test(sees_no_other_file),
        cmocka_unit_test(sees_its_character_maps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
