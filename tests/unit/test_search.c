/*
 * Search: what is found and in which order, what a chunk knows, and that files and stores come and
 * go without a trace.
 */
#include <dirent.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "search/search.h"

enum { BLOCKS = 2000 };

struct fixture {
    char directory[256];
    struct search *search;
    struct arena *arena;
    struct document document;
    struct document_block blocks[BLOCKS];
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    struct treadle_error error;
    const char *base = getenv("TMPDIR");
    snprintf(fixture->directory, sizeof fixture->directory, "%s/treadle-search-XXXXXX",
             base ? base : "/tmp");
    assert_non_null(mkdtemp(fixture->directory));
    assert_int_equal(search_open(&fixture->search, fixture->directory, &error), 0);
    fixture->arena = arena_new(0);
    fixture->document.blocks = fixture->blocks;
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    search_close(fixture->search);
    arena_free(fixture->arena);
    DIR *directory = opendir(fixture->directory);
    for (struct dirent *entry; (entry = readdir(directory));) {
        char path[1024];
        snprintf(path, sizeof path, "%s/%s", fixture->directory, entry->d_name);
        unlink(path);
    }
    closedir(directory);
    rmdir(fixture->directory);
    free(fixture);
    return 0;
}

static void put(struct fixture *fixture, int level, int page, const char *text)
{
    struct document_block *block = &fixture->blocks[fixture->document.block_count++];
    assert_in_range(fixture->document.block_count, 1, BLOCKS);
    *block = (struct document_block){.kind = level ? DOCUMENT_HEADING : DOCUMENT_PARAGRAPH,
                                     .level = level,
                                     .page = page,
                                     .text = text,
                                     .length = strlen(text)};
    fixture->document.page_count = page;
}

static int64_t add(struct fixture *fixture, const char *store, const char *file)
{
    struct search_file wanted = {.store_id = store, .file_id = file, .filename = "manual.pdf"};
    struct treadle_error error;
    int64_t usage = -1;
    assert_int_equal(search_add(fixture->search, &wanted, &fixture->document, &usage, &error), 0);
    fixture->document.block_count = 0;
    return usage;
}

static size_t ask(struct fixture *fixture, const char *store, const char *text,
                  struct search_result **results)
{
    const char *const stores[] = {store};
    struct search_query query = {.store_ids = stores, .store_count = 1, .text = text};
    struct treadle_error error;
    size_t count = 999;
    assert_int_equal(search_run(fixture->search, &query, fixture->arena, results, &count, &error),
                     0);
    assert_in_range(count, 0, 20);
    for (size_t i = 0; i < count; i++) {
        assert_true((*results)[i].score >= 0 && (*results)[i].score <= 1);
        assert_true(i == 0 || (*results)[i].score <= (*results)[i - 1].score);
        assert_true((*results)[i].page_count > 0 && (*results)[i].pages[0].offset == 0);
    }
    return count;
}

/* The page on which the best passage of a result begins. */
static int page_of(const struct search_result *result)
{
    int page = 0;
    assert_true(result->start < result->end && result->end <= strlen(result->text));
    for (size_t i = 0; i < result->page_count; i++)
        if (result->pages[i].offset <= result->start)
            page = result->pages[i].page;
    return page;
}

/* A manual of three sections, with contents and an index that name everything. */
static void put_manual(struct fixture *fixture)
{
    static const char *const filler =
        "This paragraph talks at some length about nothing that anybody would ask for, so that "
        "the sections of the manual stand in chunks of their own and the order of the results "
        "tells something about the ranking and not about the size of the document at hand.";
    put(fixture, 1, 1, "Contents");
    put(fixture, 0, 1, "Installing packages . . . . . . . . . 2");
    put(fixture, 0, 1, "Reading tables . . . . . . . . . . . 3");
    put(fixture, 0, 1, "Installing packages from source . . . . 4");
    for (int i = 0; i < 20; i++)
        put(fixture, 0, 1, filler);
    put(fixture, 1, 2, "Installing packages");
    put(fixture, 0, 2, "To install a package, type pkg install and the name of its archive.");
    for (int i = 0; i < 20; i++)
        put(fixture, 0, 2, filler);
    put(fixture, 1, 3, "Reading tables");
    put(fixture, 0, 3,
        "The function read.csv reads a table; its argument na.strings names what "
        "stands for missing values.");
    for (int i = 0; i < 20; i++)
        put(fixture, 0, 3, filler);
    put(fixture, 1, 4, "Index");
    put(fixture, 0, 4, "install, 2, 17 package, 2, 9, 12 packages, installing, 2, 4");
    put(fixture, 0, 4, "read.csv, 3, 4, 5 table, 3, 8");
}

