/*
 * Fuzz target: search queries, against an index that is made once.
 *
 * The first byte chooses how many results are wanted, the second the threshold, the rest is the
 * question. Whatever it says, the search must answer, with scores in order and in bounds, pages
 * that begin at the chunk's start, and a cited page that the chunk has.
 */
#include <ftw.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "search/search.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static char directory[] = "/tmp/treadle-fuzz-XXXXXX";
static struct search *search;

static void require(bool condition)
{
    if (!condition)
        abort();
}

static int drop(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    (void)status, (void)kind, (void)place;
    return remove(path);
}

static void close_index(void)
{
    search_close(search);
    nftw(directory, drop, 8, FTW_DEPTH | FTW_PHYS);
}

static void open_index(void)
{
    static const char *const texts[] = {
        "Installing packages",
        "To install a package, type pkg install and the name of its archive, as image-2.14.0.",
        "Reading tables",
        "The function read.csv reads a table; na.strings names what stands for missing values.",
        "Die Kette wird mit vierzig Newton auf den Kettbaum gewickelt, bevor der Schuß beginnt.",
        "織機は布を織る機械である。",
    };
    enum { COUNT = sizeof texts / sizeof texts[0] };
    static struct document_block blocks[COUNT];
    struct document document = {.blocks = blocks, .block_count = COUNT, .page_count = COUNT};
    const struct search_file file = {.store_id = "vs_1", .file_id = "file-1", .filename = "a.pdf"};
    struct treadle_error error;
    int64_t usage;
    for (size_t i = 0; i < COUNT; i++)
        blocks[i] =
            (struct document_block){.kind = i % 2 || i > 3 ? DOCUMENT_PARAGRAPH : DOCUMENT_HEADING,
                                    .level = i % 2 || i > 3 ? 0 : 1,
                                    .page = (int)i + 1,
                                    .text = texts[i],
                                    .length = strlen(texts[i])};
    require(mkdtemp(directory) != NULL);
    require(search_open(&search, directory, &error) == 0);
    require(search_add(search, &file, &document, &usage, &error) == 0);
    atexit(close_index);
}

static void check(const struct search_result *results, size_t count, const char *text)
{
    for (size_t i = 0; i < count; i++) {
        const struct search_result *result = &results[i];
        require(result->score >= 0 && result->score <= 1);
        require(i == 0 || result->score <= results[i - 1].score);
        require(result->page_count > 0 && result->pages[0].offset == 0);
        int page =
            search_cited_page(result->text, result->pages, result->page_count, text, strlen(text));
        bool found = page == 0;
        for (size_t j = 0; j < result->page_count; j++)
            found = found || result->pages[j].page == page;
        require(found);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    static const char *const stores[] = {"vs_1", "vs_2"};
    struct treadle_error error;
    struct search_result *results;
    size_t count;
    if (length < 2)
        return 0;
    if (!search)
        open_index();
    struct arena *arena = arena_new(0);
    const char *text = arena_copy(arena, bytes + 2, length - 2);
    const struct search_query query = {.store_ids = stores,
                                       .store_count = 2,
                                       .text = text,
                                       .max_results = bytes[0] % 51,
                                       .score_threshold = bytes[1] / 255.0};
    require(text != NULL);
    require(search_run(search, &query, arena, &results, &count, &error) == 0);
    require(count <= (query.max_results ? query.max_results : 20));
    check(results, count, text);
    arena_free(arena);
    return 0;
}
