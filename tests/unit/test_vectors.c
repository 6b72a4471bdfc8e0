/*
 * Vectors: made after files are indexed, compared with questions, and gone with their files. The
 * embedder here knows a few words that mean the same.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/error.h"
#include "search/embedder.h"
#include "search/fusion.h"
#include "search/search.h"
#include "search/windows.h"
#include "store/tree.h"

enum { DIMENSIONS = 32, LONGEST_WAIT_MS = 10000 };

/* ---- An embedder ---------------------------------------------------------------------------- */

struct fake {
    atomic_int texts;   /* that were encoded */
    atomic_bool broken; /* it fails */
};

static int fake_begin(void *context, bool documents, void **session, struct treadle_error *error)
{
    (void)documents;
    (void)error;
    *session = context;
    return 0;
}

static void fake_end(void *session)
{
    (void)session;
}

/* A dimension for each meaning, which several words have. */
static const char *const meanings[][3] = {
    {"cat", "feline", "kitten"}, {"boat", "vessel", "ship"}, {"price", "cost", "fee"}};

static int fake_encode(void *session, const struct search_text *texts, size_t count,
                       int8_t *vectors, float *scales, struct treadle_error *error)
{
    struct fake *fake = session;
    if (atomic_load(&fake->broken))
        return error_set(error, TREADLE_EIO, "The embedding is away.");
    for (size_t i = 0; i < count; i++) {
        int8_t *vector = vectors + i * DIMENSIONS;
        memset(vector, 0, DIMENSIONS);
        vector[DIMENSIONS - 1] = 10;
        for (size_t m = 0; m < sizeof meanings / sizeof meanings[0]; m++)
            for (size_t w = 0; w < 3; w++)
                if (memmem(texts[i].text, texts[i].length, meanings[m][w], strlen(meanings[m][w])))
                    vector[m] = 100;
        scales[i] = 1.0f / 110;
        atomic_fetch_add(&fake->texts, 1);
    }
    return 0;
}

/* ---- The fixture ---------------------------------------------------------------------------- */

struct fixture {
    char directory[256];
    struct search *search;
    struct fake fake;
    struct search_embedder embedder;
    struct arena *arena;
};

static void open_search(struct fixture *fixture, const char *version)
{
    struct treadle_error error;
    fixture->embedder = (struct search_embedder){version,    DIMENSIONS, &fixture->fake,
                                                 fake_begin, fake_end,   fake_encode};
    assert_int_equal(search_open(&fixture->search, fixture->directory, &error), 0);
    if (version)
        assert_int_equal(search_use(fixture->search, &fixture->embedder, &error), 0);
}

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    const char *base = getenv("TMPDIR");
    snprintf(fixture->directory, sizeof fixture->directory, "%s/treadle-vectors-XXXXXX",
             base ? base : "/tmp");
    assert_non_null(mkdtemp(fixture->directory));
    fixture->arena = arena_new(0);
    open_search(fixture, "one");
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    struct treadle_error error;
    search_close(fixture->search);
    arena_free(fixture->arena);
    tree_remove(fixture->directory, &error);
    free(fixture);
    return 0;
}

static void wait_for_vectors(struct fixture *fixture)
{
    struct search_progress progress = {.stores = 1};
    for (int waited = 0; progress.stores && waited < LONGEST_WAIT_MS; waited++) {
        usleep(1000);
        search_progress(fixture->search, &progress);
    }
    assert_int_equal(progress.stores, 0);
}

static void add(struct fixture *fixture, const char *file_id, const char *const *lines,
                size_t count)
{
    struct document_block blocks[64] = {{.kind = DOCUMENT_PARAGRAPH}};
    struct document document = {.blocks = blocks, .block_count = count, .page_count = 1};
    struct search_file file = {.store_id = "vs_1", .file_id = file_id, .filename = "notes.txt"};
    struct treadle_error error;
    int64_t usage;
    for (size_t i = 0; i < count; i++)
        blocks[i] = (struct document_block){
            .kind = DOCUMENT_PARAGRAPH, .page = 1, .text = lines[i], .length = strlen(lines[i])};
    assert_int_equal(search_add(fixture->search, &file, &document, &usage, &error), 0);
}

