/*
 * The reader program: real PDFs through the real treadle-reader, files that are broken in every
 * way, readers that lie, hang or die, and what each of them leaves.
 *
 * The program's path is in TREADLE_TEST_READER.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "document/document.h"
#include "document/fork_server.h"
#include "document/launch.h"

enum { OBJECTS = 256 };

/* A PDF that is being made. */
struct pdf {
    struct buffer bytes;
    size_t offsets[OBJECTS];
    int objects;
};

static int pdf_object(struct pdf *pdf, const char *body)
{
    pdf->offsets[pdf->objects++] = pdf->bytes.length;
    buffer_append_format(&pdf->bytes, "%d 0 obj\n%s\nendobj\n", pdf->objects, body);
    return pdf->objects;
}

static void pdf_stream(struct pdf *pdf, const char *content)
{
    struct buffer body;
    buffer_init(&body, 1 << 22);
    buffer_append_format(&body, "<</Length %zu>>stream\n%s\nendstream", strlen(content), content);
    pdf_object(pdf, body.data);
    buffer_clear(&body);
}

/* Objects 1 to 3: catalogue, font, page tree; then every page and its content. */
static void pdf_pages(struct pdf *pdf, int pages, const char *(*content)(int page))
{
    struct buffer kids;
    buffer_init(&pdf->bytes, 1 << 24);
    buffer_init(&kids, 1 << 16);
    pdf->objects = 0;
    buffer_append_string(&pdf->bytes, "%PDF-1.4\n");
    for (int i = 0; i < pages; i++)
        buffer_append_format(&kids, "%d 0 R ", 4 + i * 2);
    char tree[4096];
    snprintf(tree, sizeof tree, "<</Type/Pages/Kids[%s]/Count %d>>", kids.data, pages);
    pdf_object(pdf, "<</Type/Catalog/Pages 3 0 R>>");
    pdf_object(pdf, "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>");
    pdf_object(pdf, tree);
    for (int i = 0; i < pages; i++) {
        char page[256];
        snprintf(page, sizeof page,
                 "<</Type/Page/Parent 3 0 R/MediaBox[0 0 612 792]/Contents %d 0 R"
                 "/Resources<</Font<</F1 2 0 R>>/XObject<</X %d 0 R>>>>>>",
                 5 + i * 2, 4 + pages * 2);
        pdf_object(pdf, page);
        pdf_stream(pdf, content(i + 1));
    }
    buffer_clear(&kids);
}

/* The object X of all pages: a form that shows another one twice, and so on, so that a page which
 * shows it takes about for ever. */
static void pdf_forms(struct pdf *pdf)
{
    static const char content[] = "/X Do /X Do";
    for (int i = 0; i < 40; i++) {
        char form[256];
        snprintf(form, sizeof form,
                 "<</Type/XObject/Subtype/Form/BBox[0 0 612 792]/Resources<</XObject<</X %d 0 R>>>>"
                 "/Length %zu>>stream\n%s\nendstream",
                 pdf->objects + 2, sizeof content - 1, content);
        pdf_object(pdf, form);
    }
}

static void pdf_end(struct pdf *pdf, const char *trailer)
{
    size_t start = pdf->bytes.length;
    buffer_append_format(&pdf->bytes, "xref\n0 %d\n0000000000 65535 f \n", pdf->objects + 1);
    for (int i = 0; i < pdf->objects; i++)
        buffer_append_format(&pdf->bytes, "%010zu 00000 n \n", pdf->offsets[i]);
    buffer_append_format(&pdf->bytes, "trailer<</Size %d/Root 1 0 R%s>>\nstartxref\n%zu\n%%%%EOF\n",
                         pdf->objects + 1, trailer, start);
}

static const char *sample_page(int page)
{
    static char content[512];
    snprintf(content, sizeof content,
             "BT /F1 18 Tf 72 700 Td (Title of part %d) Tj ET\n"
             "BT /F1 10 Tf 72 650 Td (The frobnicator of page %d turns every com-) Tj\n"
             "0 -12 Td (putation around.) Tj ET",
             page, page);
    return content;
}

static const char *slow_page(int page)
{
    return page % 4 == 2 ? "/X Do" : sample_page(page);
}

