/*
 * Fork server: posix_spawn, so that nothing runs between fork and exec in a program of many
 * threads.
 *
 * The process has /dev/null as standard input, output and error, its socket as descriptor 3 and
 * nothing else, an empty environment, and no signal blocked or ignored. Under bubblewrap it and its
 * readers see the system's libraries and their own program file, read-only, and nothing else; they
 * have no network, no other process and no capability. Sanitizers need /proc to start, so a build
 * with one gets it. Where bubblewrap is forbidden to work, the process does not get as far as to
 * report that it serves: then, and only then, it is started once more without.
 *
 * The contained process is bubblewrap's own child. It ends when its socket is closed, also because
 * the process that started it was killed, and its readers with it. Bubblewrap itself is not to be
 * killed: its child waits for it, at first without end, so a bubblewrap that is killed at its very
 * start would leave one that waits for ever. That is why --die-with-parent is not used; and where
 * it was killed from outside, its child is killed too. Where the contained process must be killed,
 * it is by its process id, which bubblewrap reports; bubblewrap then reaps it and ends.
 */
#include "document/fork_server.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"

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
    INFO_DESCRIPTOR = FRAME_DESCRIPTOR + 1,
    START_WAIT = 20000, /* milliseconds until it serves, on a machine that is very busy */
    LAST_WAIT = 2000,   /* milliseconds that a process may take to end */
    SEND_SECONDS = 5,   /* within which a process that serves takes a request */
    FIRST_FREE = 10     /* above every number that the child gets */
};

static const char bubblewrap[] = "/usr/bin/bwrap";
static const char contained_reader[] = "/treadle-reader";

_Static_assert(INFO_DESCRIPTOR == 4, "the argument of --info-fd says 4");

struct process {
    pid_t pid;   /* of bubblewrap where it is contained; 0: there is none */
    int handle;  /* a descriptor of it */
    int socket;  /* where it takes requests */
    ino_t inode; /* of its end of the socket */
    int info;    /* under bubblewrap: reports which process it is; else -1 */
};

struct fork_server {
    pthread_mutex_t mutex;
    struct process process;
    bool contained;
    char reader[PATH_MAX];
};

bool fork_server_can_contain(void)
{
    return access(bubblewrap, X_OK) == 0;
}

static void close_one(int descriptor)
{
    if (descriptor >= 0)
        close(descriptor);
}

/* ---- Starting ------------------------------------------------------------------------------- */

struct arguments {
    const char *values[ARGUMENTS + 1];
    size_t count;
};

static void add_all(struct arguments *arguments, const char *const *values)
{
    for (; *values && arguments->count < ARGUMENTS; values++)
        arguments->values[arguments->count++] = *values;
}

static void make_arguments(struct arguments *out, const char *reader, bool contained)
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
    static const char *const processes[] = {"--proc", "/proc", NULL};
    const char *const last[] = {
        "--ro-bind", reader, contained_reader, "--chdir", "/",         "--info-fd",
        "4",         "--",   contained_reader, "serve",   "contained", NULL};
    const char *const alone[] = {reader, "serve", NULL};
    *out = (struct arguments){.count = 0};
    if (contained)
        add_all(out, before);
    if (contained && WITH_SANITIZER)
        add_all(out, processes);
    add_all(out, contained ? last : alone);
}

