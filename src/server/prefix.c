/*
 * Prefixes: a table, the longest first. Each row ends with NULL.
 */
#include "server/prefix.h"

#include <string.h>

enum { MOST_WORDS = 10 };

/* A word that stands for itself, or what a segment at this place means. */
#define ANY     "*"
#define PROJECT "{project}"

static const char *const prefixes[][MOST_WORDS + 1] = {
    {"agents", "v1.0", "subscriptions", ANY, "resourceGroups", ANY, "providers",
     "Microsoft.MachineLearningServices", "workspaces", PROJECT},
    {"api", "projects", PROJECT, "openai", "v1"},
    {"api", "projects", PROJECT, "openai"},
    {"api", "projects", PROJECT},
    {"openai", "v1"},
    {"openai"},
    {"v1"}, /* Treadle's own */
};

static bool take_segment(const char *word, const char *segment, struct prefix *out)
{
    bool filled = segment[0] != '\0';
    if (strcmp(word, PROJECT) == 0)
        out->project = segment;
    else
        return strcmp(word, ANY) == 0 ? filled : strcmp(word, segment) == 0;
    return filled;
}

static bool take_words(const char *const *words, const char *const *segments, size_t count,
                       struct prefix *out)
{
    for (size_t i = 0; words[i]; i++)
        if (i == count || !take_segment(words[i], segments[i], out))
            return false;
    return true;
}

static size_t count_words(const char *const *words)
{
    size_t count = 0;
    while (words[count])
        count++;
    return count;
}

/* A deployment may follow any prefix. */
static void take_deployment(const char *const *segments, size_t count, struct prefix *out)
{
    const char *const *rest = segments + out->length;
    if (count - out->length < 2 || strcmp(rest[0], "deployments") != 0 || !rest[1][0])
        return;
    out->deployment = rest[1];
    out->foreign = true;
    out->length += 2;
}

struct prefix prefix_find(const char *const *segments, size_t count)
{
    /* Clients of Azure whose endpoint ends with a slash send two at the start. */
    size_t skip = count > 1 && !segments[0][0] ? 1 : 0;
    const size_t rows = sizeof prefixes / sizeof prefixes[0];
    for (size_t i = 0; i < rows; i++) {
        struct prefix found = {.foreign = i + 1 < rows};
        size_t skipped = strcmp(prefixes[i][0], "v1") == 0 ? 0 : skip;
        if (!take_words(prefixes[i], segments + skipped, count - skipped, &found))
            continue;
        found.length = skipped + count_words(prefixes[i]);
        take_deployment(segments, count, &found);
        return found;
    }
    return (struct prefix){.length = 0};
}
