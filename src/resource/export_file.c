/*
 * Exports: their files and directories.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/path.h"
#include "resource/export_internal.h"

const char *const export_names[EXPORT_KINDS] = {
    [EXPORT_FILES] = "files",
    [EXPORT_VECTOR_STORES] = "vector_stores",
    [EXPORT_VECTOR_STORE_FILES] = "vector_store_files",
    [EXPORT_ASSISTANTS] = "assistants",
    [EXPORT_THREADS] = "threads",
    [EXPORT_MESSAGES] = "messages",
    [EXPORT_RUNS] = "runs",
    [EXPORT_RUN_STEPS] = "run_steps",
};

int export_open(FILE **out, const char *directory, const char *name, struct treadle_error *error)
{
    char path[PATH_MAX];
    int rc = path_join(path, directory, name, error);
    if (rc)
        return rc;
    int descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    FILE *file = descriptor < 0 ? NULL : fdopen(descriptor, "w");
    if (!file) {
        rc = error_set_errno(error, TREADLE_EIO, errno, "cannot write %s", path);
        if (descriptor >= 0)
            close(descriptor);
        return rc;
    }
    *out = file;
    return 0;
}

int export_close(FILE *file, const char *name, struct treadle_error *error)
{
    if (!file)
        return 0;
    bool failed = ferror(file);
    if (fclose(file) || failed) {
        int rc = error_set_errno(error, TREADLE_EIO, errno, "cannot write %s", name);
        if (error && (errno == ENOSPC || errno == EDQUOT))
            error->http_status = 507;
        return rc;
    }
    return 0;
}

int export_make(char path[PATH_MAX], const char *parent, const char *name,
                struct treadle_error *error)
{
    int rc = path_join(path, parent, name, error);
    if (rc)
        return rc;
    if (mkdir(path, 0700) && errno != EEXIST)
        return error_set_errno(error, TREADLE_EIO, errno, "cannot make the directory %s", path);
    return 0;
}

int export_place(char out[PATH_MAX], const struct export *export, const char *project,
                 struct treadle_error *error)
{
    int length = snprintf(out, PATH_MAX, "%s/projects/%s%s", export->top,
                          project[0] == '.' ? "%2E" : "", project + (project[0] == '.'));
    return length < PATH_MAX ? 0 : error_set(error, TREADLE_EINVALID, "the path is too long");
}
