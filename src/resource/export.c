/*
 * Exports: the objects of projects as the protocol prints them, one a line, with the contents of
 * files; made beside the store, whence the client moves them.
 *
 * All objects are read in one transaction, so they are of one moment. Contents are links, taken as
 * a backup takes them: from before that transaction until its end none is deleted, so every file
 * has its content. The layout is described in docs/operation.md.
 */
#include "resource/export_internal.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/path.h"
#include "resource/handlers.h"
#include "store/tree.h"

/* ---- Objects -------------------------------------------------------------------------------- */

static int write_row(struct export *export, enum export_kind kind, const struct export_row *row)
{
    export->counts[kind]++;
    fwrite(row->body, 1, row->length, export->out[kind]);
    fputc('\n', export->out[kind]);
    return 0;
}

#define WRITER(name, kind)                                                                         \
    static int name(void *context, const struct export_row *row, struct treadle_error *error)      \
    {                                                                                              \
        (void)error;                                                                               \
        return write_row(context, kind, row);                                                      \
    }
WRITER(write_store, EXPORT_VECTOR_STORES)
WRITER(write_store_file, EXPORT_VECTOR_STORE_FILES)
WRITER(write_assistant, EXPORT_ASSISTANTS)
WRITER(write_message, EXPORT_MESSAGES)
WRITER(write_run, EXPORT_RUNS)
WRITER(write_step, EXPORT_RUN_STEPS)
#undef WRITER

static int write_file(void *context, const struct export_row *row, struct treadle_error *error)
{
    struct export *export = context;
    (void)error;
    if (export->listed)
        fprintf(export->listed, "%s %s %s\n", export->project, row->id,
                row->sha256 && row->sha256[0] ? row->sha256 : "-");
    return write_row(export, EXPORT_FILES, row);
}

static int write_thread(void *context, const struct export_row *row, struct treadle_error *error)
{
    struct export *export = context;
    write_row(export, EXPORT_THREADS, row);
    int rc =
        export_record_each(export->session, EXPORT_MESSAGES, row->id, write_message, export, error);
    if (!rc)
        rc = export_record_each(export->session, EXPORT_RUNS, row->id, write_run, export, error);
    if (!rc && export->steps)
        rc = export_record_each(export->session, EXPORT_RUN_STEPS, row->id, write_step, export,
                                error);
    return rc;
}

/* Threads that were named are exported without the rest of their project. */
static int write_named_threads(struct export *export, struct treadle_error *error)
{
    const struct treadle_export_create_request *request = export->request;
    int rc = 0;
    for (size_t i = 0; i < request->thread_count && !rc; i++) {
        rc = export_record_thread(export->session, export->project, request->threads[i],
                                  write_thread, export, error);
        rc = resource_not_found(rc, "thread", request->threads[i], error);
    }
    return rc;
}

static int write_all(struct export *export, struct treadle_error *error)
{
    static const export_record_visit writers[] = {write_file, write_store, write_store_file,
                                                  write_assistant, write_thread};
    int rc = 0;
    for (size_t kind = 0; kind < sizeof writers / sizeof writers[0] && !rc; kind++)
        rc = export_record_each(export->session, kind, export->project, writers[kind], export,
                                error);
    return rc;
}

static int write_project(struct export *export, const char *project, struct treadle_error *error)
{
    char place[PATH_MAX], contents[PATH_MAX], name[32];
    int rc = export_place(place, export, project, error);
    if (!rc && mkdir(place, 0700))
        rc = error_set_errno(error, TREADLE_EIO, errno, "cannot make the directory %s", place);
    if (!rc && export->contents)
        rc = export_make(contents, place, "contents", error);
    for (size_t kind = 0; kind < EXPORT_KINDS && !rc; kind++) {
        snprintf(name, sizeof name, "%s.jsonl", export_names[kind]);
        if (kind != EXPORT_RUN_STEPS || export->steps)
            rc = export_open(&export->out[kind], place, name, error);
    }
    export->project = project;
    if (!rc)
        rc = export->request->thread_count ? write_named_threads(export, error)
                                           : write_all(export, error);
    for (size_t kind = 0; kind < EXPORT_KINDS; kind++) {
        int closed = export_close(export->out[kind], export_names[kind], rc ? NULL : error);
        rc = rc ? rc : closed;
        export->out[kind] = NULL;
    }
    return rc;
}

