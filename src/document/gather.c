/*
 * Gathering: starts the readers and receives what they send until each has ended, within the time
 * allowed. The pages are dealt out in stripes (frame.h), so the readers need not speak to each
 * other. Where a reader ends within a page, because the page takes too long, needs too much memory
 * or is damaged, the page is left out with a notice, and a new reader begins after it, as long as
 * most pages can be read. A reader that was ended from outside says nothing about the document.
 */
#include "document/gather.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "document/fork_server.h"
#include "document/format.h"
#include "document/launch.h"
#include "document/notice.h"
#include "document/receive.h"

enum {
    MOST_READERS = 16,
    BYTES_PER_READER = 256 << 10, /* a smaller file is not worth another reader */
    TICK = 100,                   /* milliseconds between looks at the stop flag */
    PATIENCE = 2000,              /* milliseconds that a reader may take to end */
    DEFAULT_SECONDS = 600,
    DEFAULT_PAGE_SECONDS = 20
};

static const uint64_t default_memory = (uint64_t)1 << 30;
static const uint64_t default_text = (uint64_t)256 << 20;

struct share {
    struct launch process;
    struct receiver receiver;
};

struct gathering {
    struct launch_options launch;
    struct share shares[MOST_READERS];
    size_t count;   /* shares begun */
    size_t running; /* of these, those whose output has not ended */
    int64_t deadline;
    uint64_t budget;
    bool hopeless;    /* most pages are lost */
    const char *noun; /* the document's name */
    const atomic_bool *stop;
};

static size_t count_readers(size_t wanted, uint64_t size)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    size_t count = wanted ? wanted : cores > 0 ? (size_t)cores : 1;
    uint64_t useful = 1 + size / BYTES_PER_READER;
    if (count > useful)
        count = (size_t)useful;
    return count < MOST_READERS ? count : MOST_READERS;
}

static int too_late(const struct gathering *gathering, struct treadle_error *error)
{
    return error_set(error, TREADLE_ETIMEOUT,
                     "reading the document took longer than the %u seconds allowed",
                     gathering->launch.seconds);
}

static int explain_end(const struct gathering *gathering, int status, struct treadle_error *error)
{
    if (status == FRAME_STATUS_TIMEOUT || status == FRAME_STATUS_PAGE_TIMEOUT)
        return too_late(gathering, error);
    if (status == 128 + SIGABRT)
        return error_set(error, TREADLE_ELIMIT,
                         "the %s needs more memory than the %llu MiB allowed", gathering->noun,
                         (unsigned long long)(gathering->launch.memory >> 20));
    return error_set(error, TREADLE_EPARSE, "the %s is damaged: its reader failed (status %d)",
                     gathering->noun, status);
}

/* Whether the reader was ended by a signal that it does not cause itself: another program sent it,
 * or the system, which needed memory. */
static bool was_killed(int status)
{
    static const int signals[] = {SIGKILL, SIGTERM, SIGINT, SIGHUP, SIGQUIT};
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        if (status == 128 + signals[i])
            return true;
    return false;
}

static enum notice_code page_notice(int status)
{
    switch (status) {
    case FRAME_STATUS_PAGE_TIMEOUT:
        return NOTICE_PAGE_TIMEOUT;
    case 128 + SIGABRT: /* what the reader's libraries do when memory cannot be had */
        return NOTICE_PAGE_MEMORY;
    default:
        return NOTICE_PAGE_DAMAGED;
    }
}

static int start_share(struct gathering *gathering, struct share *share, struct sheaf *sheaf,
                       size_t part, size_t first, struct treadle_error *error)
{
    gathering->launch.part = part;
    gathering->launch.first = first;
    int rc = launch_start(&share->process, &gathering->launch, error);
    if (rc)
        return rc;
    receive_init(&share->receiver, sheaf, part, gathering->launch.parts, first, &gathering->budget);
    gathering->running++;
    return 0;
}

/* The pages that a share has not read completely, from the current one on. */
static void miss_rest(struct receiver *receiver)
{
    struct sheaf *sheaf = receiver->sheaf;
    size_t page = receiver->at ? receiver->at - 1 : receive_own_page(receiver, receiver->next);
    for (; page < sheaf->count; page = receive_own_page(receiver, page + 1))
        sheaf->sheets[page].notices |= 1u << NOTICE_NOT_REACHED;
}

/* Continues after the page within which the share's reader ended. */
static int skip_page(struct gathering *gathering, struct share *share, int status,
                     struct treadle_error *error)
{
    struct sheaf *sheaf = share->receiver.sheaf;
    size_t part = share->receiver.part;
    size_t page = share->receiver.at - 1;
    size_t next = receive_own_page(&share->receiver, page + 1);
    sheaf->sheets[page].notices |= 1u << page_notice(status);
    receive_clear(&share->receiver);
    gathering->hopeless = notice_too_many(sheaf);
    if (next == sheaf->count || gathering->hopeless)
        return 0;
    return start_share(gathering, share, sheaf, part, next, error);
}