static const char *drawn_page(int page)
{
    (void)page;
    return "0 0 m 100 100 l S";
}

static const char *long_page(int page)
{
    static char content[1 << 19];
    size_t length = 0;
    (void)page;
    while (length < sizeof content - 100)
        length += (size_t)snprintf(content + length, 100, "BT /F1 8 Tf %zu %zu Td (word) Tj ET\n",
                                   20 + length % 500, 20 + length / 700);
    return content;
}

static int file_of(const char *bytes, size_t length)
{
    int file = memfd_create("test", MFD_CLOEXEC);
    assert_true(file >= 0);
    assert_int_equal(write(file, bytes, length), length);
    return file;
}

static const char *program(void)
{
    const char *path = getenv("TREADLE_TEST_READER");
    if (!path)
        fail_msg("TREADLE_TEST_READER names no reader");
    return path;
}

static size_t open_descriptors(void)
{
    size_t count = 0;
    DIR *directory = opendir("/proc/self/fd");
    assert_non_null(directory);
    while (readdir(directory))
        count++;
    closedir(directory);
    return count;
}

/* Reads, and checks that nothing is left: no process, no descriptor. */
static int read_with(struct document **out, const char *bytes, size_t length, const char *name,
                     const struct document_options *options, struct treadle_error *error)
{
    *error = (struct treadle_error){0};
    int file = file_of(bytes, length);
    size_t before = open_descriptors();
    int rc = document_read(out, file, name, options, error);
    assert_int_equal(open_descriptors(), before);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
    assert_int_equal(rc, error->code);
    close(file);
    return rc;
}

static int read_pdf(struct document **out, const struct pdf *pdf, struct treadle_error *error)
{
    struct document_options options = {.reader = program(), .readers = 2, .seconds = 30};
    return read_with(out, pdf->bytes.data, pdf->bytes.length, "a.pdf", &options, error);
}

static void check_sample(const struct document *document, int pages)
{
    assert_int_equal(document->page_count, pages);
    assert_int_equal(document->block_count, pages * 2);
    for (int i = 0; i < pages; i++) {
        const struct document_block *title = &document->blocks[i * 2], *text = title + 1;
        char expected[80];
        snprintf(expected, sizeof expected, "Title of part %d", i + 1);
        assert_string_equal(title->text, expected);
        assert_int_equal(title->kind, DOCUMENT_HEADING);
        snprintf(expected, sizeof expected,
                 "The frobnicator of page %d turns every computation around.", i + 1);
        assert_string_equal(text->text, expected);
        assert_int_equal(text->page, i + 1);
    }
}

static void reads_pages_in_order(void **state)
{
    (void)state;
    struct pdf pdf;
    struct document *document = NULL;
    struct treadle_error error;
    pdf_pages(&pdf, 40, sample_page);
    int info = pdf_object(&pdf, "<</Title<FEFF00C900740075>>>");
    /* Large enough for two readers. */
    while (pdf.bytes.length < 300000)
        buffer_append_string(&pdf.bytes, "% a comment that fills the file and says nothing\n");
    char trailer[64];
    snprintf(trailer, sizeof trailer, "/Info %d 0 R", info);
    pdf_end(&pdf, trailer);
    assert_int_equal(read_pdf(&document, &pdf, &error), 0);
    check_sample(document, 40);
    assert_string_equal(document->title, "\xC3\x89tu");
    document_free(document);
    buffer_clear(&pdf.bytes);
}

static void rebuilds_what_it_can(void **state)
{
    (void)state;
    struct pdf pdf;
    struct document *document = NULL;
    struct treadle_error error;
    pdf_pages(&pdf, 4, sample_page);
    pdf_end(&pdf, "");
    /* Without the place of its table of objects it can be rebuilt, with only its start not. */
    pdf.bytes.length -= 18;
    assert_int_equal(read_pdf(&document, &pdf, &error), 0);
    check_sample(document, 4);
    document_free(document);
    document = NULL;
    pdf.bytes.length = 60;
    assert_int_equal(read_pdf(&document, &pdf, &error), TREADLE_EPARSE);
    assert_non_null(strstr(error.message, "damaged"));
    assert_null(document);
    buffer_clear(&pdf.bytes);
}

