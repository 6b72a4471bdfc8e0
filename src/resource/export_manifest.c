/*
 * The rest of an export: contents of files, and the manifest, which names every file of the export
 * with its length and checksum. It is written as manifest.part: the client gives it its name when
 * all else is in its place.
 */
#include "resource/export_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/path.h"
#include "store/tree.h"

struct listed {
    char project[GATE_PROJECT_LENGTH + 1];
    char id[129];
    char sha256[65];
};

typedef int (*visit_listed)(struct export *export, const struct listed *file, void *context,
                            struct treadle_error *error);

static int each_listed(struct export *export, visit_listed visit, void *context,
                       struct treadle_error *error)
{
    struct listed file;
    char path[PATH_MAX];
    int rc = path_join(path, export->top, "listed", error);
    FILE *in = rc ? NULL : fopen(path, "re");
    if (!rc && !in)
        rc = error_set_errno(error, TREADLE_EIO, errno, "cannot read %s", path);
    while (!rc && fscanf(in, "%64s %128s %64s", file.project, file.id, file.sha256) == 3)
        rc = visit(export, &file, context, error);
    if (in)
        fclose(in);
    return rc;
}

/* ---- Manifest ------------------------------------------------------------------------------- */

struct manifest {
    FILE *out;
    const char *blobs;
    bool first;
};

/* Names in a manifest are made of characters that need no escapes. */
static void name_file(struct manifest *manifest, const char *path, const struct blob_sum *sum)
{
    fprintf(manifest->out, "%s\"%s\":{\"bytes\":%llu,\"sha256\":\"%s\"}",
            manifest->first ? "" : ",", path, (unsigned long long)sum->length, sum->sha256);
    manifest->first = false;
}

/* `sum` is completed where its checksum is not known. */
static int sum_file(const char *path, struct blob_sum *sum, struct treadle_error *error)
{
    int descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (descriptor < 0)
        return error_set_errno(error, TREADLE_EIO, errno, "cannot read %s", path);
    off_t length = lseek(descriptor, 0, SEEK_END);
    int rc = 0;
    if (length < 0)
        rc = error_set_errno(error, TREADLE_EIO, errno, "cannot read %s", path);
    else if (sum->sha256[0])
        sum->length = (uint64_t)length;
    else
        rc = blob_sum_make(descriptor, sum, error);
    close(descriptor);
    return rc;
}

static int content_path(char out[PATH_MAX], const struct export *export, const struct listed *file,
                        struct treadle_error *error)
{
    char place[PATH_MAX], contents[PATH_MAX];
    int rc = export_place(place, export, file->project, error);
    if (!rc)
        rc = path_join(contents, place, "contents", error);
    return rc ? rc : path_join(out, contents, file->id, error);
}

/* In its place or, where it was added or removed during the snapshot, among the unfinished. */
static int move_content(struct export *export, const struct listed *file, void *context,
                        struct treadle_error *error)
{
    struct manifest *manifest = context;
    struct blob_sum sum = {.length = 0};
    char from[PATH_MAX], unfinished[PATH_MAX], to[PATH_MAX];
    int length = snprintf(from, sizeof from, "%s/%s/%s", manifest->blobs,
                          file->id + strlen(file->id) - 2, file->id);
    int other =
        snprintf(unfinished, sizeof unfinished, "%s/temporary/%s", manifest->blobs, file->id);
    int rc = content_path(to, export, file, error);
    if (rc)
        return rc;
    if (length >= PATH_MAX || other >= PATH_MAX)
        return error_set(error, TREADLE_EINVALID, "the path is too long");
    if (rename(from, to) && rename(unfinished, to))
        return errno == ENOENT
                   ? 0
                   : error_set_errno(error, TREADLE_EIO, errno, "cannot move %s", file->id);
    if (strcmp(file->sha256, "-") != 0)
        memcpy(sum.sha256, file->sha256, sizeof sum.sha256);
    rc = sum_file(to, &sum, error);
    if (!rc)
        name_file(manifest, to + strlen(export->top) + 1, &sum);
    return rc;
}

static int name_missing(struct export *export, const struct listed *file, void *context,
                        struct treadle_error *error)
{
    struct manifest *manifest = context;
    char path[PATH_MAX];
    int rc = content_path(path, export, file, error);
    if (!rc && access(path, F_OK)) {
        fprintf(manifest->out, "%s\"%s\"", manifest->first ? "" : ",", file->id);
        manifest->first = false;
    }
    return rc;
}

static int name_objects(struct export *export, struct manifest *manifest, const char *project,
                        struct treadle_error *error)
{
    char place[PATH_MAX], path[PATH_MAX], name[32];
    int rc = export_place(place, export, project, error);
    for (size_t kind = 0; kind < EXPORT_KINDS && !rc; kind++) {
        struct blob_sum sum = {.length = 0};
        if (kind == EXPORT_RUN_STEPS && !export->steps)
            continue;
        snprintf(name, sizeof name, "%s.jsonl", export_names[kind]);
        rc = path_join(path, place, name, error);
        if (!rc)
            rc = sum_file(path, &sum, error);
        if (!rc)
            name_file(manifest, path + strlen(export->top) + 1, &sum);
    }
    return rc;
}

static void print_head(const struct export *export, FILE *out)
{
    fprintf(out,
            "{\"format\":\"treadle.export\",\"version\":1,\"created_at\":%lld,\"treadle\":"
            "\"" TREADLE_VERSION "\",\"projects\":[",
            (long long)clock_seconds());
    for (size_t i = 0; i < export->project_count; i++)
        fprintf(out, "%s\"%s\"", i ? "," : "", export->projects[i]);
    fputs("],\"counts\":{", out);
    for (size_t kind = 0; kind < EXPORT_KINDS; kind++)
        fprintf(out, "%s\"%s\":%lld", kind ? "," : "", export_names[kind],
                (long long)export->counts[kind]);
    fputs("},\"files\":{", out);
}

static int write_manifest(struct export *export, struct manifest *manifest,
                          struct treadle_error *error)
{
    int rc = 0;
    print_head(export, manifest->out);
    manifest->first = true;
    for (size_t i = 0; i < export->project_count && !rc; i++)
        rc = name_objects(export, manifest, export->projects[i], error);
    if (!rc && export->contents)
        rc = each_listed(export, move_content, manifest, error);
    fputs("},\"missing_contents\":[", manifest->out);
    manifest->first = true;
    if (!rc && export->contents)
        rc = each_listed(export, name_missing, manifest, error);
    fputs("]}\n", manifest->out);
    return rc;
}

int export_finish(struct export *export, const char *blobs, struct treadle_error *error)
{
    struct manifest manifest = {.blobs = blobs};
    char listed[PATH_MAX];
    int rc = export_open(&manifest.out, export->top, "manifest.part", error);
    if (rc)
        return rc;
    rc = write_manifest(export, &manifest, error);
    int closed = export_close(manifest.out, "the manifest", rc ? NULL : error);
    rc = rc ? rc : closed;
    if (rc || !export->contents)
        return rc;
    rc = path_join(listed, export->top, "listed", error);
    if (!rc && unlink(listed))
        rc = error_set_errno(error, TREADLE_EIO, errno, "cannot remove %s", listed);
    return rc ? rc : tree_remove(blobs, error);
}
