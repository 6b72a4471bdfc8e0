/*
 * Output: gathers frames and writes them in large pieces. The process that started the reader may
 * be killed at any moment, before the reader runs or while it is busy with a page and writes
 * nothing. The kernel reports with SIGIO that the other end of the pipe was closed (and also that
 * there is room in it again, so the handler checks which it is).
 */
#include "reader/output.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static void end_unheard(int signal_number)
{
    struct pollfd pipe = {.fd = STDOUT_FILENO};
    int before = errno;
    (void)signal_number;
    if (poll(&pipe, 1, 0) == 1 && (pipe.revents & (POLLERR | POLLNVAL)))
        _exit(1);
    errno = before;
}

void output_watch(void)
{
    signal(SIGIO, end_unheard);
    fcntl(STDOUT_FILENO, F_SETOWN, getpid());
    fcntl(STDOUT_FILENO, F_SETFL, fcntl(STDOUT_FILENO, F_GETFL) | O_ASYNC);
    end_unheard(SIGIO);
}

void output_flush(struct output *output)
{
    size_t written = 0;
    while (written < output->used) {
        ssize_t rc = write(STDOUT_FILENO, output->bytes + written, output->used - written);
        if (rc < 0 && errno == EINTR)
            continue;
        if (rc <= 0)
            _exit(1);
        written += (size_t)rc;
    }
    output->used = 0;
}

static void put(struct output *output, const void *bytes, size_t length)
{
    if (length)
        memcpy(output->bytes + output->used, bytes, length);
    output->used += length;
}

void output_frame(struct output *output, enum frame_kind kind, const void *body, size_t size,
                  const char *text, size_t length)
{
    struct frame frame = {.kind = kind, .length = (uint32_t)(size + length)};
    if (sizeof frame + size + length > sizeof output->bytes - output->used)
        output_flush(output);
    put(output, &frame, sizeof frame);
    put(output, body, size);
    put(output, text, length);
}