static void refuses_a_password(void **state)
{
    (void)state;
    struct pdf pdf;
    struct document *document = NULL;
    struct treadle_error error;
    pdf_pages(&pdf, 1, sample_page);
    int key = pdf_object(&pdf, "<</Filter/Standard/V 1/R 2/P -4"
                               "/O(01234567890123456789012345678901)"
                               "/U(01234567890123456789012345678901)>>");
    char trailer[128];
    snprintf(trailer, sizeof trailer, "/Encrypt %d 0 R/ID[<00><00>]", key);
    pdf_end(&pdf, trailer);
    assert_int_equal(read_pdf(&document, &pdf, &error), TREADLE_EPARSE);
    assert_non_null(strstr(error.message, "password"));
    buffer_clear(&pdf.bytes);
}

static void refuses_a_scan(void **state)
{
    (void)state;
    struct pdf pdf;
    struct document *document = NULL;
    struct treadle_error error;
    pdf_pages(&pdf, 3, drawn_page);
    pdf_end(&pdf, "");
    assert_int_equal(read_pdf(&document, &pdf, &error), TREADLE_EUNSUPPORTED);
    assert_non_null(strstr(error.message, "no text on its 3 pages"));
    buffer_clear(&pdf.bytes);
}

static void keeps_its_limits(void **state)
{
    (void)state;
    struct pdf pdf;
    struct document *document = NULL;
    struct treadle_error error;
    pdf_pages(&pdf, 10, sample_page);
    pdf_end(&pdf, "");
    struct document_options options = {.reader = program(), .max_text = 400};
    assert_int_equal(
        read_with(&document, pdf.bytes.data, pdf.bytes.length, "a.pdf", &options, &error),
        TREADLE_ELIMIT);
    atomic_bool stop = true;
    options = (struct document_options){.reader = program(), .stop = &stop};
    assert_int_equal(
        read_with(&document, pdf.bytes.data, pdf.bytes.length, "a.pdf", &options, &error),
        TREADLE_ESTATE);
    buffer_clear(&pdf.bytes);
    assert_null(document);
}

static const struct document_block *find_page(const struct document *document, int page)
{
    for (size_t i = 0; i < document->block_count; i++)
        if (document->blocks[i].page == page)
            return &document->blocks[i];
    return NULL;
}

static void leaves_out_a_slow_page(void **state)
{
    (void)state;
    struct pdf pdf;
    struct document *document = NULL;
    struct treadle_error error;
    pdf_pages(&pdf, 7, slow_page);
    pdf_forms(&pdf);
    pdf_end(&pdf, "");
    struct document_options options = {.reader = program(), .seconds = 60, .page_seconds = 1};
    assert_int_equal(
        read_with(&document, pdf.bytes.data, pdf.bytes.length, "a.pdf", &options, &error), 0);
    assert_int_equal(document->page_count, 7);
    for (int page = 1; page <= 7; page++)
        assert_true((find_page(document, page) == NULL) == (page == 2 || page == 6));
    assert_int_equal(document->notice_count, 1);
    assert_string_equal(document->notices[0].code, "page_timeout");
    assert_string_equal(document->notices[0].pages, "2, 6");
    assert_int_equal(document->notices[0].page_count, 2);
    assert_string_equal(document->notices[0].message,
                        "Pages 2, 6 were left out, because reading each of them took longer than a "
                        "page may take.");
    document_free(document);
    buffer_clear(&pdf.bytes);
}

static void refuses_when_little_is_left(void **state)
{
    (void)state;
    struct pdf pdf;
    struct document *document = NULL;
    struct treadle_error error;
    pdf_pages(&pdf, 3, slow_page);
    pdf_forms(&pdf);
    pdf_end(&pdf, "");
    /* The time for the document is over on the second of three pages. */
    struct document_options options = {.reader = program(), .seconds = 1};
    assert_int_equal(
        read_with(&document, pdf.bytes.data, pdf.bytes.length, "a.pdf", &options, &error),
        TREADLE_ETIMEOUT);
    assert_string_equal(error.message,
                        "too little of the document can be read, 1 of its 3 pages. Pages 2-3 were "
                        "left out, because reading the document took longer than is allowed.");
    assert_null(document);
    buffer_clear(&pdf.bytes);
}