static size_t ask(struct fixture *fixture, const char *text, struct search_result **results)
{
    const char *const stores[] = {"vs_1"};
    struct search_query query = {.store_ids = stores, .store_count = 1, .text = text};
    struct treadle_error error;
    size_t count = 0;
    assert_int_equal(search_run(fixture->search, &query, fixture->arena, results, &count, &error),
                     0);
    for (size_t i = 0; i < count; i++)
        assert_true((*results)[i].score >= 0 && (*results)[i].score <= 1 &&
                    (i == 0 || (*results)[i].score <= (*results)[i - 1].score));
    return count;
}

static const char *const cats[] = {"Opening hours.", "Every feline in the house sleeps by day."};
static const char *const boats[] = {"The vessel leaves at nine from the old harbour."};

/* Bytes of the file of vectors that say something; -1 where there is none. */
static long bytes_kept(const struct fixture *fixture)
{
    char path[512];
    long count = 0;
    snprintf(path, sizeof path, "%s/vs_1.vectors", fixture->directory);
    FILE *file = fopen(path, "re");
    if (!file)
        return -1;
    for (int c; (c = getc(file)) != EOF;)
        count += c != 0;
    fclose(file);
    return count;
}

/* ---- Tests ---------------------------------------------------------------------------------- */

static void other_words_of_the_same_meaning_are_found(void **state)
{
    struct fixture *fixture = *state;
    struct search_result *results;
    add(fixture, "file-cats", cats, 2);
    add(fixture, "file-boats", boats, 1);
    wait_for_vectors(fixture);
    assert_in_range(ask(fixture, "Where is the kitten?", &results), 1, 2);
    assert_string_equal(results[0].file_id, "file-cats");
    assert_true(results[0].near_count > 0);
    assert_true(results[0].near[0].nearness > 0.5f);
    assert_memory_equal(results[0].text + results[0].near[0].start, "Opening", 7);
    assert_in_range(ask(fixture, "When does the ship sail?", &results), 1, 2);
    assert_string_equal(results[0].file_id, "file-boats");
}

static void without_an_embedder_words_find(void **state)
{
    struct fixture *fixture = *state;
    struct search_result *results;
    struct search_progress progress;
    search_close(fixture->search);
    open_search(fixture, NULL);
    add(fixture, "file-cats", cats, 2);
    search_progress(fixture->search, &progress);
    assert_null(progress.version);
    assert_int_equal(ask(fixture, "kitten", &results), 0);
    assert_int_equal(ask(fixture, "feline", &results), 1);
    assert_int_equal(bytes_kept(fixture), -1);
}

static void what_is_there_already_is_not_made_again(void **state)
{
    struct fixture *fixture = *state;
    add(fixture, "file-cats", cats, 2);
    wait_for_vectors(fixture);
    int texts = atomic_load(&fixture->fake.texts);
    search_close(fixture->search);
    open_search(fixture, "one");
    wait_for_vectors(fixture);
    assert_int_equal(atomic_load(&fixture->fake.texts), texts);
    /* Another embedder's vectors cannot be compared with the old ones. */
    search_close(fixture->search);
    open_search(fixture, "two");
    wait_for_vectors(fixture);
    assert_int_equal(atomic_load(&fixture->fake.texts), 2 * texts);
}

static void lost_vectors_are_made_again(void **state)
{
    struct fixture *fixture = *state;
    struct search_result *results;
    char path[512];
    add(fixture, "file-cats", cats, 2);
    wait_for_vectors(fixture);
    search_close(fixture->search);
    snprintf(path, sizeof path, "%s/vs_1.vectors", fixture->directory);
    assert_int_equal(truncate(path, 10), 0);
    open_search(fixture, "one");
    wait_for_vectors(fixture);
    assert_int_equal(ask(fixture, "kitten", &results), 1);
    search_close(fixture->search);
    assert_int_equal(unlink(path), 0);
    open_search(fixture, "one");
    wait_for_vectors(fixture);
    assert_int_equal(ask(fixture, "kitten", &results), 1);
}

