/*
 * Staging of imports.
 */
#include "cli/import_stage.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/json.h"
#include "api/json_scan.h"
#include "base/array.h"
#include "base/path.h"
#include "cli/cli.h"

struct original {
    const char *name, *path;
    int64_t size;
};

struct stage {
    struct import_input *input;
    const char *directory;
    size_t starts[IMPORT_KINDS + 1]; /* of the items of each kind */
    FILE *out;
    struct original *originals;
    size_t original_count, original_room;
    const struct import_item **threads; /* by id */
    size_t thread_count;
};

static int complain(const char *what, const char *path)
{
    cli_complain("%s %s: %s", what, path, strerror(errno));
    return TREADLE_EIO;
}

/* ---- Objects -------------------------------------------------------------------------------- */

/* On one line. A control character within a string is no JSON; a line feed there becomes another
 * one, which the server refuses. */
static void write_compact(FILE *out, const char *text, size_t length)
{
    bool quoted = false;
    for (const char *at = text, *end = text + length; at < end; at++) {
        if (quoted && *at == '\\' && at + 1 < end) {
            putc(*at++, out);
            putc(*at == '\n' ? '\1' : *at, out);
            continue;
        }
        if (*at == '"')
            quoted = !quoted;
        if (quoted)
            putc(*at == '\n' ? '\1' : *at, out);
        else if (!strchr(" \t\r\n", *at))
            putc(*at, out);
    }
}

static void write_item(struct stage *stage, const struct import_item *item)
{
    fprintf(stage->out, "%s ", import_item_names[item->kind]);
    write_compact(stage->out, item->text, item->length);
    putc('\n', stage->out);
}

static void write_head(struct stage *stage, enum import_item_kind kind,
                       const struct import_item *items, size_t count)
{
    int64_t newest = 0;
    for (size_t i = 0; i < count; i++)
        if (items[i].created_at > newest)
            newest = items[i].created_at;
    fprintf(stage->out, "head %s %zu %lld\n", import_item_names[kind], count, (long long)newest);
}

/* The items of a kind are together. */
static const struct import_item *first_of(const struct stage *stage, enum import_item_kind kind,
                                          size_t *count)
{
    *count = stage->starts[kind + 1] - stage->starts[kind];
    return stage->input->items + stage->starts[kind];
}

static void find_starts(struct stage *stage)
{
    size_t at = 0;
    for (size_t kind = 0; kind < IMPORT_KINDS; kind++) {
        stage->starts[kind] = at;
        while (at < stage->input->count && stage->input->items[at].kind == kind)
            at++;
    }
    stage->starts[IMPORT_KINDS] = at;
}

/* ---- Threads -------------------------------------------------------------------------------- */

static int by_thread(const void *key, const void *member)
{
    return strcmp(key, ((const struct import_item *)member)->thread);
}

static void write_belonging(struct stage *stage, const char *thread)
{
    for (enum import_item_kind kind = IMPORT_MESSAGE; kind <= IMPORT_RUN_STEP; kind++) {
        size_t count;
        const struct import_item *items = first_of(stage, kind, &count);
        const struct import_item *item =
            count ? bsearch(thread, items, count, sizeof *items, by_thread) : NULL;
        while (item && item > items && strcmp(item[-1].thread, thread) == 0)
            item--;
        for (; item && item < items + count && strcmp(item->thread, thread) == 0; item++)
            write_item(stage, item);
    }
}

static int by_own_id(const void *left, const void *right)
{
    const struct import_item *const *a = left, *const *b = right;
    return strcmp((*a)->id, (*b)->id);
}

static bool is_thread(const struct stage *stage, const char *id)
{
    const struct import_item wanted = {.id = id}, *key = &wanted;
    return stage->thread_count && bsearch(&key, stage->threads, stage->thread_count,
                                          sizeof(struct import_item *), by_own_id);
}

