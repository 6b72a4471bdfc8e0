/*
 * treadle-reader: the fork server of the document room, and in each process that is forked from it
 * a reader, which turns the document of descriptor 3 into frames on standard output.
 *
 * A reader does one thing in one order: give up every right that reading does not need, report it,
 * and only then look at the document. It stops with FRAME_UNCONFINED when it could not give up its
 * rights. It never frees what it needs until its end, and ends without exit handlers, since its
 * memory is freed with it. What costs time and is the same for all documents is done before, in the
 * fork server.
 */
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include <libxml/parser.h>
#include <poppler.h>
#include <unicode/uclean.h>

#include "reader/attached.h"
#include "reader/confine.h"
#include "reader/describe.h"
#include "reader/image.h"
#include "reader/kinds.h"
#include "reader/output.h"
#include "reader/serve.h"
#include "reader/words.h"

/* What one reader is to do. */
struct task {
    struct frame_request request;
    struct recognizer *recognizer;
    int description; /* the document once more, for glib */
};

static bool contained; /* the file system is an empty one */

static void send_failure(struct output *output, enum frame_reason reason)
{
    struct frame_failure body = {.reason = reason};
    output_frame(output, FRAME_FAILURE, &body, sizeof body, NULL, 0);
}

/* Processor time, so that a busy machine loses no page. */
static void limit_page(unsigned long seconds)
{
    const struct itimerval time = {.it_value = {.tv_sec = (time_t)seconds}};
    setitimer(ITIMER_PROF, &time, NULL);
}

static void send_pages(struct output *output, const struct task *task)
{
    const struct frame_request *request = &task->request;
    struct words *words = NULL;
    int reason = words_open(&words, FRAME_DESCRIPTOR);
    if (reason) {
        send_failure(output, (enum frame_reason)reason);
        return;
    }
    /* One reader describes the document; all must know its attachments. */
    bool recognizes = request->languages[0];
    bool describes = request->part == 0 && request->first == 0 && !recognizes;
    bool carries = words_carries_files(words);
    PopplerDocument *document = NULL;
    if (describes || carries)
        document = poppler_document_new_from_fd(task->description, NULL, NULL);
    if (document && carries)
        attached_add(words, document);
    int pages = words_pages(words);
    describe_pages(output, describes ? document : NULL, pages);
    if (document && describes) {
        describe_document(output, document);
        words_send_labels(words, output);
    }
    g_clear_object(&document);
    output_flush(output);
    for (int number = (int)request->first + 1; number <= pages; number++) {
        if ((unsigned)(number - 1) / FRAME_STRIPE % request->parts != request->part)
            continue;
        limit_page(request->page_seconds);
        if (recognizes)
            words_recognize_page(words, output, number, task->recognizer);
        else
            words_send_page(words, output, number);
    }
    output_frame(output, FRAME_END, NULL, 0, NULL, 0);
}

static void send_document(struct output *output, const struct task *task)
{
    int reason = 0;
    if (strcmp(task->request.format, "pdf") == 0)
        send_pages(output, task);
    else if (strcmp(task->request.format, "picture") == 0)
        reason = image_send(output, &task->request, FRAME_DESCRIPTOR, task->recognizer);
    else
        reason = kinds_send(output, FRAME_DESCRIPTOR, task->request.format);
    if (reason)
        send_failure(output, (enum frame_reason)reason);
}

/* Libraries abort when memory runs out. The first process of a container would survive that
 * signal, so it ends itself, with the status that a shell would report. */
static void end_aborted(int signal_number)
{
    (void)signal_number;
    _exit(128 + SIGABRT);
}

static void end_late(int signal_number)
{
    _exit(signal_number == SIGPROF ? FRAME_STATUS_PAGE_TIMEOUT : FRAME_STATUS_TIMEOUT);
}

/* Prepares what is not allowed after confinement: a second descriptor, the data of recognition. */
static void prepare(struct task *task)
{
    task->description = dup(FRAME_DESCRIPTOR);
    if (strcmp(task->request.format, "picture") == 0)
        image_load();
    if (task->request.languages[0])
        task->recognizer = recognize_open(task->request.languages);
    signal(SIGABRT, end_aborted);
    signal(SIGTRAP, end_aborted);
    signal(SIGPROF, end_late);
    signal(SIGXCPU, end_late);
}

static bool is_sound(const struct frame_request *request)
{
    return request->parts > 0 && request->part < request->parts && request->first < INT_MAX / 2 &&
           memchr(request->format, '\0', sizeof request->format) &&
           memchr(request->languages, '\0', sizeof request->languages);
}

static void read_document(const struct frame_request *request)
{
    static struct output output;
    struct task task = {.request = *request};
    struct confine_options confinement = {
        .memory = request->memory, .seconds = request->seconds, .contained = contained};
    bool landlock = false;
    if (!is_sound(request))
        _exit(1);
    output_watch();
    prepare(&task);
    if (!confine(&confinement, &landlock)) {
        send_failure(&output, FRAME_UNCONFINED);
        output_flush(&output);
        _exit(1);
    }
    struct frame_ready ready = {.landlock = landlock};
    output_frame(&output, FRAME_READY, &ready, sizeof ready, NULL, 0);
    output_flush(&output);
    if (!request->check)
        send_document(&output, &task);
    output_flush(&output);
    _exit(0);
}

/* What every reader would load by itself. */
static void load(void)
{
    UErrorCode status = U_ZERO_ERROR;
    u_init(&status);
    xmlInitParser();
    g_iconv_open("UTF-8", "UTF-16BE");
    g_iconv_open("UTF-8", "UTF-16LE");
}

int main(int count, char **values)
{
    if (count < 2 || strcmp(values[1], "serve") != 0) {
        static const char usage[] = "treadle-reader is run by treadle to read documents\n";
        return write(STDERR_FILENO, usage, sizeof usage - 1) < 0 ? 1 : 2;
    }
    contained = count > 2 && strcmp(values[2], "contained") == 0;
    load();
    serve_requests(read_document);
}