static void the_section_that_explains_wins(void **state)
{
    struct fixture *fixture = *state;
    struct search_result *results;
    put_manual(fixture);
    assert_true(add(fixture, "vs_1", "file-1") > 1000);
    assert_true(ask(fixture, "vs_1", "How do I install a package?", &results) > 1);
    assert_non_null(strstr(results[0].text, "To install a package"));
    assert_string_equal(results[0].heading, "Installing packages");
    assert_string_equal(results[0].file_id, "file-1");
    assert_string_equal(results[0].filename, "manual.pdf");
    assert_int_equal(page_of(&results[0]), 2);
    assert_memory_equal(results[0].text + results[0].start, "Installing packages\nTo install", 30);
    assert_true(ask(fixture, "vs_1", "what does na.strings do", &results) >= 1);
    assert_non_null(strstr(results[0].text, "na.strings names"));
    assert_true(ask(fixture, "vs_1", "read.csv", &results) >= 1);
    assert_non_null(strstr(results[0].text, "The function read.csv"));
    assert_string_equal(results[0].heading, "Reading tables");
    assert_int_equal(page_of(&results[0]), 3);
}

static void nothing_is_found_where_nothing_is(void **state)
{
    struct fixture *fixture = *state;
    struct search_result *results;
    assert_int_equal(ask(fixture, "vs_none", "anything", &results), 0);
    put_manual(fixture);
    add(fixture, "vs_1", "file-1");
    assert_int_equal(ask(fixture, "vs_1", "xylophone zebra", &results), 0);
    assert_int_equal(ask(fixture, "vs_1", "", &results), 0);
    assert_int_equal(ask(fixture, "vs_1", "\"'()*:{", &results), 0);
    ask(fixture, "vs_1", "\" OR NEAR(a b) AND NOT body: {", &results);
    /* Of stopwords alone nothing is dropped: they are all that is asked for. */
    ask(fixture, "vs_1", "what is it", &results);
}

static void limits_and_thresholds_hold(void **state)
{
    struct fixture *fixture = *state;
    const char *const stores[] = {"vs_1", "vs_2"};
    struct search_query query = {.store_ids = stores, .store_count = 2, .text = "install package"};
    struct search_result *results;
    struct treadle_error error;
    size_t count;
    put_manual(fixture);
    add(fixture, "vs_1", "file-1");
    put_manual(fixture);
    add(fixture, "vs_2", "file-2");
    assert_int_equal(search_run(fixture->search, &query, fixture->arena, &results, &count, &error),
                     0);
    assert_true(count >= 2);
    assert_string_not_equal(results[0].store_id, results[1].store_id);
    double best = results[0].score;
    query.max_results = 1;
    assert_int_equal(search_run(fixture->search, &query, fixture->arena, &results, &count, &error),
                     0);
    assert_int_equal(count, 1);
    query.max_results = 0;
    query.score_threshold = best + 0.001;
    assert_int_equal(search_run(fixture->search, &query, fixture->arena, &results, &count, &error),
                     0);
    assert_int_equal(count, 0);
}