/* A reader's output has ended. */
static int finish_share(struct gathering *gathering, struct share *share,
                        struct treadle_error *error)
{
    struct receiver *receiver = &share->receiver;
    gathering->running--;
    int status = launch_end(&share->process, PATIENCE);
    if (receiver->state == RECEIVE_END)
        return 0;
    if (was_killed(status))
        return error_set(
            error, TREADLE_EBUSY,
            "the document reader was ended from outside (signal %d), perhaps because this "
            "machine has too little memory",
            status - 128);
    if (receiver->state == RECEIVE_NOTHING)
        return error_set(error, TREADLE_EIO, "the document reader did not start (status %d)",
                         status);
    if (receiver->at == 0)
        return explain_end(gathering, status, error);
    if (status != FRAME_STATUS_TIMEOUT)
        return skip_page(gathering, share, status, error);
    miss_rest(receiver);
    return 0;
}

static int take_output(struct gathering *gathering, struct share *share,
                       struct treadle_error *error)
{
    char bytes[1 << 16];
    ssize_t length = read(share->process.output, bytes, sizeof bytes);
    if (length > 0)
        return receive_bytes(&share->receiver, bytes, (size_t)length, error);
    if (length < 0 && (errno == EINTR || errno == EAGAIN))
        return 0;
    if (length < 0)
        return error_set_errno(error, TREADLE_EIO, errno, "cannot read from the document reader");
    return finish_share(gathering, share, error);
}

/* The time is up: the pages that were read are kept, if the document could be opened. */
static int end_late(struct gathering *gathering, struct sheaf *sheaf, struct treadle_error *error)
{
    if (!sheaf->sheets)
        return too_late(gathering, error);
    for (size_t i = 0; i < gathering->count; i++) {
        struct share *share = &gathering->shares[i];
        if (share->process.answers < 0)
            continue;
        launch_end(&share->process, 0);
        miss_rest(&share->receiver);
    }
    gathering->running = 0;
    return 0;
}

/* Waits for output from any reader and receives it. */
static int take_turn(struct gathering *gathering, struct sheaf *sheaf, struct treadle_error *error)
{
    struct pollfd waits[MOST_READERS];
    for (size_t i = 0; i < gathering->count; i++)
        waits[i] = (struct pollfd){.fd = gathering->shares[i].process.output, .events = POLLIN};
    if (poll(waits, gathering->count, TICK) < 0 && errno != EINTR)
        return error_set_errno(error, TREADLE_EIO, errno, "cannot wait for the document reader");
    if (gathering->stop && atomic_load(gathering->stop))
        return error_set(error, TREADLE_ESTATE, "reading the document was stopped");
    if (clock_monotonic_us() >= gathering->deadline)
        return end_late(gathering, sheaf, error);
    int rc = 0;
    for (size_t i = 0; i < gathering->count && !rc; i++)
        if (waits[i].fd >= 0 && waits[i].revents)
            rc = take_output(gathering, &gathering->shares[i], error);
    return rc;
}

static int run_readers(struct gathering *gathering, struct sheaf *sheaf,
                       struct treadle_error *error)
{
    int rc = 0;
    gathering->count = gathering->running = 0;
    for (size_t i = 0; i < gathering->launch.parts && !rc; i++) {
        rc = start_share(gathering, &gathering->shares[i], sheaf, i, 0, error);
        gathering->count += rc == 0;
    }
    while (gathering->running > 0 && !gathering->hopeless && !rc)
        rc = take_turn(gathering, sheaf, error);
    for (size_t i = 0; i < gathering->count; i++) {
        launch_end(&gathering->shares[i].process, 0);
        receive_clear(&gathering->shares[i].receiver);
    }
    return rc;
}

/* Whether a page may get its text from its picture. */
static bool has_pictures(const struct sheaf *sheaf)
{
    for (size_t p = 0; p < sheaf->count; p++)
        if (sheaf->sheets[p].notices & (1u << NOTICE_NO_TEXT | 1u << NOTICE_LETTERS))
            return true;
    return false;
}

int gather_pages(struct sheaf *sheaf, int descriptor, uint64_t size,
                 const struct document_options *options, struct treadle_error *error)
{
    struct gathering *gathering = calloc(1, sizeof *gathering);
    if (!gathering)
        return error_set_memory(error);
    struct launch_options *launch = &gathering->launch;
    launch->document = descriptor;
    launch->memory = options->memory ? options->memory : default_memory;
    if (launch->memory > sheaf->format->memory)
        launch->memory = sheaf->format->memory;
    launch->seconds = options->seconds ? options->seconds : DEFAULT_SECONDS;
    if (launch->seconds > sheaf->format->seconds)
        launch->seconds = sheaf->format->seconds;
    launch->page_seconds = options->page_seconds ? options->page_seconds : DEFAULT_PAGE_SECONDS;
    launch->parts = sheaf->blocks ? 1 : count_readers(options->readers, size);
    launch->format = sheaf->format->word;
    gathering->noun = sheaf->format->noun;
    gathering->deadline = clock_monotonic_us() + (int64_t)launch->seconds * 1000000;
    gathering->budget = options->max_text ? options->max_text : default_text;
    gathering->stop = options->stop;
    struct fork_server *own = NULL;
    int rc = options->server ? 0 : fork_server_open(&own, options->reader, error);
    launch->server = options->server ? options->server : own;
    if (!rc)
        rc = run_readers(gathering, sheaf, error);
    if (!rc && options->languages && has_pictures(sheaf)) {
        launch->recognize = options->languages;
        sheaf->recognizing = true;
        rc = run_readers(gathering, sheaf, error);
    }
    fork_server_close(own);
    free(gathering);
    return rc;
}
