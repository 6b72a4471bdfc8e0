/*
 * Prints a document as Treadle reads it: a block a line, an empty line where its page changes.
 *
 * usage: bench_read [-v] [-l LANGUAGES] READER FILE
 * -l: recognize the text of pictures; -v: what is known of each block before it
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "document/document.h"

static void print_kind(const struct document *document, const struct document_block *block)
{
    static const char *const kinds[] = {"text", "head", "row", "code"};
    const char *label = block->page && document->labels ? document->labels[block->page - 1] : NULL;
    printf("%d", block->page);
    if (label)
        printf("=%s", label);
    printf(" %s%.0d (%d %d %d %d) ", kinds[block->kind], block->level, block->place.left / 100,
           block->place.top / 100, block->place.right / 100, block->place.bottom / 100);
    if (block->header)
        printf("[%s] ", block->header);
}

static void print_blocks(const struct document *document, bool verbose)
{
    for (size_t i = 0; verbose && i < document->notice_count; i++)
        printf("notice %s %s\n", document->notices[i].code, document->notices[i].pages);
    for (size_t i = 0; i < document->block_count; i++) {
        const struct document_block *block = &document->blocks[i];
        if (i > 0 && block->page != block[-1].page)
            putchar('\n');
        if (verbose)
            print_kind(document, block);
        printf("%s\n", block->text);
    }
}

int main(int count, char **values)
{
    struct document_options options = {0};
    bool verbose = false;
    int option;
    while ((option = getopt(count, values, "vl:")) != -1) {
        if (option == 'l')
            options.languages = optarg;
        verbose = verbose || option == 'v';
    }
    if (option == '?' || count - optind != 2) {
        fprintf(stderr, "usage: bench_read [-v] [-l LANGUAGES] READER FILE\n");
        return 2;
    }
    options.reader = values[optind];
    const char *path = values[optind + 1];
    struct document *document = NULL;
    struct treadle_error error = {0};
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        perror(path);
        return 1;
    }
    int rc = document_read(&document, file, path, &options, &error);
    close(file);
    if (rc) {
        fprintf(stderr, "%s: %s\n", path, error.message);
        return 1;
    }
    print_blocks(document, verbose);
    document_free(document);
    return 0;
}