/* Objects of a thread that was not found get one, as old as the first of them. */
static int make_thread(struct stage *stage, const struct import_item *item)
{
    struct buffer id;
    buffer_init(&id, 1 << 20);
    json_print_string(item->thread, &id);
    if (id.failed) {
        buffer_clear(&id);
        cli_complain("out of memory");
        return TREADLE_EMEMORY;
    }
    fprintf(stage->out,
            "made {\"id\":%s,\"object\":\"thread\",\"created_at\":%lld,"
            "\"metadata\":{}}\n",
            id.data, (long long)item->created_at);
    buffer_clear(&id);
    write_belonging(stage, item->thread);
    return 0;
}

/* The lists of messages, runs and steps are each in the order of their threads' ids. */
static bool has_earlier(const struct stage *stage, enum import_item_kind kind, const char *thread)
{
    for (enum import_item_kind other = IMPORT_MESSAGE; other < kind; other++) {
        size_t count;
        const struct import_item *items = first_of(stage, other, &count);
        if (count && bsearch(thread, items, count, sizeof *items, by_thread))
            return true;
    }
    return false;
}

static int write_orphans(struct stage *stage)
{
    int rc = 0;
    for (enum import_item_kind kind = IMPORT_MESSAGE; kind <= IMPORT_RUN_STEP && !rc; kind++) {
        size_t count;
        const struct import_item *items = first_of(stage, kind, &count);
        for (size_t i = 0; i < count && !rc; i++)
            if ((!i || strcmp(items[i].thread, items[i - 1].thread) != 0) &&
                !is_thread(stage, items[i].thread) && !has_earlier(stage, kind, items[i].thread))
                rc = make_thread(stage, &items[i]);
    }
    return rc;
}

static int write_threads(struct stage *stage)
{
    size_t count;
    const struct import_item *threads = first_of(stage, IMPORT_THREAD, &count);
    stage->thread_count = count;
    stage->threads = arena_array(stage->input->arena, count, sizeof(struct import_item *));
    if (!stage->threads) {
        cli_complain("out of memory");
        return TREADLE_EMEMORY;
    }
    for (size_t i = 0; i < count; i++)
        stage->threads[i] = &threads[i];
    if (count)
        qsort(stage->threads, count, sizeof(struct import_item *), by_own_id);
    if (count)
        write_head(stage, IMPORT_THREAD, threads, count);
    for (size_t i = 0; i < count; i++) {
        write_item(stage, &threads[i]);
        write_belonging(stage, threads[i].id);
    }
    return write_orphans(stage);
}

/* ---- Contents ------------------------------------------------------------------------------- */

static int add_original(struct stage *stage, const FTSENT *entry)
{
    struct original *grown =
        array_grow(stage->originals, stage->original_count, &stage->original_room, sizeof *grown);
    if (grown)
        stage->originals = grown;
    struct original original = {
        .name = arena_string(stage->input->arena, entry->fts_name),
        .path = arena_string(stage->input->arena, entry->fts_path),
        .size = entry->fts_statp->st_size,
    };
    if (!grown || !original.name || !original.path) {
        cli_complain("out of memory");
        return TREADLE_EMEMORY;
    }
    grown[stage->original_count++] = original;
    return 0;
}

static int find_originals(struct stage *stage, const char *directory)
{
    char *roots[] = {arena_string(stage->input->arena, directory), NULL};
    FTS *walk = roots[0] ? fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL) : NULL;
    int rc = walk ? 0 : complain("cannot read", directory);
    for (FTSENT *entry; !rc && (entry = fts_read(walk));) {
        if (entry->fts_info == FTS_F)
            rc = add_original(stage, entry);
        else if (entry->fts_info == FTS_NS || entry->fts_info == FTS_DNR) {
            errno = entry->fts_errno;
            rc = complain("cannot read", entry->fts_path);
        }
    }
    if (walk)
        fts_close(walk);
    return rc;
}

