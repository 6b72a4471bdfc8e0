/*
 * Launching: posix_spawn, so that nothing runs between fork and exec in a program of many threads.
 * The child has /dev/null as standard input and error, the pipe as standard output, the document as
 * descriptor 3 and nothing else, an empty environment, and no signal blocked or ignored.
 *
 * Under bubblewrap it sees the system's libraries and its own program file, read-only, and nothing
 * else; it has no network, no other process and no capability. Sanitizers need /proc to start, so a
 * build with one gets it.
 *
 * The contained reader is bubblewrap's own child. It is killed by its process id, which bubblewrap
 * reports; bubblewrap then reaps it and ends. Bubblewrap itself must not be killed: its child waits
 * for it, at first without limit, so a bubblewrap that is killed at its very start would leave a
 * child that waits for ever, and later a zombie where no process reaps orphans. That is why
 * --die-with-parent is not used; and where bubblewrap was killed from outside, its child is killed
 * too. A reader ends by itself when its output cannot be read any more (src/reader/output.c), so
 * all of it ends soon after the process that started it.
 */
#include "document/launch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "document/frame.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define WITH_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define WITH_SANITIZER 1
#endif
#endif
#ifndef WITH_SANITIZER
#define WITH_SANITIZER 0
#endif

enum {
    ARGUMENTS = 64,
    LONGEST_LANGUAGES = 200,
    LONGEST_FORMAT = 32,
    INFO_DESCRIPTOR = FRAME_DESCRIPTOR + 1,
    LAST_WAIT =
        2000,       /* milliseconds that bubblewrap may take to start, or to end after its child */
    FIRST_FREE = 10 /* above every number that the child gets */
};

static const char bubblewrap[] = "/usr/bin/bwrap";
static const char contained_reader[] = "/treadle-reader";

_Static_assert(INFO_DESCRIPTOR == 4, "the argument of --info-fd says 4");

/* Arguments that are being made; the digits of numbers are stored beside them. */
struct arguments {
    const char *values[ARGUMENTS + 1];
    size_t count;
    char recognize[LONGEST_LANGUAGES + 16];
    char format[LONGEST_FORMAT + 16];
    char numbers[6][24];
};

bool launch_can_contain(void)
{
    return access(bubblewrap, X_OK) == 0;
}

int launch_find(char *out, size_t size, const char *reader, struct treadle_error *error)
{
    if (reader) {
        if ((size_t)snprintf(out, size, "%s", reader) >= size)
            return error_set(error, TREADLE_EINVALID,
                             "the path of the document reader is too long");
    } else {
        static const char name[] = "treadle-reader";
        ssize_t length = readlink("/proc/self/exe", out, size);
        if (length < 0)
            return error_set_errno(error, TREADLE_EIO, errno, "cannot find the document reader");
        while (length > 0 && out[length - 1] != '/')
            length--;
        if ((size_t)length + sizeof name > size)
            return error_set(error, TREADLE_EIO, "the path of the document reader is too long");
        memcpy(out + length, name, sizeof name);
    }
    if (access(out, X_OK)) {
        bool missing = errno == ENOENT || errno == ENOTDIR || errno == EACCES;
        return error_set_errno(error, missing ? TREADLE_ENOTFOUND : TREADLE_EIO, errno,
                               "cannot run the document reader %s", out);
    }
    return 0;
}

static void add(struct arguments *arguments, const char *value)
{
    if (arguments->count < ARGUMENTS)
        arguments->values[arguments->count++] = value;
}

static void add_all(struct arguments *arguments, const char *const *values)
{
    for (; *values; values++)
        add(arguments, *values);
}

static void add_container(struct arguments *arguments, const char *reader)
{
    static const char *const before[] = {bubblewrap,
                                         "--unshare-all",
                                         "--new-session",
                                         "--as-pid-1",
                                         "--clearenv",
                                         "--cap-drop",
                                         "ALL",
                                         "--ro-bind",
                                         "/usr",
                                         "/usr",
                                         "--ro-bind-try",
                                         "/lib",
                                         "/lib",
                                         "--ro-bind-try",
                                         "/lib64",
                                         "/lib64",
                                         "--ro-bind-try",
                                         "/etc/ld.so.cache",
                                         "/etc/ld.so.cache",
                                         NULL};
    static const char *const last[] = {
        contained_reader, "--chdir", "/", "--info-fd", "4", "--", NULL};
    add_all(arguments, before);
    if (WITH_SANITIZER) {
        add(arguments, "--proc");
        add(arguments, "/proc");
    }
    add(arguments, "--ro-bind");
    add(arguments, reader);
    add_all(arguments, last);
}

