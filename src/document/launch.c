/*
 * Launching: a request to the fork server, and its answers.
 *
 * The fork server holds the other ends of the pipe and of the socket only until the reader runs and
 * has ended, so when it dies, and its readers with it, both show it here.
 */
#include "document/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "document/fork_server.h"
#include "document/frame.h"

enum { LAST_WAIT = 2000 /* milliseconds that a process may take to end when it was killed */ };

enum { STILL_RUNS = -1 };

static void close_one(int descriptor)
{
    if (descriptor >= 0)
        close(descriptor);
}

static int make_request(struct frame_request *out, const struct launch_options *options,
                        struct treadle_error *error)
{
    *out = (struct frame_request){.memory = options->memory,
                                  .seconds = options->seconds,
                                  .page_seconds = options->page_seconds,
                                  .part = (uint32_t)options->part,
                                  .parts = (uint32_t)options->parts,
                                  .first = (uint32_t)options->first,
                                  .check = options->check};
    const char *format = options->format ? options->format : "";
    const char *languages = options->recognize ? options->recognize : "";
    if (strlen(format) >= sizeof out->format || strlen(languages) >= sizeof out->languages)
        return error_set(error, TREADLE_EINVALID, "too many languages are named for pictures");
    memcpy(out->format, format, strlen(format));
    memcpy(out->languages, languages, strlen(languages));
    return 0;
}

int launch_start(struct launch *out, const struct launch_options *options,
                 struct treadle_error *error)
{
    struct frame_request request;
    int pipe_ends[2] = {-1, -1}, socket_ends[2] = {-1, -1};
    int rc = make_request(&request, options, error);
    if (rc)
        return rc;
    if (pipe2(pipe_ends, O_CLOEXEC) ||
        socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, socket_ends))
        rc = error_set_errno(error, TREADLE_EIO, errno, "cannot start the document reader");
    if (!rc)
        rc = fork_server_request(options->server, &request, pipe_ends[1], socket_ends[1],
                                 options->document, error);
    close_one(pipe_ends[1]);
    close_one(socket_ends[1]);
    if (rc) {
        close_one(pipe_ends[0]);
        close_one(socket_ends[0]);
        return rc;
    }
    *out = (struct launch){.output = pipe_ends[0], .answers = socket_ends[0], .handle = -1};
    return 0;
}

/* Takes one answer, and the descriptor that came with it. False at the end of the answers. */
static bool take_answer(struct launch *launch, struct frame_answer *out)
{
    char space[CMSG_SPACE(sizeof(int))] __attribute__((aligned(__alignof__(struct cmsghdr))));
    struct iovec bytes = {out, sizeof *out};
    struct msghdr message = {
        .msg_iov = &bytes, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof space};
    ssize_t length = recvmsg(launch->answers, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    struct cmsghdr *control = length >= 0 ? CMSG_FIRSTHDR(&message) : NULL;
    if (control && control->cmsg_level == SOL_SOCKET && control->cmsg_type == SCM_RIGHTS) {
        close_one(launch->handle);
        memcpy(&launch->handle, CMSG_DATA(control), sizeof launch->handle);
    }
    return length == (ssize_t)sizeof *out;
}

/* Waits for the end, or, with `started`, for either answer. Returns STILL_RUNS or the status. */
static int wait_for(struct launch *launch, int patience, bool started)
{
    struct pollfd wait = {.fd = launch->answers, .events = POLLIN};
    struct frame_answer answer;
    while (poll(&wait, 1, patience) == 1) {
        if (!take_answer(launch, &answer))
            return 128 + SIGKILL;
        if (answer.kind == FRAME_ENDED)
            return answer.status;
        if (started)
            break;
    }
    return STILL_RUNS;
}

int launch_end(struct launch *launch, int patience)
{
    if (launch->answers < 0)
        return -1;
    int status = wait_for(launch, patience, false);
    bool killed = status == STILL_RUNS;
    if (killed && launch->handle < 0)
        status = wait_for(launch, LAST_WAIT, true);
    if (killed && status == STILL_RUNS) {
        if (launch->handle >= 0)
            pidfd_send_signal(launch->handle, SIGKILL, NULL, 0);
        wait_for(launch, LAST_WAIT, false);
    }
    close_one(launch->handle);
    close_one(launch->output);
    close_one(launch->answers);
    *launch = (struct launch){.output = -1, .answers = -1, .handle = -1};
    return killed ? -1 : status;
}
