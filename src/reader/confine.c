/*
 * Confinement by limits, Landlock and a system call filter, in this order. None of them needs
 * privilege and none can be undone. Still allowed are: memory up to a limit, reading descriptors,
 * writing to standard output and error, and opening files below the character maps of poppler-data
 * to read them. Opening is allowed only where something else denies other files: Landlock, or a
 * sandbox around the process. There is no network, no process, no executable memory, no writing to
 * files. A forbidden call fails with EPERM, so libraries that only test for a call continue.
 *
 * Landlock does not stop a process from reading the status of files that it may not open, and a
 * filter cannot read the path in a call. So newfstatat, which the C library also uses for fstat, is
 * trapped, and the file is opened first: then Landlock decides. Opening only for the status
 * (O_PATH) is forbidden. What remains is that a failure to open shows whether a file exists.
 */
#include "reader/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

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

static const char character_maps[] = "/usr/share/poppler";

/* `beyond` is what may be used after the signal that reports the limit. */
static bool limit(int resource, uint64_t value, uint64_t beyond)
{
    struct rlimit current;
    if (getrlimit(resource, &current))
        return false;
    /* A limit that is lower already stays, because raising it needs privilege. */
    uint64_t most = current.rlim_max < value + beyond ? current.rlim_max : value + beyond;
    return setrlimit(resource, &(struct rlimit){value < most ? value : most, most}) == 0;
}

static bool set_limits(const struct confine_options *options)
{
    /* Sanitizers reserve terabytes of addresses for their own use. */
    bool memory = WITH_SANITIZER || limit(RLIMIT_AS, options->memory, 0);
    return memory && limit(RLIMIT_CPU, options->seconds, 2) && limit(RLIMIT_FSIZE, 0, 0) &&
           limit(RLIMIT_CORE, 0, 0) && limit(RLIMIT_NOFILE, 32, 0);
}

/* False where the kernel has no Landlock, or refused. */
static bool restrict_files(void)
{
    struct landlock_ruleset_attr rules = {
        .handled_access_fs = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE |
                             LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR |
                             LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
                             LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR |
                             LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK |
                             LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |
                             LANDLOCK_ACCESS_FS_MAKE_SYM,
    };
    int set = (int)syscall(SYS_landlock_create_ruleset, &rules, sizeof rules, 0);
    if (set < 0)
        return false;
    bool done = true;
    int maps = open(character_maps, O_PATH | O_CLOEXEC);
    if (maps >= 0) {
        struct landlock_path_beneath_attr beneath = {
            .allowed_access = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR,
            .parent_fd = maps,
        };
        done = syscall(SYS_landlock_add_rule, set, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0) == 0;
        close(maps);
    }
    done = done && syscall(SYS_landlock_restrict_self, set, 0) == 0;
    close(set);
    return done;
}

static bool allow(scmp_filter_ctx filter, int call)
{
    return seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0) == 0;
}

/* Allows the call when argument `index`, masked, is `value`. */
static bool allow_masked(scmp_filter_ctx filter, int call, unsigned index, uint64_t mask,
                         uint64_t value)
{
    struct scmp_arg_cmp condition = SCMP_CMP(index, SCMP_CMP_MASKED_EQ, mask, value);
    return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, call, 1, &condition) == 0;
}

/* What abort() does: a signal to the process itself, and to no other. */
static bool allow_abort(scmp_filter_ctx filter)
{
    const struct scmp_arg_cmp conditions[] = {
        SCMP_CMP(0, SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0),
        SCMP_CMP(2, SCMP_CMP_EQ, SIGABRT, 0),
    };
    return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 2, conditions) == 0;
}