static void a_question_of_a_megabyte_is_cut(void **state)
{
    struct fixture *fixture = *state;
    struct search_result *results;
    put_manual(fixture);
    add(fixture, "vs_1", "file-1");
    size_t size = 1 << 20;
    char *question = malloc(size + 1);
    for (size_t i = 0; i < size; i += 8)
        snprintf(question + i, size - i + 1, "w%06zu ", i / 8 % 1000000);
    memcpy(question, "install package ", 16);
    assert_true(ask(fixture, "vs_1", question, &results) >= 1);
    free(question);
}

static void chunks_cover_the_text_once(void **state)
{
    struct fixture *fixture = *state;
    struct treadle_error error;
    char(*lines)[160] = calloc(1500, sizeof *lines);
    size_t length = 0;
    for (int i = 0; i < 1500; i++) {
        snprintf(lines[i], sizeof lines[i],
                 "Sentence number %d speaks of the subject s%d and of nothing else that matters.",
                 i, i);
        put(fixture, i % 100 ? 0 : 2, i / 50 + 1, lines[i]);
        length += strlen(lines[i]) + 1;
    }
    add(fixture, "vs_1", "file-1");
    const char *text;
    assert_int_equal(search_text(fixture->search, "vs_1", "file-1", fixture->arena, &text, &error),
                     0);
    assert_int_equal(strlen(text), length - 1);
    size_t at = 0;
    for (int i = 0; i < 1500; i++) {
        assert_memory_equal(text + at, lines[i], strlen(lines[i]));
        at += strlen(lines[i]) + 1;
    }
    struct search_result *results;
    for (int i = 7; i < 1500; i += 211) {
        char question[32];
        snprintf(question, sizeof question, "s%d", i);
        assert_true(ask(fixture, "vs_1", question, &results) >= 1);
        assert_int_equal(search_cited_page(results[0].text, results[0].pages, results[0].page_count,
                                           lines[i], strlen(lines[i])),
                         i / 50 + 1);
    }
    free(lines);
}

static void a_block_without_spaces_is_cut(void **state)
{
    struct fixture *fixture = *state;
    struct treadle_error error;
    size_t size = 300000;
    char *block = malloc(size + 1);
    for (size_t i = 0; i < size; i += 3)
        memcpy(block + i, "語", 3);
    block[size] = 0;
    put(fixture, 0, 1, block);
    add(fixture, "vs_1", "file-1");
    const char *text;
    assert_int_equal(search_text(fixture->search, "vs_1", "file-1", fixture->arena, &text, &error),
                     0);
    size_t characters = 0;
    for (const char *at = text; *at; at++)
        characters += (unsigned char)*at == 0xE8;
    assert_int_equal(characters, size / 3);
    free(block);
}

static void files_are_replaced_and_removed(void **state)
{
    struct fixture *fixture = *state;
    struct search_result *results;
    struct treadle_error error;
    const char *text;
    put(fixture, 0, 1, "The walrus sleeps.");
    add(fixture, "vs_1", "file-1");
    put(fixture, 0, 1, "The penguin swims.");
    add(fixture, "vs_1", "file-2");
    put(fixture, 0, 1, "The otter floats.");
    add(fixture, "vs_1", "file-1");
    assert_int_equal(ask(fixture, "vs_1", "walrus", &results), 0);
    assert_int_equal(ask(fixture, "vs_1", "otter", &results), 1);
    assert_int_equal(search_remove_file(fixture->search, "vs_1", "file-1", &error), 0);
    assert_int_equal(search_remove_file(fixture->search, "vs_1", "file-1", &error), 0);
    assert_int_equal(search_remove_file(fixture->search, "vs_9", "file-1", &error), 0);
    assert_int_equal(ask(fixture, "vs_1", "otter", &results), 0);
    assert_int_equal(ask(fixture, "vs_1", "penguin", &results), 1);
    assert_int_equal(search_text(fixture->search, "vs_1", "file-1", fixture->arena, &text, &error),
                     TREADLE_ENOTFOUND);
    assert_int_equal(search_remove_store(fixture->search, "vs_1", &error), 0);
    assert_int_equal(search_remove_store(fixture->search, "vs_1", &error), 0);
    assert_int_equal(ask(fixture, "vs_1", "penguin", &results), 0);
}