/* The name of a reader of another kind: a script that serves as treadle-reader does and whose
 * readers run `body`, where OUT is the pipe. */
static int read_with_script(const char *body, struct treadle_error *error)
{
    static const char head[] =
        "#!/usr/bin/python3\n"
        "import array, os, socket, struct, signal, time\n"
        "s = socket.socket(fileno=3)\n"
        "s.send(struct.pack('Ii', 1, 0))\n"
        "while True:\n"
        "    m, control, _, _ = s.recvmsg(4096, socket.CMSG_SPACE(12))\n"
        "    if not m: break\n"
        "    OUT, to = array.array('i', control[0][2][:8])\n"
        "    child = os.fork()\n"
        "    if child == 0:\n"
        "        os.close(3)\n"
        "        os.close(to)\n"
        "        os.closerange(to + 1, 99)\n"
        "        %s\n"
        "        os._exit(0)\n"
        "    os.close(OUT)\n"
        "    to = socket.socket(fileno=to)\n"
        "    pidfd = array.array('i', [os.pidfd_open(child)])\n"
        "    to.sendmsg([struct.pack('Ii', 2, 0)],\n"
        "               [(socket.SOL_SOCKET, socket.SCM_RIGHTS, pidfd)])\n"
        "    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])\n"
        "    to.send(struct.pack('Ii', 3, status if status >= 0 else 128 - status))\n"
        "    to.close()\n";
    char path[256], script[4096];
    const char *temporary = getenv("TMPDIR");
    struct document *document = NULL;
    snprintf(path, sizeof path, "%s/treadle-reader-XXXXXX", temporary ? temporary : "/tmp");
    int length = body[0] == '#' ? snprintf(script, sizeof script, "%s", body)
                                : snprintf(script, sizeof script, head, body);
    int file = mkstemp(path);
    assert_true(file >= 0);
    assert_int_equal(write(file, script, (size_t)length), length);
    fchmod(file, 0700);
    close(file);
    struct document_options options = {.reader = path, .seconds = 1};
    int rc = read_with(&document, "%PDF-1.4\n", 9, "a.pdf", &options, error);
    unlink(path);
    return rc;
}

static void survives_other_readers(void **state)
{
    (void)state;
    struct treadle_error error;
    assert_int_equal(read_with_script("os.write(OUT, b'nonsense and more nonsense')", &error),
                     TREADLE_EPARSE);
    assert_int_equal(read_with_script("os._exit(3)", &error), TREADLE_EIO);
    assert_int_equal(read_with_script("#!/bin/sh\nexit 3\n", &error), TREADLE_EIO);
    /* Ready, of three pages, within the first: then ended by a signal from outside. */
    assert_int_equal(
        read_with_script("os.write(OUT, struct.pack('9I', 1, 4, 0, 2, 4, 3, 5, 4, 1)); "
                         "os.kill(os.getpid(), signal.SIGKILL)",
                         &error),
        TREADLE_EBUSY);
    assert_non_null(strstr(error.message, "from outside (signal 9)"));
    int64_t start = clock_monotonic_us();
    assert_int_equal(read_with_script("time.sleep(60)", &error), TREADLE_ETIMEOUT);
    assert_true(clock_monotonic_us() - start < 10 * 1000000);
    struct document *document = NULL;
    struct document_options options = {.reader = "/nowhere/treadle-reader"};
    assert_int_equal(read_with(&document, "%PDF-1.4\n", 9, "a.pdf", &options, &error),
                     TREADLE_ENOTFOUND);
}

/* The value of a field of /proc/PID/status, -1 when there is none. */
static int status_field(pid_t pid, const char *name)
{
    char path[64], line[256];
    int value = -1;
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *file = fopen(path, "re");
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, name, strlen(name)) == 0)
            value = atoi(line + strlen(name));
    if (file)
        fclose(file);
    return value;
}

/* The youngest process below one, where each has but one child. */
static pid_t find_reader(pid_t pid)
{
    for (int child = pid; child; pid = child ? child : pid) {
        char path[64];
        snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)pid, (int)pid);
        FILE *file = fopen(path, "re");
        child = 0;
        if (file && fscanf(file, "%d", &child) != 1)
            child = 0;
        if (file)
            fclose(file);
    }
    return pid;
}