static void vectors_go_with_their_file(void **state)
{
    struct fixture *fixture = *state;
    struct search_result *results;
    struct treadle_error error;
    add(fixture, "file-cats", cats, 2);
    wait_for_vectors(fixture);
    assert_true(bytes_kept(fixture) > 0);
    assert_int_equal(search_remove_file(fixture->search, "vs_1", "file-cats", &error), 0);
    assert_int_equal(ask(fixture, "kitten", &results), 0);
    assert_int_equal(bytes_kept(fixture), 0);
    add(fixture, "file-boats", boats, 1);
    wait_for_vectors(fixture);
    assert_int_equal(ask(fixture, "ship", &results), 1);
    assert_int_equal(search_remove_store(fixture->search, "vs_1", &error), 0);
    assert_int_equal(bytes_kept(fixture), -1);
}

static void an_embedder_that_is_away_holds_nothing_up(void **state)
{
    struct fixture *fixture = *state;
    struct search_progress progress = {.problem = ""};
    atomic_store(&fixture->fake.broken, true);
    add(fixture, "file-cats", cats, 2);
    for (int waited = 0; !progress.problem[0] && waited < LONGEST_WAIT_MS; waited++) {
        usleep(1000);
        search_progress(fixture->search, &progress);
    }
    assert_string_equal(progress.problem, "The embedding is away.");
    assert_int_equal(progress.stores, 1);
}

static void words_find_while_the_embedder_is_away(void **state)
{
    struct fixture *fixture = *state;
    struct search_result *results;
    add(fixture, "file-cats", cats, 2);
    wait_for_vectors(fixture);
    atomic_store(&fixture->fake.broken, true);
    assert_int_equal(ask(fixture, "feline", &results), 1);
}

/* However many other files are nearer: what is filtered is compared by itself. */
static void filters_lose_no_hits(void **state)
{
    struct fixture *fixture = *state;
    static const char *const near[] = {"The feline sleeps."};
    static const char *const far[] = {"The feline sleeps while the vessel leaves."};
    char id[32];
    for (int i = 0; i < MEANING_HITS + 20; i++) {
        snprintf(id, sizeof id, "file-%d", i);
        add(fixture, id, near, 1);
    }
    add(fixture, "file-far", far, 1);
    wait_for_vectors(fixture);
    const char *const stores[] = {"vs_1"};
    struct search_query query = {.store_ids = stores,
                                 .store_count = 1,
                                 .text = "kitten",
                                 .files = "[\"file-far\",\"file-none\"]"};
    struct search_result *results;
    struct treadle_error error;
    size_t count = 0;
    assert_int_equal(search_run(fixture->search, &query, fixture->arena, &results, &count, &error),
                     0);
    assert_int_equal(count, 1);
    assert_string_equal(results[0].file_id, "file-far");
    query.files = "[]";
    assert_int_equal(search_run(fixture->search, &query, fixture->arena, &results, &count, &error),
                     0);
    assert_int_equal(count, 0);
}

/* Every result knows how near its windows are, also those that begin in the chunk before. */
static void results_know_what_is_near(void **state)
{
    struct fixture *fixture = *state;
    static const char filler[] = "Nothing of this sentence is about any of the animals at all.";
    const char *lines[64];
    for (size_t i = 0; i < 64; i++)
        lines[i] = i % 16 == 9 ? "The feline sleeps by day and hunts by night." : filler;
    add(fixture, "file-long", lines, 64);
    wait_for_vectors(fixture);
    struct search_result *results;
    size_t count = ask(fixture, "kitten", &results);
    assert_true(count > 1);
    for (size_t i = 0; i < count; i++) {
        const struct search_result *result = &results[i];
        size_t length = strlen(result->text), covered = 0;
        assert_true(result->near_count > 1);
        for (size_t j = 0; j < result->near_count; j++) {
            const struct search_near *near = &result->near[j];
            assert_true(near->length > 0 && near->start + near->length <= length);
            assert_true(near->start <= covered);
            covered = near->start + near->length > covered ? near->start + near->length : covered;
            bool holds = memmem(result->text + near->start, near->length, "feline", 6) != NULL;
            assert_int_equal(holds, near->nearness > 0.5f);
        }
        assert_int_equal(covered, length);
    }
}