/* Whether a file below the directory has the text, and how large they are together. */
static bool is_on_disk(const struct fixture *fixture, const char *text, size_t *size)
{
    DIR *directory = opendir(fixture->directory);
    bool found = false;
    *size = 0;
    for (struct dirent *entry; (entry = readdir(directory));) {
        char path[1024], *bytes = NULL;
        snprintf(path, sizeof path, "%s/%s", fixture->directory, entry->d_name);
        FILE *file = fopen(path, "rb");
        struct stat status;
        assert_non_null(file);
        assert_int_equal(fstat(fileno(file), &status), 0);
        size_t length = S_ISREG(status.st_mode) ? (size_t)status.st_size : 0;
        if (length) {
            assert_non_null(bytes = malloc(length));
            assert_int_equal(fread(bytes, 1, length, file), length);
            found = found || memmem(bytes, length, text, strlen(text));
            *size += length;
        }
        free(bytes);
        fclose(file);
    }
    closedir(directory);
    return found;
}

static void add_random_words(struct fixture *fixture, const char *file, const char *secret)
{
    enum { LINES = 400, WORDS = 20, WORD = 8 };
    char *text = malloc((size_t)LINES * (WORDS * (WORD + 1) + 64)), *at = text;
    assert_non_null(text);
    for (int line = 0; line < LINES; line++) {
        char *start = at;
        at += sprintf(at, "%s%d ", secret, line);
        for (int i = 0; i < WORDS * (WORD + 1); i++)
            *at++ = (char)(i % (WORD + 1) == WORD ? ' ' : 'a' + rand() % 26);
        *at++ = '\0';
        put(fixture, 0, 1, start);
    }
    add(fixture, "vs_1", file);
    free(text);
}

static void what_was_removed_is_in_no_file(void **state)
{
    enum { FILES = 6 };
    struct fixture *fixture = *state;
    struct treadle_error error;
    struct search_result *results;
    size_t before, after;
    for (int i = 0; i < FILES; i++) {
        char name[16];
        snprintf(name, sizeof name, "file-%d", i);
        /* FTS5 merges lists by itself now and then; those of the last file it has not merged yet.
         */
        add_random_words(fixture, name, i == FILES - 1 ? "qzyxjwv" : "kept");
    }
    assert_true(is_on_disk(fixture, "zyxjwv", &before));
    int rc;
    while ((rc = search_remove_file(fixture->search, "vs_1", "file-5", &error)) > 0)
        continue;
    assert_int_equal(rc, 0);
    assert_false(is_on_disk(fixture, "zyxjwv", &after));
    for (int i = 1; i < FILES - 1; i++) {
        char name[16];
        snprintf(name, sizeof name, "file-%d", i);
        while ((rc = search_remove_file(fixture->search, "vs_1", name, &error)) > 0)
            continue;
        assert_int_equal(rc, 0);
    }
    is_on_disk(fixture, "", &after);
    assert_in_range(after, 1, before / 3);
    assert_int_equal(ask(fixture, "vs_1", "kept7", &results), 1);
}

static void ids_cannot_leave_the_directory(void **state)
{
    struct fixture *fixture = *state;
    static const char *const bad[] = {"", "../x", "a/b", "a.b", "a b", "ä"};
    struct treadle_error error;
    struct search_file file = {.file_id = "f", .filename = "f"};
    int64_t usage = 7;
    put(fixture, 0, 1, "Text.");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        file.store_id = bad[i];
        assert_int_equal(search_add(fixture->search, &file, &fixture->document, &usage, &error),
                         TREADLE_EINVALID);
        assert_int_equal(search_remove_store(fixture->search, bad[i], &error), TREADLE_EINVALID);
    }
    assert_int_equal(usage, 7);
}

struct visits {
    struct fixture *fixture;
    size_t count, most;
    char ids[8][16];
};