/* The file that has the object's name and its size. */
static const char *find_original(struct stage *stage, const struct import_item *item)
{
    struct json_scan scan = json_scan_open(item->text);
    struct json_span name, value;
    const char *filename = NULL;
    int64_t bytes = -1;
    while (stage->original_count && json_scan_member(&scan, &name, &value)) {
        if (json_span_is(&name, "filename"))
            filename = json_span_string(&value, stage->input->arena);
        else if (json_span_is(&name, "bytes"))
            bytes = strtoll(value.text, NULL, 10);
    }
    for (size_t i = 0; filename && i < stage->original_count; i++)
        if (stage->originals[i].size == bytes && strcmp(stage->originals[i].name, filename) == 0)
            return stage->originals[i].path;
    return NULL;
}

static bool is_plain(const char *id)
{
    size_t length = strlen(id);
    return length && strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "0123456789-_") == length;
}

static int copy_file(const char *from, const char *to)
{
    char bytes[65536];
    ssize_t got = 0;
    int source = open(from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    int target = source < 0 ? -1 : open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    int rc = target < 0 ? complain("cannot copy", from) : 0;
    while (!rc && (got = copy_file_range(source, NULL, target, NULL, 1 << 30, 0)) > 0)
        ;
    while (!rc && (got < 0 || lseek(source, 0, SEEK_CUR) == 0) &&
           (got = read(source, bytes, sizeof bytes)) > 0)
        if (write(target, bytes, (size_t)got) != got)
            rc = complain("cannot write", to);
    if (!rc && got < 0)
        rc = complain("cannot copy", from);
    if (target >= 0)
        close(target);
    if (source >= 0)
        close(source);
    return rc;
}

static int stage_content(struct stage *stage, const struct import_item *item, const char *contents)
{
    struct treadle_error error;
    char from[PATH_MAX], to[PATH_MAX];
    const char *found = NULL;
    if (!is_plain(item->id))
        return 0;
    for (size_t i = 0; i < stage->input->content_count && !found; i++)
        if (path_join(from, stage->input->contents[i], item->id, &error) == 0 &&
            access(from, F_OK) == 0)
            found = from;
    if (!found)
        found = find_original(stage, item);
    if (!found || path_join(to, contents, item->id, &error))
        return 0;
    return copy_file(found, to);
}

static int stage_contents(struct stage *stage)
{
    struct treadle_error error;
    char contents[PATH_MAX];
    size_t count;
    const struct import_item *files = first_of(stage, IMPORT_FILE, &count);
    if (path_join(contents, stage->directory, "contents", &error) || mkdir(contents, 0700))
        return complain("cannot make the directory", stage->directory);
    int rc = 0;
    for (size_t i = 0; i < count && !rc; i++)
        rc = stage_content(stage, &files[i], contents);
    return rc;
}

/* ---- All ------------------------------------------------------------------------------------ */

static int write_objects(struct stage *stage)
{
    struct treadle_error error;
    char path[PATH_MAX];
    if (path_join(path, stage->directory, "objects", &error) || !(stage->out = fopen(path, "wxe")))
        return complain("cannot write in", stage->directory);
    for (enum import_item_kind kind = IMPORT_FILE; kind < IMPORT_THREAD; kind++) {
        size_t count;
        const struct import_item *items = first_of(stage, kind, &count);
        if (count)
            write_head(stage, kind, items, count);
        for (size_t i = 0; i < count; i++)
            write_item(stage, &items[i]);
    }
    int rc = write_threads(stage);
    bool failed = ferror(stage->out);
    if (fclose(stage->out) || failed)
        return rc ? rc : complain("cannot write", path);
    return rc;
}

int import_stage(struct import_input *input, const char *directory, const char *const *originals)
{
    struct stage stage = {.input = input, .directory = directory};
    int rc = 0;
    find_starts(&stage);
    for (; *originals && !rc; originals++)
        rc = find_originals(&stage, *originals);
    if (!rc)
        rc = stage_contents(&stage);
    if (!rc)
        rc = write_objects(&stage);
    free(stage.originals);
    return rc;
}