static int add_project(void *context, const struct export_row *row, struct treadle_error *error)
{
    struct export *export = context;
    const char **grown = array_grow_in(export->arena, export->projects, export->project_count,
                                       &export->project_room, sizeof *grown);
    if (grown)
        export->projects = grown;
    if (!grown || !(grown[export->project_count++] = arena_string(export->arena, row->id)))
        return error_set_memory(error);
    return 0;
}

static int name_projects(struct export *export, struct treadle_error *error)
{
    const struct treadle_export_create_request *request = export->request;
    int rc = 0;
    if (!request->project_count)
        return export_record_projects(export->session, add_project, export, error);
    for (size_t i = 0; i < request->project_count && !rc; i++) {
        struct export_row row = {.id = request->projects[i]};
        rc = gate_is_project(row.id) ? 0 : gate_refuse_project(row.id, error);
        if (!rc)
            rc = add_project(export, &row, error);
    }
    return rc;
}

static int write_objects(struct db_session *session, void *context, struct treadle_error *error)
{
    struct export *export = context;
    export->session = session;
    int rc = name_projects(export, error);
    for (size_t i = 0; i < export->project_count && !rc; i++)
        rc = write_project(export, export->projects[i], error);
    return rc;
}

/* ---- The export ----------------------------------------------------------------------------- */

static int write_export(struct export *export, struct treadle_error *error)
{
    char projects[PATH_MAX], blobs[PATH_MAX] = "";
    struct treadle_error ignored;
    int rc = export_make(projects, export->top, "projects", error);
    if (!rc && export->contents)
        rc = export_make(blobs, export->top, "files", error);
    if (!rc && export->contents)
        rc = export_open(&export->listed, export->top, "listed", error);
    if (!rc && export->contents)
        rc = blob_snapshot_begin(export->services->blobs, blobs, error);
    if (rc)
        goto done;
    rc = db_read(export->services->db, write_objects, export, error);
    if (export->contents) {
        int end = blob_snapshot_end(export->services->blobs, rc ? &ignored : error);
        rc = rc ? rc : end;
    }
done:;
    int closed = export_close(export->listed, "a list", rc ? &ignored : error);
    rc = rc ? rc : closed;
    return rc ? rc : export_finish(export, blobs, error);
}

static int reply(struct resource_call *call, const struct export *export,
                 struct treadle_export *object, struct treadle_error *error)
{
    struct treadle_kind_count counts[EXPORT_KINDS];
    for (size_t kind = 0; kind < EXPORT_KINDS; kind++)
        counts[kind] = (struct treadle_kind_count){export_names[kind], export->counts[kind]};
    object->counts = counts;
    object->count_count = EXPORT_KINDS;
    return resource_reply(call, &treadle_export_type, object, error);
}

static int make_export(struct resource_call *call, struct treadle_error *error)
{
    const struct treadle_export_create_request *request = call->body;
    struct treadle_error ignored;
    char parent[PATH_MAX], path[PATH_MAX];
    struct treadle_export object = {.created_at = clock_seconds(), .path = path};
    object.id = resource_id(call, "export_");
    int rc = object.id ? export_make(parent, call->services->directory, "backups", error)
                       : error_set_memory(error);
    if (!rc)
        rc = export_make(path, parent, object.id, error);
    if (rc)
        return rc;
    struct export export = {
        .services = call->services,
        .request = request,
        .arena = call->arena,
        .top = path,
        .contents = !request->thread_count &&
                    !(request->contents.state == TREADLE_SET && !request->contents.value),
        .steps = !(request->steps.state == TREADLE_SET && !request->steps.value),
    };
    rc = write_export(&export, error);
    if (rc)
        tree_remove(path, &ignored);
    if (rc == TREADLE_EBUSY)
        return error_set_wire(error, 503, "server_error", "busy", NULL,
                              "A backup or another export is being made.");
    return rc ? rc : reply(call, &export, &object, error);
}

struct resource_plan export_create(struct resource_call *call, struct treadle_error *error)
{
    return resource_answer(make_export(call, error));
}
