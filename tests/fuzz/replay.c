/*
 * Replays the kept cases of a fuzz target, without libFuzzer: one case of TAP a file.
 *
 * usage: fuzz_TARGET DIRECTORY
 *
 * A case that crashes ends the program before its line is written, which the plan gives away.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

enum { LARGEST_CASE = 1 << 20 };

static int visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static int replay(const char *directory, const char *name)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *file = fopen(path, "rb");
    uint8_t *bytes = malloc(LARGEST_CASE);
    if (!file || !bytes)
        return -1;
    size_t length = fread(bytes, 1, LARGEST_CASE, file);
    fclose(file);
    LLVMFuzzerTestOneInput(bytes, length);
    free(bytes);
    return 0;
}

int main(int count, char **arguments)
{
    struct dirent **entries = NULL;
    int found = count == 2 ? scandir(arguments[1], &entries, visible, alphasort) : -1;
    int status = found > 0 ? 0 : 1;
    if (found < 0) {
        fprintf(stderr, "usage: fuzz_TARGET DIRECTORY\n");
        return 2;
    }
    printf("1..%d\n", found);
    for (int i = 0; i < found; i++) {
        int failed = replay(arguments[1], entries[i]->d_name);
        printf("%s %d - %s\n", failed ? "not ok" : "ok", i + 1, entries[i]->d_name);
        fflush(stdout);
        status |= failed != 0;
        free(entries[i]);
    }
    free(entries);
    return status;
}