static void make_arguments(struct arguments *out, const struct launch_options *options)
{
    const unsigned long long numbers[] = {options->memory, options->seconds, options->page_seconds,
                                          options->part,   options->parts,   options->first};
    *out = (struct arguments){.count = 0};
    if (options->contained)
        add_container(out, options->reader);
    add(out, options->contained ? contained_reader : options->reader);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        snprintf(out->numbers[i], sizeof out->numbers[i], "%llu", numbers[i]);
        add(out, out->numbers[i]);
    }
    if (options->recognize) {
        snprintf(out->recognize, sizeof out->recognize, "recognize=%s", options->recognize);
        add(out, out->recognize);
    }
    if (options->format) {
        snprintf(out->format, sizeof out->format, "format=%s", options->format);
        add(out, out->format);
    }
    if (options->check)
        add(out, "check");
    if (options->contained)
        add(out, "contained");
}

/* What the child gets, each number at least FIRST_FREE or -1 for none. */
struct gifts {
    int output, document, info;
};

static int set_files(posix_spawn_file_actions_t *files, const struct gifts *gifts)
{
    int rc = posix_spawn_file_actions_addopen(files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (!rc)
        rc = posix_spawn_file_actions_addopen(files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    if (!rc)
        rc = posix_spawn_file_actions_adddup2(files, gifts->output, STDOUT_FILENO);
    if (!rc && gifts->document >= 0)
        rc = posix_spawn_file_actions_adddup2(files, gifts->document, FRAME_DESCRIPTOR);
    else if (!rc)
        rc = posix_spawn_file_actions_addopen(files, FRAME_DESCRIPTOR, "/dev/null", O_RDONLY, 0);
    if (!rc && gifts->info >= 0)
        rc = posix_spawn_file_actions_adddup2(files, gifts->info, INFO_DESCRIPTOR);
    if (!rc)
        rc = posix_spawn_file_actions_addclosefrom_np(files, gifts->info >= 0 ? INFO_DESCRIPTOR + 1
                                                                              : INFO_DESCRIPTOR);
    return rc;
}

static int set_signals(posix_spawnattr_t *attributes)
{
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    int rc = posix_spawnattr_setsigmask(attributes, &none);
    if (!rc)
        rc = posix_spawnattr_setsigdefault(attributes, &all);
    if (!rc)
        rc = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    return rc;
}

/* Returns 0 or an errno value. */
static int spawn(pid_t *out, const struct launch_options *options, const struct gifts *gifts)
{
    struct arguments arguments;
    char *no_environment[] = {NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    make_arguments(&arguments, options);
    int rc = posix_spawn_file_actions_init(&files);
    if (rc)
        return rc;
    rc = posix_spawnattr_init(&attributes);
    if (rc) {
        posix_spawn_file_actions_destroy(&files);
        return rc;
    }
    rc = set_files(&files, gifts);
    if (!rc)
        rc = set_signals(&attributes);
    if (!rc)
        rc = posix_spawn(out, arguments.values[0], &files, &attributes,
                         (char *const *)arguments.values, no_environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    return rc;
}

static void close_one(int descriptor)
{
    if (descriptor >= 0)
        close(descriptor);
}

/* A descriptor that becomes one of at least FIRST_FREE. Returns an errno value. */
static int move_up(int descriptor, int *out)
{
    if (descriptor < 0)
        return errno;
    *out = fcntl(descriptor, F_DUPFD_CLOEXEC, FIRST_FREE);
    int number = *out < 0 ? errno : 0;
    close(descriptor);
    return number;
}

/* A pipe. Returns an errno value. */
static int open_pipe(int *ours, int *theirs)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC))
        return errno;
    *ours = ends[0];
    return move_up(ends[1], theirs);
}

/* A pipe whose writer can read it too, so that writing does not kill the writer when this process
 * is gone: bubblewrap writes before it lets its child run. */
static int open_info(int *ours, int *theirs)
{
    char path[64];
    int ends[2];
    if (pipe2(ends, O_CLOEXEC))
        return errno;
    *ours = ends[0];
    snprintf(path, sizeof path, "/proc/self/fd/%d", ends[1]);
    int number = move_up(open(path, O_RDWR | O_CLOEXEC), theirs);
    close(ends[1]);
    return number;
}

int launch_start(struct launch *out, const struct launch_options *options,
                 struct treadle_error *error)
{
    struct gifts gifts = {.output = -1, .document = -1, .info = -1};
    struct launch launch = {.pid = -1, .handle = -1, .output = -1, .info = -1};
    int number = open_pipe(&launch.output, &gifts.output);
    if (!number && options->contained)
        number = open_info(&launch.info, &gifts.info);
    if (!number && options->document >= 0 &&
        (gifts.document = fcntl(options->document, F_DUPFD_CLOEXEC, FIRST_FREE)) < 0)
        number = errno;
    if (!number)
        number = spawn(&launch.pid, options, &gifts);
    close_one(gifts.document);
    close_one(gifts.output);
    close_one(gifts.info);
    if (number) {
        close_one(launch.output);
        close_one(launch.info);
        return error_set_errno(error, TREADLE_EIO, number, "cannot start the document reader");
    }
    launch.handle = pidfd_open(launch.pid, 0);
    *out = launch;
    return 0;
}

/* The process id of the reader in the container, which bubblewrap reports in JSON once the child
 * may run; 0 when bubblewrap ended before or takes too long. */
static pid_t contained_process(const struct launch *launch)
{
    static const char key[] = "\"child-pid\": ";
    struct pollfd ready = {.fd = launch->info, .events = POLLIN};
    char text[512];
    if (launch->info < 0 || poll(&ready, 1, LAST_WAIT) != 1)
        return 0;
    ssize_t length = read(launch->info, text, sizeof text - 1);
    if (length <= 0)
        return 0;
    text[length] = '\0';
    const char *value = strstr(text, key);
    long pid = value ? strtol(value + sizeof key - 1, NULL, 10) : 0;
    return pid > 1 && pid <= INT_MAX ? (pid_t)pid : 0;
}

/* Whether the reader in the container was killed and bubblewrap has ended after it. */
static bool kill_contained(const struct launch *launch)
{
    struct pollfd ended = {.fd = launch->handle, .events = POLLIN};
    pid_t pid = contained_process(launch);
    return pid && launch->handle >= 0 && kill(pid, SIGKILL) == 0 && poll(&ended, 1, LAST_WAIT) == 1;
}

static void kill_process(const struct launch *launch)
{
    if (kill_contained(launch))
        return;
    if (launch->handle >= 0)
        pidfd_send_signal(launch->handle, SIGKILL, NULL, 0);
    else
        kill(launch->pid, SIGKILL);
}

/* Whether the process writes to the pipe that is read here. */
static bool writes_to(const char *process, ino_t pipe)
{
    char path[300], target[64], wanted[64];
    snprintf(path, sizeof path, "/proc/%.20s/fd/1", process);
    snprintf(wanted, sizeof wanted, "pipe:[%llu]", (unsigned long long)pipe);
    ssize_t length = readlink(path, target, sizeof target - 1);
    target[length > 0 ? length : 0] = '\0';
    return strcmp(target, wanted) == 0;
}

/* Bubblewrap was killed from outside. At its very start its child waits for it without end, and the
 * child's process id may not be known yet; but the child has the pipe. */
static void kill_orphans(const struct launch *launch)
{
    struct stat status;
    DIR *processes =
        launch->info >= 0 && fstat(launch->output, &status) == 0 ? opendir("/proc") : NULL;
    for (struct dirent *entry; processes && (entry = readdir(processes));) {
        long pid = strtol(entry->d_name, NULL, 10);
        if (pid > 1 && writes_to(entry->d_name, status.st_ino))
            kill((pid_t)pid, SIGKILL);
    }
    if (processes)
        closedir(processes);
}

int launch_end(struct launch *launch, int patience)
{
    if (launch->pid < 0)
        return -1;
    struct pollfd ended = {.fd = launch->handle, .events = POLLIN};
    bool killed = launch->handle < 0 || poll(&ended, 1, patience) != 1;
    if (killed)
        kill_process(launch);
    int status = 0;
    pid_t rc;
    do
        rc = waitpid(launch->pid, &status, 0);
    while (rc < 0 && errno == EINTR);
    if (rc > 0 && WIFSIGNALED(status))
        kill_orphans(launch);
    close_one(launch->handle);
    close_one(launch->output);
    close_one(launch->info);
    *launch = (struct launch){.pid = -1, .handle = -1, .output = -1, .info = -1};
    if (killed || rc < 0)
        return -1;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