/* ---- Windows and fusion --------------------------------------------------------------------- */

static void windows_overlap_and_know_their_chunks(void **state)
{
    struct fixture *fixture = *state;
    struct language *language = NULL;
    struct treadle_error error;
    struct window *windows;
    size_t count = 0, length = 0;
    char text[40000];
    for (int i = 0; i < 200; i++)
        length += (size_t)snprintf(text + length, sizeof text - length,
                                   "This is sentence number %d of a long text about nothing. ", i);
    const struct window_chunk chunks[] = {
        {0, length / 2}, {length / 4, length * 3 / 4}, {length / 2, length}};
    assert_int_equal(language_new(&language, "en", &error), 0);
    assert_int_equal(
        window_cut(language, text, length, chunks, 3, fixture->arena, &windows, &count, &error), 0);
    assert_in_range(count, 30, 80);
    assert_int_equal(windows[0].start, 0);
    assert_int_equal(windows[count - 1].end, length - 1);
    for (size_t i = 0; i < count; i++) {
        assert_in_range(language_tokens(text + windows[i].start, windows[i].end - windows[i].start),
                        1, WINDOW_TOKENS + 20);
        assert_true(windows[i].first <= windows[i].last && windows[i].last < 3);
        if (i) {
            assert_true(windows[i].start > windows[i - 1].start);
            assert_true(windows[i].start < windows[i - 1].end);
        }
    }
    assert_int_equal(windows[0].last, 0);
    assert_int_equal(windows[count * 5 / 8].first, 1);
    assert_int_equal(windows[count * 5 / 8].last, 2);
    assert_int_equal(windows[count - 1].first, 2);
    assert_int_equal(
        window_cut(language, "\n \n", 3, chunks, 1, fixture->arena, &windows, &count, &error), 0);
    assert_int_equal(count, 0);
    language_free(language);
}

static void both_orders_count(void **state)
{
    (void)state;
    struct rank_candidate candidates[3 + MEANING_HITS] = {
        {.number = 1, .chunk = 1, .weight = 1, .score = 0.8},
        {.number = 2, .chunk = 2, .weight = 1, .score = 0.7},
        {.number = 3, .chunk = 3, .weight = 0.25, .score = 0.6},
    };
    static struct meaning_hits hits = {
        .hits = {{.number = 2, .score = 0.9f}, {.number = 4, .score = 0.6f, .length = 7}},
        .count = 2};
    size_t count = 3;
    fusion_add(candidates, &count, &hits);
    assert_int_equal(count, 4);
    assert_int_equal(candidates[3].chunk, 0);
    fusion_order(candidates, count);
    assert_int_equal(candidates[0].number, 2); /* second by words, first by meaning */
    assert_int_equal(candidates[1].number, 1);
    assert_int_equal(candidates[2].number, 4);
    assert_int_equal(candidates[2].focus_length, 7);
    assert_int_equal(candidates[3].number, 3); /* a table of contents */
    for (size_t i = 1; i < count; i++)
        assert_true(candidates[i].score <= candidates[i - 1].score);
}

int main(void)
{
#define FIXTURE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(other_words_of_the_same_meaning_are_found),
        FIXTURE_TEST(without_an_embedder_words_find),
        FIXTURE_TEST(what_is_there_already_is_not_made_again),
        FIXTURE_TEST(lost_vectors_are_made_again),
        FIXTURE_TEST(vectors_go_with_their_file),
        FIXTURE_TEST(an_embedder_that_is_away_holds_nothing_up),
        FIXTURE_TEST(words_find_while_the_embedder_is_away),
        FIXTURE_TEST(filters_lose_no_hits),
        FIXTURE_TEST(results_know_what_is_near),
        FIXTURE_TEST(windows_overlap_and_know_their_chunks),
        cmocka_unit_test(both_orders_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