/* Removes what it is called with. */
static int note_store(void *context, const char *store_id)
{
    struct visits *visits = context;
    struct treadle_error error;
    assert_true(visits->count < 8);
    snprintf(visits->ids[visits->count++], sizeof visits->ids[0], "%s", store_id);
    assert_int_equal(search_remove_store(visits->fixture->search, store_id, &error), 0);
    return visits->count == visits->most ? 7 : 0;
}

static void indexes_and_their_files_are_listed(void **state)
{
    struct fixture *fixture = *state;
    struct visits visits = {.fixture = fixture, .most = 2};
    struct treadle_error error;
    const char **ids = NULL;
    size_t count = 7;
    put(fixture, 0, 1, "The walrus sleeps.");
    add(fixture, "vs_1", "file-1");
    add(fixture, "vs_1", "file-2");
    add(fixture, "vs_2", "file-1");
    add(fixture, "vs_3", "file-1");
    assert_int_equal(
        search_list_files(fixture->search, "vs_1", fixture->arena, &ids, &count, &error), 0);
    assert_int_equal(count, 2);
    assert_string_equal(ids[0], "file-1");
    assert_string_equal(ids[1], "file-2");
    assert_int_equal(search_each_store(fixture->search, note_store, &visits, &error), 7);
    assert_int_equal(visits.count, 2);
    visits.most = 0;
    assert_int_equal(search_each_store(fixture->search, note_store, &visits, &error), 0);
    assert_int_equal(visits.count, 3);
    for (int i = 0; i < 3; i++)
        assert_true(strncmp(visits.ids[i], "vs_", 3) == 0 &&
                    strcmp(visits.ids[i], visits.ids[(i + 1) % 3]) != 0);
    assert_int_equal(
        search_list_files(fixture->search, "vs_1", fixture->arena, &ids, &count, &error), 0);
    assert_int_equal(count, 0);
}

static void many_stores_share_few_connections(void **state)
{
    struct fixture *fixture = *state;
    struct search_result *results;
    for (int i = 0; i < 40; i++) {
        char store[16];
        snprintf(store, sizeof store, "vs_%d", i);
        put(fixture, 0, 1, "The walrus sleeps.");
        add(fixture, store, "file-1");
    }
    for (int i = 0; i < 40; i++) {
        char store[16];
        snprintf(store, sizeof store, "vs_%d", i);
        assert_int_equal(ask(fixture, store, "walrus", &results), 1);
    }
    size_t descriptors = 0;
    DIR *directory = opendir("/proc/self/fd");
    while (readdir(directory))
        descriptors++;
    closedir(directory);
    assert_in_range(descriptors, 1, 16 * 6 + 16);
}

struct worker {
    struct fixture *fixture;
    int number;
    int failures;
};

static void *work(void *context)
{
    struct worker *worker = context;
    struct arena *arena = arena_new(0);
    char id[16];
    snprintf(id, sizeof id, "file-%d", worker->number);
    struct search_file file = {.store_id = "vs_1", .file_id = id, .filename = "f"};
    static const char text[] = "The walrus sleeps on the ice.";
    struct document_block block = {.text = text, .length = sizeof text - 1, .page = 1};
    struct document document = {.blocks = &block, .block_count = 1, .page_count = 1};
    const char *const stores[] = {"vs_1"};
    struct search_query query = {.store_ids = stores, .store_count = 1, .text = "walrus"};
    for (int i = 0; i < 20; i++) {
        struct search_result *results;
        struct treadle_error error;
        size_t count;
        int64_t usage;
        worker->failures +=
            search_add(worker->fixture->search, &file, &document, &usage, &error) != 0;
        worker->failures +=
            search_run(worker->fixture->search, &query, arena, &results, &count, &error) != 0 ||
            count == 0;
    }
    arena_free(arena);
    return NULL;
}

static void threads_may_add_and_ask_at_once(void **state)
{
    struct fixture *fixture = *state;
    struct worker workers[4];
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
        workers[i] = (struct worker){.fixture = fixture, .number = i};
        assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(workers[i].failures, 0);
    }
    struct search_result *results;
    assert_int_equal(ask(fixture, "vs_1", "walrus", &results), 4);
}

