/*
 * Serving: one loop over the socket and the ends of children.
 *
 * The process looks at nothing but requests, which come from the program that started it; only its
 * children meet documents. The first process of a container is also the parent of what loses its
 * own, so every child is reaped, known or not.
 */
#include "reader/serve.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST_CHILDREN = 256, GIFTS = 3, FIRST_FREE = FRAME_DESCRIPTOR + 1 };

struct child {
    pid_t pid; /* 0: the row is free */
    int answers;
};

/* What comes with a request; -1 for what does not. */
struct gifts {
    int output, answers, document;
};

static struct child children[MOST_CHILDREN];
static size_t child_count;

static void close_one(int descriptor)
{
    if (descriptor >= 0)
        close(descriptor);
}

static void answer(int socket, enum frame_answer_kind kind, int status, int handle)
{
    char space[CMSG_SPACE(sizeof(int))] __attribute__((aligned(__alignof__(struct cmsghdr)))) = {0};
    struct frame_answer said = {.kind = kind, .status = status};
    struct iovec bytes = {&said, sizeof said};
    struct msghdr message = {.msg_iov = &bytes, .msg_iovlen = 1};
    if (handle >= 0) {
        message.msg_control = space;
        message.msg_controllen = sizeof space;
        struct cmsghdr *control = CMSG_FIRSTHDR(&message);
        control->cmsg_level = SOL_SOCKET;
        control->cmsg_type = SCM_RIGHTS;
        control->cmsg_len = CMSG_LEN(sizeof handle);
        memcpy(CMSG_DATA(control), &handle, sizeof handle);
    }
    /* Who asked may have gone meanwhile, and needs no answer then. */
    if (sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
        return;
}

static void reap(void)
{
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        for (size_t i = 0; i < MOST_CHILDREN; i++)
            if (children[i].pid == pid) {
                answer(children[i].answers, FRAME_ENDED,
                       WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status), -1);
                close(children[i].answers);
                children[i].pid = 0;
                child_count--;
            }
}

/* In the child. */
static void become_reader(const struct gifts *gifts)
{
    sigset_t none;
    int document = gifts->document >= 0 ? gifts->document : open("/dev/null", O_RDONLY);
    if (dup2(gifts->output, STDOUT_FILENO) < 0)
        _exit(1);
    close(FRAME_DESCRIPTOR);
    /* The document may have failed to open: the reader then finds none. */
    if (document >= 0 && dup2(document, FRAME_DESCRIPTOR) < 0)
        _exit(1);
    if (close_range(FIRST_FREE, ~0U, 0))
        _exit(1);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static void fork_reader(const struct frame_request *request, const struct gifts *gifts,
                        void (*read)(const struct frame_request *request))
{
    struct child *free_row = children;
    while (free_row->pid)
        free_row++;
    pid_t pid = fork();
    if (pid == 0) {
        become_reader(gifts);
        read(request);
        _exit(1);
    }
    if (pid < 0) {
        answer(gifts->answers, FRAME_ENDED, 1, -1);
        close(gifts->answers);
        return;
    }
    int handle = pidfd_open(pid, 0);
    answer(gifts->answers, FRAME_STARTED, 0, handle);
    close_one(handle);
    *free_row = (struct child){pid, gifts->answers};
    child_count++;
}

/* False when the socket was closed at its other end. */
static bool take_request(struct frame_request *request, struct gifts *gifts)
{
    char space[CMSG_SPACE(GIFTS * sizeof(int))]
        __attribute__((aligned(__alignof__(struct cmsghdr))));
    int descriptors[GIFTS] = {-1, -1, -1};
    struct iovec bytes = {request, sizeof *request};
    struct msghdr message = {
        .msg_iov = &bytes, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof space};
    ssize_t length;
    do
        length = recvmsg(FRAME_DESCRIPTOR, &message, MSG_CMSG_CLOEXEC);
    while (length < 0 && errno == EINTR);
    if (length != (ssize_t)sizeof *request)
        return false;
    struct cmsghdr *control = CMSG_FIRSTHDR(&message);
    if (control && control->cmsg_type == SCM_RIGHTS)
        memcpy(descriptors, CMSG_DATA(control), control->cmsg_len - CMSG_LEN(0));
    *gifts = (struct gifts){descriptors[0], descriptors[1], descriptors[2]};
    return true;
}

/* Returns a descriptor that can be read when a child has ended. */
static int watch_children(void)
{
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGCHLD);
    sigprocmask(SIG_BLOCK, &ends, NULL);
    return signalfd(-1, &ends, SFD_CLOEXEC);
}

void serve_requests(void (*read_document)(const struct frame_request *request))
{
    struct pollfd waits[] = {{.fd = watch_children(), .events = POLLIN},
                             {.fd = FRAME_DESCRIPTOR, .events = POLLIN}};
    answer(FRAME_DESCRIPTOR, FRAME_SERVING, 0, -1);
    for (;;) {
        struct frame_request request;
        struct gifts gifts;
        struct signalfd_siginfo end;
        /* Where there are too many, requests wait. */
        if (poll(waits, child_count < MOST_CHILDREN ? 2 : 1, -1) < 0)
            continue;
        if (waits[0].revents && read(waits[0].fd, &end, sizeof end) > 0)
            reap();
        if (child_count == MOST_CHILDREN || !waits[1].revents)
            continue;
        if (!take_request(&request, &gifts))
            _exit(0);
        fork_reader(&request, &gifts, read_document);
        close_one(gifts.output);
        close_one(gifts.document);
    }
}