static void confines_itself(void **state)
{
    (void)state;
    struct pdf pdf;
    struct launch launch;
    struct treadle_error error = {0};
    pdf_pages(&pdf, 1, long_page);
    pdf_end(&pdf, "");
    int file = file_of(pdf.bytes.data, pdf.bytes.length);
    struct fork_server *server = NULL;
    assert_int_equal(fork_server_open(&server, program(), &error), 0);
    struct launch_options options = {.server = server,
                                     .format = "pdf",
                                     .document = file,
                                     .memory = (uint64_t)1 << 30,
                                     .seconds = 10,
                                     .parts = 1};
    assert_int_equal(launch_start(&launch, &options, &error), 0);
    /* Its first words say that it is confined; the next block it, for nobody reads them. */
    char byte;
    assert_int_equal(read(launch.output, &byte, 1), 1);
    struct pollfd started = {.fd = launch.answers, .events = POLLIN};
    assert_int_equal(poll(&started, 1, 5000), 1);
    pid_t reader = find_reader(getpid());
    assert_int_equal(status_field(reader, "NoNewPrivs:"), 1);
    assert_int_equal(status_field(reader, "Seccomp:"), 2);
    assert_int_equal(launch_end(&launch, 0), -1);
    fork_server_close(server);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    close(file);
    buffer_clear(&pdf.bytes);
}

static void says_how_it_is_confined(void **state)
{
    (void)state;
    struct document_options options = {.reader = program()};
    const char *sandbox = document_sandbox(&options);
    assert_non_null(strstr(sandbox, "seccomp and limits"));
    print_message("readers here: %s\n", sandbox);
    options.reader = "/nowhere/treadle-reader";
    assert_non_null(strstr(document_sandbox(&options), "none"));
}

static void needs_no_signals(void **state)
{
    (void)state;
    struct pdf pdf;
    struct document *document = NULL;
    struct treadle_error error;
    signal(SIGCHLD, SIG_IGN);
    pdf_pages(&pdf, 2, sample_page);
    pdf_end(&pdf, "");
    assert_int_equal(read_pdf(&document, &pdf, &error), 0);
    check_sample(document, 2);
    document_free(document);
    signal(SIGCHLD, SIG_DFL);
    buffer_clear(&pdf.bytes);
}

static void reads_a_real_manual(void **state)
{
    (void)state;
    static const char path[] = "/usr/share/R/doc/manual/R-intro.pdf";
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        print_message("SKIPPED: %s is missing (package r-doc-pdf)\n", path);
        skip();
    }
    struct document *document = NULL;
    struct treadle_error error = {0};
    struct document_options options = {.reader = program()};
    assert_int_equal(document_read(&document, file, "R-intro.pdf", &options, &error), 0);
    bool heading = false, sentence = false, code = false, running_head = false;
    for (size_t i = 0; i < document->block_count; i++) {
        const struct document_block *block = &document->blocks[i];
        if (block->page < 14 || block->page > 16)
            continue;
        heading = heading || (block->kind == DOCUMENT_HEADING && block->level == 2 &&
                              strcmp(block->text, "2.1 Vectors and assignment") == 0);
        sentence = sentence || strstr(block->text, "a single entity consisting of an ordered "
                                                   "collection of numbers.");
        code = code || strcmp(block->text, "> x <- c(10.4, 5.6, 3.1, 6.4, 21.7)") == 0;
        /* It stays where it stands first, on page 15. */
        running_head = running_head || (block->page == 16 && strstr(block->text, "Chapter 2"));
    }
    assert_true(heading && sentence && code);
    assert_false(running_head);
    document_free(document);
    close(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_pages_in_order),   cmocka_unit_test(rebuilds_what_it_can),
        cmocka_unit_test(refuses_a_password),     cmocka_unit_test(refuses_a_scan),
        cmocka_unit_test(keeps_its_limits),       cmocka_unit_test(survives_other_readers),
        cmocka_unit_test(leaves_out_a_slow_page), cmocka_unit_test(refuses_when_little_is_left),
        cmocka_unit_test(confines_itself),        cmocka_unit_test(says_how_it_is_confined),
        cmocka_unit_test(needs_no_signals),       cmocka_unit_test(reads_a_real_manual),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