static int set_files(posix_spawn_file_actions_t *files, int socket, int info)
{
    int rc = posix_spawn_file_actions_addopen(files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (!rc)
        rc = posix_spawn_file_actions_addopen(files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    if (!rc)
        rc = posix_spawn_file_actions_addopen(files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    if (!rc)
        rc = posix_spawn_file_actions_adddup2(files, socket, FRAME_DESCRIPTOR);
    if (!rc && info >= 0)
        rc = posix_spawn_file_actions_adddup2(files, info, INFO_DESCRIPTOR);
    if (!rc)
        rc = posix_spawn_file_actions_addclosefrom_np(files, info >= 0 ? INFO_DESCRIPTOR + 1
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
static int spawn(pid_t *out, const struct arguments *arguments, int socket, int info)
{
    char *no_environment[] = {NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    int rc = posix_spawn_file_actions_init(&files);
    if (rc)
        return rc;
    rc = posix_spawnattr_init(&attributes);
    if (rc) {
        posix_spawn_file_actions_destroy(&files);
        return rc;
    }
    rc = set_files(&files, socket, info);
    if (!rc)
        rc = set_signals(&attributes);
    if (!rc)
        rc = posix_spawn(out, arguments->values[0], &files, &attributes,
                         (char *const *)arguments->values, no_environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    return rc;
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

/* Returns an errno value. */
static int open_socket(struct process *process, int *theirs)
{
    const struct timeval patience = {.tv_sec = SEND_SECONDS};
    struct stat status;
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
        return errno;
    process->socket = ends[0];
    setsockopt(ends[0], SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    process->inode = fstat(ends[1], &status) == 0 ? status.st_ino : 0;
    return move_up(ends[1], theirs);
}

/* A pipe whose writer can read it too, so that writing does not kill it when we are gone:
 * bubblewrap writes before it lets its child run. Returns an errno value. */
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

/* Whether it reports that it serves. Where bubblewrap was killed its child may keep the socket. */
static bool serves(const struct process *process)
{
    struct pollfd waits[] = {{.fd = process->socket, .events = POLLIN},
                             {.fd = process->handle, .events = POLLIN}};
    struct frame_answer answer;
    return poll(waits, 2, START_WAIT) > 0 &&
           recv(process->socket, &answer, sizeof answer, MSG_DONTWAIT) == (ssize_t)sizeof answer &&
           answer.kind == FRAME_SERVING;
}

/* ---- Ending --------------------------------------------------------------------------------- */

/* The contained process, as bubblewrap reports it in JSON once it may run; 0 when it ended before
 * or takes too long. */
static pid_t contained_process(const struct process *process)
{
    static const char key[] = "\"child-pid\": ";
    struct pollfd wait = {.fd = process->info, .events = POLLIN};
    char text[512];
    if (process->info < 0 || poll(&wait, 1, LAST_WAIT) != 1)
        return 0;
    ssize_t length = read(process->info, text, sizeof text - 1);
    if (length <= 0)
        return 0;
    text[length] = '\0';
    const char *value = strstr(text, key);
    long pid = value ? strtol(value + sizeof key - 1, NULL, 10) : 0;
    return pid > 1 && pid <= INT_MAX ? (pid_t)pid : 0;
}

static bool has_ended(const struct process *process, int patience)
{
    struct pollfd wait = {.fd = process->handle, .events = POLLIN};
    return process->handle >= 0 && poll(&wait, 1, patience) == 1;
}

static void kill_process(const struct process *process)
{
    pid_t contained = contained_process(process);
    if (contained && kill(contained, SIGKILL) == 0 && has_ended(process, LAST_WAIT))
        return;
    if (process->handle >= 0)
        pidfd_send_signal(process->handle, SIGKILL, NULL, 0);
    else
        kill(process->pid, SIGKILL);
}

static bool has_socket(const char *number, ino_t inode)
{
    char path[300], target[64], wanted[64];
    snprintf(path, sizeof path, "/proc/%.20s/fd/%d", number, FRAME_DESCRIPTOR);
    snprintf(wanted, sizeof wanted, "socket:[%llu]", (unsigned long long)inode);
    ssize_t length = readlink(path, target, sizeof target - 1);
    target[length > 0 ? length : 0] = '\0';
    return strcmp(target, wanted) == 0;
}

/* Bubblewrap was killed from outside. At its very start its child waits for it without end, and
 * its process id may not be known yet; but it has the socket. */
static void kill_orphans(const struct process *process)
{
    DIR *processes = process->info >= 0 && process->inode ? opendir("/proc") : NULL;
    for (struct dirent *entry; processes && (entry = readdir(processes));) {
        long pid = strtol(entry->d_name, NULL, 10);
        if (pid > 1 && has_socket(entry->d_name, process->inode))
            kill((pid_t)pid, SIGKILL);
    }
    if (processes)
        closedir(processes);
}

/* Leaves neither process nor descriptor. */
static void end_process(struct process *process)
{
    int status = 0;
    pid_t rc;
    close_one(process->socket);
    if (process->pid > 0) {
        if (!has_ended(process, LAST_WAIT))
            kill_process(process);
        do
            rc = waitpid(process->pid, &status, 0);
        while (rc < 0 && errno == EINTR);
        if (rc > 0 && WIFSIGNALED(status))
            kill_orphans(process);
    }
    close_one(process->handle);
    close_one(process->info);
    *process = (struct process){.handle = -1, .socket = -1, .info = -1};
}

/* ---- Serving -------------------------------------------------------------------------------- */

static int try_start(struct fork_server *server, bool contained, struct treadle_error *error)
{
    struct process *process = &server->process;
    struct arguments arguments;
    int theirs = -1, info = -1;
    make_arguments(&arguments, server->reader, contained);
    int number = open_socket(process, &theirs);
    if (!number && contained)
        number = open_info(&process->info, &info);
    if (!number)
        number = spawn(&process->pid, &arguments, theirs, info);
    close_one(theirs);
    close_one(info);
    if (!number)
        process->handle = pidfd_open(process->pid, 0);
    if (!number && serves(process)) {
        server->contained = contained;
        return 0;
    }
    end_process(process);
    return number ? error_set_errno(error, TREADLE_EIO, number, "cannot start the document reader")
                  : error_set(error, TREADLE_EIO, "the document reader did not start");
}

static int start(struct fork_server *server, struct treadle_error *error)
{
    if (access(server->reader, X_OK)) {
        bool missing = errno == ENOENT || errno == ENOTDIR || errno == EACCES;
        return error_set_errno(error, missing ? TREADLE_ENOTFOUND : TREADLE_EIO, errno,
                               "cannot run the document reader %s", server->reader);
    }
    if (fork_server_can_contain() && try_start(server, true, NULL) == 0)
        return 0;
    return try_start(server, false, error);
}

/* Returns 0 or an errno value. */
static int send_request(const struct process *process, const struct frame_request *request,
                        const int *descriptors, size_t count)
{
    char space[CMSG_SPACE(3 * sizeof(int))]
        __attribute__((aligned(__alignof__(struct cmsghdr)))) = {0};
    struct frame_request copy = *request;
    struct iovec bytes = {&copy, sizeof copy};
    struct msghdr message = {.msg_iov = &bytes,
                             .msg_iovlen = 1,
                             .msg_control = space,
                             .msg_controllen = CMSG_SPACE(count * sizeof(int))};
    struct cmsghdr *control = CMSG_FIRSTHDR(&message);
    control->cmsg_level = SOL_SOCKET;
    control->cmsg_type = SCM_RIGHTS;
    control->cmsg_len = CMSG_LEN(count * sizeof(int));
    memcpy(CMSG_DATA(control), descriptors, count * sizeof(int));
    return sendmsg(process->socket, &message, MSG_NOSIGNAL) < 0 ? errno : 0;
}

int fork_server_request(struct fork_server *server, const struct frame_request *request, int output,
                        int answers, int document, struct treadle_error *error)
{
    const int descriptors[] = {output, answers, document};
    size_t count = document < 0 ? 2 : 3;
    pthread_mutex_lock(&server->mutex);
    int number = server->process.pid > 0
                     ? send_request(&server->process, request, descriptors, count)
                     : EPIPE;
    int rc = 0;
    if (number) {
        end_process(&server->process);
        rc = start(server, error);
        number = rc ? 0 : send_request(&server->process, request, descriptors, count);
    }
    pthread_mutex_unlock(&server->mutex);
    return number ? error_set_errno(error, TREADLE_EIO, number, "cannot start the document reader")
                  : rc;
}

bool fork_server_contains(struct fork_server *server)
{
    pthread_mutex_lock(&server->mutex);
    bool contained = server->contained;
    pthread_mutex_unlock(&server->mutex);
    return contained;
}

/* The path of the reader that is named, or beside the running program. */
static int find_reader(char *out, size_t size, const char *reader, struct treadle_error *error)
{
    static const char name[] = "treadle-reader";
    if (reader) {
        if ((size_t)snprintf(out, size, "%s", reader) >= size)
            return error_set(error, TREADLE_EINVALID,
                             "the path of the document reader is too long");
        return 0;
    }
    ssize_t length = readlink("/proc/self/exe", out, size);
    if (length < 0)
        return error_set_errno(error, TREADLE_EIO, errno, "cannot find the document reader");
    while (length > 0 && out[length - 1] != '/')
        length--;
    if ((size_t)length + sizeof name > size)
        return error_set(error, TREADLE_EIO, "the path of the document reader is too long");
    memcpy(out + length, name, sizeof name);
    return 0;
}

int fork_server_open(struct fork_server **out, const char *reader, struct treadle_error *error)
{
    struct fork_server *server = calloc(1, sizeof *server);
    if (!server)
        return error_set_memory(error);
    int rc = find_reader(server->reader, sizeof server->reader, reader, error);
    if (rc) {
        free(server);
        return rc;
    }
    server->process = (struct process){.handle = -1, .socket = -1, .info = -1};
    pthread_mutex_init(&server->mutex, NULL);
    *out = server;
    return 0;
}

void fork_server_close(struct fork_server *server)
{
    if (!server)
        return;
    end_process(&server->process);
    pthread_mutex_destroy(&server->mutex);
    free(server);
}