/* A process that is killed while it writes leaves the last commit. */
static void a_kill_leaves_what_was_committed(void **state)
{
    struct fixture *fixture = *state;
    struct search_result *results;
    struct treadle_error error;
    int started[2];
    assert_int_equal(pipe(started), 0);
    search_close(fixture->search);
    fixture->search = NULL;
    pid_t child = fork();
    if (child == 0) {
        if (search_open(&fixture->search, fixture->directory, &error))
            _exit(1);
        put_manual(fixture);
        add(fixture, "vs_1", "file-1");
        if (write(started[1], "x", 1) != 1)
            _exit(1);
        for (;;) {
            put_manual(fixture);
            add(fixture, "vs_1", "file-1");
        }
    }
    char byte;
    assert_int_equal(read(started[0], &byte, 1), 1);
    usleep(20000);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    close(started[0]);
    close(started[1]);
    assert_int_equal(search_open(&fixture->search, fixture->directory, &error), 0);
    assert_true(ask(fixture, "vs_1", "install a package", &results) > 1);
    assert_non_null(strstr(results[0].text, "To install a package"));
}

static size_t count_descriptors(void)
{
    DIR *directory = opendir("/proc/self/fd");
    size_t count = 0;
    while (readdir(directory))
        count++;
    closedir(directory);
    return count;
}

static void idle_indexes_give_their_descriptors_back(void **state)
{
    struct fixture *fixture = *state;
    struct search_result *results;
    size_t before = count_descriptors();
    put_manual(fixture);
    add(fixture, "vs_1", "file-1");
    add(fixture, "vs_2", "file-1");
    size_t open = count_descriptors();
    assert_true(open > before);
    assert_int_equal(search_close_idle(fixture->search, 3600), 0);
    assert_int_equal(count_descriptors(), open);
    assert_int_equal(search_close_idle(fixture->search, 0), 2);
    assert_int_equal(count_descriptors(), before);
    assert_true(ask(fixture, "vs_1", "install a package", &results) > 1);
}

static void a_statement_is_cited_with_its_page(void **state)
{
    (void)state;
    static const char text[] = "Alpha beta gamma.\nDelta epsilon zeta eta.\nAlpha omega.";
    const struct search_page pages[] = {{0, 7, NULL}, {18, 8, NULL}, {42, 9, NULL}};
    assert_int_equal(search_cited_page(text, pages, 3, "Delta epsilon", 13), 8);
    assert_int_equal(search_cited_page(text, pages, 3, "gamma. Delta", 12), 7);
    assert_int_equal(search_cited_page(text, pages, 3, " Alpha  omega. ", 15), 9);
    assert_int_equal(search_cited_page(text, pages, 3, "the zeta of delta", 17), 8);
    assert_int_equal(search_cited_page(text, pages, 3, "nothing", 7), 7);
    assert_int_equal(search_cited_page(text, pages, 3, "", 0), 7);
    assert_int_equal(search_cited_page(text, NULL, 0, "Delta", 5), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_section_that_explains_wins, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nothing_is_found_where_nothing_is, set_up, tear_down),
        cmocka_unit_test_setup_teardown(limits_and_thresholds_hold, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_question_of_a_megabyte_is_cut, set_up, tear_down),
        cmocka_unit_test_setup_teardown(chunks_cover_the_text_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_block_without_spaces_is_cut, set_up, tear_down),
        cmocka_unit_test_setup_teardown(files_are_replaced_and_removed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_was_removed_is_in_no_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(ids_cannot_leave_the_directory, set_up, tear_down),
        cmocka_unit_test_setup_teardown(indexes_and_their_files_are_listed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(many_stores_share_few_connections, set_up, tear_down),
        cmocka_unit_test_setup_teardown(idle_indexes_give_their_descriptors_back, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(threads_may_add_and_ask_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_kill_leaves_what_was_committed, set_up, tear_down),
        cmocka_unit_test(a_statement_is_cited_with_its_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