static bool allow_calls(scmp_filter_ctx filter, bool files)
{
    static const int plain[] = {
        SCMP_SYS(read),           SCMP_SYS(pread64),       SCMP_SYS(readv),
        SCMP_SYS(lseek),          SCMP_SYS(close),         SCMP_SYS(fstat),
        SCMP_SYS(poll),           SCMP_SYS(ppoll),         SCMP_SYS(munmap),
        SCMP_SYS(mremap),         SCMP_SYS(brk),           SCMP_SYS(madvise),
        SCMP_SYS(futex),          SCMP_SYS(setitimer),     SCMP_SYS(rt_sigaction),
        SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn),  SCMP_SYS(sigaltstack),
        SCMP_SYS(getrandom),      SCMP_SYS(clock_gettime), SCMP_SYS(gettimeofday),
        SCMP_SYS(time),           SCMP_SYS(exit),          SCMP_SYS(exit_group),
        SCMP_SYS(getpid),         SCMP_SYS(gettid),        SCMP_SYS(sched_yield),
        SCMP_SYS(getdents64),     SCMP_SYS(uname),         SCMP_SYS(restart_syscall),
    };
    bool done = true;
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        done = done && allow(filter, plain[i]);
    done = done && allow_masked(filter, SCMP_SYS(write), 0, ~UINT64_C(0), STDOUT_FILENO) &&
           allow_masked(filter, SCMP_SYS(write), 0, ~UINT64_C(0), STDERR_FILENO) &&
           allow_masked(filter, SCMP_SYS(mmap), 2, PROT_EXEC, 0) &&
           allow_masked(filter, SCMP_SYS(mprotect), 2, PROT_EXEC, 0) &&
           allow_masked(filter, SCMP_SYS(fcntl), 1, ~UINT64_C(0), F_GETFL) &&
           allow_masked(filter, SCMP_SYS(fcntl), 1, ~UINT64_C(0), F_GETFD) &&
           allow_masked(filter, SCMP_SYS(fcntl), 1, ~UINT64_C(0), F_SETFD) && allow_abort(filter) &&
           seccomp_rule_add(filter, SCMP_ACT_TRAP, SCMP_SYS(newfstatat), 0) == 0;
    const uint64_t more = O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND | O_PATH;
    return done && (!files || allow_masked(filter, SCMP_SYS(openat), 2, more, O_RDONLY));
}

/* ---- Status of files ------------------------------------------------------------------------ */

static long look_at(int directory, const char *path, struct stat *out, int flags)
{
    if (flags & AT_EMPTY_PATH && *path == '\0')
        return syscall(SYS_fstat, directory, out);
    int file = openat(directory, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (file < 0)
        return -1;
    long rc = syscall(SYS_fstat, file, out);
    int number = errno;
    close(file);
    errno = number;
    return rc;
}

/* Does what a trapped newfstatat asks for with allowed calls, and stores the result where the call
 * would have. */
static void answer_stat(int signal_number, siginfo_t *info, void *context)
{
    ucontext_t *machine = context;
    int before = errno;
    (void)signal_number;
    (void)info;
#if defined(__x86_64__)
    greg_t *registers = machine->uc_mcontext.gregs;
    long rc = look_at((int)registers[REG_RDI], (const char *)registers[REG_RSI],
                      (struct stat *)registers[REG_RDX], (int)registers[REG_R10]);
    registers[REG_RAX] = rc < 0 ? -errno : rc;
#elif defined(__aarch64__)
    unsigned long long *registers = machine->uc_mcontext.regs;
    long rc = look_at((int)registers[0], (const char *)registers[1], (struct stat *)registers[2],
                      (int)registers[3]);
    registers[0] = (unsigned long long)(rc < 0 ? -errno : rc);
#else
#error "say where this machine keeps the arguments and the result of a system call"
#endif
    errno = before;
}

static bool filter_calls(bool files)
{
    const struct sigaction action = {.sa_sigaction = answer_stat, .sa_flags = SA_SIGINFO};
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    bool done = filter && sigaction(SIGSYS, &action, NULL) == 0 && allow_calls(filter, files) &&
                seccomp_load(filter) == 0;
    seccomp_release(filter);
    return done;
}

bool confine(const struct confine_options *options, bool *landlock)
{
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) || prctl(PR_SET_DUMPABLE, 0) ||
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        return false;
    if (!set_limits(options))
        return false;
    *landlock = restrict_files();
    return filter_calls(options->contained || *landlock);
}
