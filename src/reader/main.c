/*
 * treadle-reader: turns the document of descriptor 3 into frames on standard output.
 *
 * The document room starts it, one process for each share of the pages. It does one thing in one
 * order: gives up every right that reading does not need, reports that, and only then looks at the
 * document. It stops with FRAME_UNCONFINED when it could not give up its rights.
 *
 * It never frees what it needs until its end, and ends without exit handlers, since its memory is
 * freed with it.
 */
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include <poppler.h>

#include "reader/attached.h"
#include "reader/confine.h"
#include "reader/describe.h"
#include "reader/kinds.h"
#include "reader/output.h"
#include "reader/words.h"

struct arguments {
    struct confine_options confine;
    unsigned long page_seconds; /* of processor time, for each page */
    unsigned long part, parts;  /* this reader's share: stripe number modulo `parts` */
    unsigned long first;        /* of the pages, from 0: those before it are not read */
    bool check;                 /* confine itself, report it, end */
    const char *recognize;      /* languages: read the pictures of pages that have no text */
    struct recognizer *recognizer;
    const char *format; /* what the document is, a word of document/format.c */
    int description;    /* the document once more, for glib */
};

static bool parse_number(const char *text, unsigned long *out)
{
    char *end = NULL;
    *out = strtoul(text, &end, 10);
    return text[0] >= '0' && text[0] <= '9' && *end == '\0';
}

/* treadle-reader MEMORY SECONDS PAGE-SECONDS PART PARTS FIRST [check] [contained]
 * [recognize=LANGUAGES] [format=WORD] */
static bool parse_arguments(struct arguments *out, int count, char **values)
{
    unsigned long memory, seconds;
    unsigned long *const numbers[] = {&memory,    &seconds,    &out->page_seconds,
                                      &out->part, &out->parts, &out->first};
    const int last = (int)(sizeof numbers / sizeof *numbers);
    for (int i = 0; i < last; i++)
        if (i + 1 >= count || !parse_number(values[i + 1], numbers[i]))
            return false;
    if (out->parts == 0 || out->part >= out->parts || out->first > INT_MAX / 2)
        return false;
    out->confine = (struct confine_options){.memory = memory, .seconds = seconds};
    for (int i = last + 1; i < count; i++) {
        if (strcmp(values[i], "check") == 0)
            out->check = true;
        else if (strcmp(values[i], "contained") == 0)
            out->confine.contained = true;
        else if (strncmp(values[i], "recognize=", 10) == 0)
            out->recognize = values[i] + 10;
        else if (strncmp(values[i], "format=", 7) == 0)
            out->format = values[i] + 7;
        else
            return false;
    }
    return true;
}

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

static void send_pages(struct output *output, const struct arguments *arguments)
{
    struct words *words = NULL;
    int reason = words_open(&words, FRAME_DESCRIPTOR);
    if (reason) {
        send_failure(output, (enum frame_reason)reason);
        return;
    }
    /* One reader describes the document; all must know its attachments. */
    bool describes = arguments->part == 0 && arguments->first == 0 && !arguments->recognize;
    bool carries = words_carries_files(words);
    PopplerDocument *document = NULL;
    if (describes || carries)
        document = poppler_document_new_from_fd(arguments->description, NULL, NULL);
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
    for (int number = (int)arguments->first + 1; number <= pages; number++) {
        if ((unsigned long)(number - 1) / FRAME_STRIPE % arguments->parts != arguments->part)
            continue;
        limit_page(arguments->page_seconds);
        if (arguments->recognize)
            words_recognize_page(words, output, number, arguments->recognizer);
        else
            words_send_page(words, output, number);
    }
    output_frame(output, FRAME_END, NULL, 0, NULL, 0);
}

static void send_document(struct output *output, const struct arguments *arguments)
{
    int reason = 0;
    if (arguments->format && strcmp(arguments->format, "pdf") != 0)
        reason = kinds_send(output, FRAME_DESCRIPTOR, arguments->format);
    else
        send_pages(output, arguments);
    if (reason)
        send_failure(output, (enum frame_reason)reason);
}

/* Libraries abort when memory runs out. The first process of a container would survive that signal,
 * so it ends itself, with the status that a shell would report. */
static void end_aborted(int signal_number)
{
    (void)signal_number;
    _exit(128 + SIGABRT);
}

static void end_late(int signal_number)
{
    _exit(signal_number == SIGPROF ? FRAME_STATUS_PAGE_TIMEOUT : FRAME_STATUS_TIMEOUT);
}

/* Prepares what is not allowed after confinement: a second descriptor, the converters of titles. */
static void prepare(struct arguments *arguments)
{
    arguments->description = dup(FRAME_DESCRIPTOR);
    if (arguments->recognize)
        arguments->recognizer = recognize_open(arguments->recognize);
    signal(SIGABRT, end_aborted);
    signal(SIGTRAP, end_aborted);
    signal(SIGPROF, end_late);
    signal(SIGXCPU, end_late);
    g_iconv_open("UTF-8", "UTF-16BE");
    g_iconv_open("UTF-8", "UTF-16LE");
}

int main(int count, char **values)
{
    static struct output output;
    struct arguments arguments = {.parts = 1};
    bool landlock = false;
    if (!parse_arguments(&arguments, count, values)) {
        static const char usage[] = "treadle-reader is run by treadle to read documents\n";
        return write(STDERR_FILENO, usage, sizeof usage - 1) < 0 ? 1 : 2;
    }
    output_watch();
    prepare(&arguments);
    if (!confine(&arguments.confine, &landlock)) {
        send_failure(&output, FRAME_UNCONFINED);
        output_flush(&output);
        _exit(1);
    }
    struct frame_ready ready = {.landlock = landlock};
    output_frame(&output, FRAME_READY, &ready, sizeof ready, NULL, 0);
    output_flush(&output);
    if (!arguments.check)
        send_document(&output, &arguments);
    output_flush(&output);
    _exit(0);
}
