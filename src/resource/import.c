/*
 * Imports: objects with their ids, from a directory below STORE/backups that the client has made.
 *
 * In it, `objects` has a line for each object, its kind and its JSON, in this order: files, vector
 * stores, files of vector stores, assistants, then each thread followed by its messages, runs and
 * steps. `contents/ID` are the contents of files. A line "head KIND COUNT NEWEST" says how many
 * objects of a kind come, and when the newest was created. "made {...}" is a thread that the client
 * made for objects without one; it never changes a thread that is there.
 *
 * A thread with all that belongs to it is written in one transaction, so whatever ends an import
 * leaves whole threads; the same import again finishes it. Content is kept before its row.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/ident.h"
#include "base/path.h"
#include "base/text.h"
#include "resource/handlers.h"
#include "resource/import_internal.h"
#include "store/tree.h"

enum { LONGEST_LINE = 16 << 20, OBJECTS_A_COMMIT = 64 };

/* ---- Lines ---------------------------------------------------------------------------------- */

/* 1 and the next line, 0 at the end. */
static int read_line(struct import *import, struct treadle_error *error)
{
    char piece[4096];
    if (import->held) {
        import->held = false;
        return 1;
    }
    buffer_reset(&import->line);
    while (fgets(piece, sizeof piece, import->in)) {
        size_t length = strlen(piece);
        buffer_append(&import->line, piece, length);
        if (import->line.failed)
            return buffer_error(&import->line, "an object is larger than 16 MiB", error);
        if (length && piece[length - 1] == '\n')
            return 1;
    }
    if (ferror(import->in))
        return error_set_errno(error, TREADLE_EIO, errno, "cannot read the objects");
    return import->line.length > 0;
}

struct word {
    enum export_kind kind; /* EXPORT_KINDS: another word */
    bool made, head;
    const char *rest;
};

static struct word parse_line(const struct import *import)
{
    const char *text = import->line.data, *space = strchr(text, ' ');
    size_t length = space ? (size_t)(space - text) : 0;
    struct word word = {.kind = EXPORT_KINDS, .rest = space ? space + 1 : ""};
    for (size_t kind = 0; kind < EXPORT_KINDS; kind++)
        if (strlen(export_names[kind]) == length && strncmp(text, export_names[kind], length) == 0)
            word.kind = kind;
    word.made = length == 4 && strncmp(text, "made", 4) == 0;
    word.head = length == 4 && strncmp(text, "head", 4) == 0;
    if (word.made)
        word.kind = EXPORT_THREADS;
    return word;
}

/* Where all that comes is older than all that is there, it goes before it. */
static int read_head(struct import *import, const char *text, struct treadle_error *error)
{
    char name[32];
    long long count, newest;
    int64_t seq = 0, created_at = 0;
    bool any = false;
    if (sscanf(text, "%31s %lld %lld", name, &count, &newest) != 3 || count < 0)
        return error_set_request(error, NULL, NULL, "A head of the import cannot be read.");
    size_t kind = 0;
    while (kind < EXPORT_THREADS && strcmp(name, export_names[kind]) != 0)
        kind++;
    if (kind == EXPORT_VECTOR_STORE_FILES || strcmp(name, export_names[kind]) != 0)
        return 0;
    int rc =
        import_record_least(import->session, kind, import->project, &any, &seq, &created_at, error);
    if (!rc && any && newest < created_at) {
        import->place[kind] = seq - count;
        import->placed[kind] = true;
    }
    return rc;
}

/* A thread that was made for the import alone is not compared with one that is there. */
static int import_line(struct import *import, const struct word *word, struct treadle_error *error)
{
    enum treadle_import_conflict on_conflict = import->on_conflict;
    struct treadle_import_kind before = import->kinds[EXPORT_THREADS];
    size_t notes = import->note_count;
    int64_t conflicts = import->conflicts;
    import->arena = arena_new(0);
    if (!import->arena)
        return error_set_memory(error);
    if (word->made)
        import->on_conflict = TREADLE_IMPORT_SKIP;
    int rc = import_object(import, word->kind, word->rest, strlen(word->rest), error);
    import->on_conflict = on_conflict;
    struct treadle_import_kind *threads = &import->kinds[EXPORT_THREADS];
    if (!rc && word->made && threads->created > before.created)
        rc = import_note(import, "thread_made",
                         "The thread was not in what was imported, so an empty one was made.",
                         import->thread, error);
    else if (!rc && word->made && threads->failed == before.failed) {
        if (import->conflicts > conflicts && import->note_count > notes)
            import->note_count = notes;
        *threads = before;
        import->conflicts = conflicts;
    }
    arena_free(import->arena);
    import->arena = NULL;
    return rc;
}

/* ---- Contents ------------------------------------------------------------------------------- */

/* The id of the file in the line; "" where it is not one. */
static void file_id(struct import *import, const struct word *word, char out[IMPORT_LONGEST_ID + 1])
{
    struct treadle_error ignored;
    struct treadle_file file = {.id = NULL};
    struct arena *arena = arena_new(0);
    out[0] = '\0';
    (void)import;
    if (arena &&
        field_parse(&treadle_file_type, word->rest, strlen(word->rest), FIELD_TOLERANT, arena,
                    &file, &ignored) == 0 &&
        file.id && strlen(file.id) <= IMPORT_LONGEST_ID && !strchr(file.id, '/') &&
        file.id[0] != '.')
        strcpy(out, file.id);
    arena_free(arena);
}

struct question {
    const char *id;
    bool there;
};

static int ask_file(struct db_session *session, void *context, struct treadle_error *error)
{
    struct question *question = context;
    struct import_found found;
    struct arena *arena = arena_new(0);
    if (!arena)
        return error_set_memory(error);
    int rc = import_record_find(session, EXPORT_FILES, NULL, question->id, arena, &found, error);
    question->there = !rc && found.there;
    arena_free(arena);
    return rc;
}

/* Takes over the content of a file that is new: `adopted` is whether there was one. */
static int adopt(struct import *import, const char *id, bool *adopted, struct treadle_error *error)
{
    struct question question = {.id = id};
    char contents[PATH_MAX], from[PATH_MAX], to[PATH_MAX], name[IDENT_SIZE];
    *adopted = false;
    int rc = db_read(import->services->db, ask_file, &question, error);
    if (!rc)
        rc = path_join(contents, import->directory, "contents", error);
    if (!rc)
        rc = path_join(from, contents, id, error);
    if (rc || question.there || access(from, F_OK))
        return rc;
    ident_make(name, "import.");
    rc = path_join(to, blob_temporary_directory(import->services->blobs), name, error);
    if (!rc && rename(from, to))
        rc = error_set_errno(error, TREADLE_EIO, errno, "cannot take over the content of %s", id);
    if (rc)
        return rc;
    rc = blob_adopt(import->services->blobs, id, to, &import->sum, error);
    if (rc)
        unlink(to);
    *adopted = rc == 0;
    return rc;
}

/* ---- Transactions --------------------------------------------------------------------------- */

static int end_thread(struct import *import, struct treadle_error *error)
{
    bool changed = import->thread[0] && import->thread_changed && !import->skip_thread;
    int rc =
        changed && !import->dry ? import_record_sum(import->session, import->thread, error) : 0;
    import->thread[0] = '\0';
    return rc;
}

/* What one commit holds: some objects, or a thread with all that belongs to it. */
static int import_some(struct db_session *session, void *context, struct treadle_error *error)
{
    struct import *import = context;
    size_t count = 0;
    int rc;
    import->session = session;
    import->thread[0] = '\0';
    while ((rc = read_line(import, error)) > 0) {
        struct word word = parse_line(import);
        bool belongs = word.kind >= EXPORT_MESSAGES && word.kind < EXPORT_KINDS;
        bool fits =
            (belongs && import->thread[0]) ||
            (!belongs && !import->thread[0] && count < OBJECTS_A_COMMIT &&
             (word.kind != EXPORT_FILES || !count) && (word.kind != EXPORT_THREADS || !count));
        if (!fits && count) {
            import->held = true;
            break;
        }
        if (word.head)
            rc = read_head(import, word.rest, error);
        else if (word.kind == EXPORT_KINDS)
            rc = error_set_request(error, NULL, NULL, "A line of the import cannot be read.");
        else
            rc = import_line(import, &word, error);
        if (rc)
            break;
        count += !word.head;
        /* The content of a file is taken over before its transaction, so it has one of its own. */
        if (word.head || word.kind == EXPORT_FILES)
            break;
    }
    return rc < 0 ? rc : end_thread(import, error);
}

static int transact(struct import *import, struct treadle_error *error)
{
    struct treadle_error ignored;
    char id[IMPORT_LONGEST_ID + 1] = "";
    bool adopted = false;
    struct word word = parse_line(import);
    import->sum = (struct blob_sum){.length = 0};
    if (import->dry)
        return db_read(import->services->db, import_some, import, error);
    if (word.kind == EXPORT_FILES)
        file_id(import, &word, id);
    int rc = id[0] ? adopt(import, id, &adopted, error) : 0;
    if (rc)
        return rc;
    int64_t created = import->kinds[EXPORT_FILES].created;
    rc = db_write(import->services->db, import_some, import, error);
    if (adopted && (rc || import->kinds[EXPORT_FILES].created == created))
        blob_remove(import->services->blobs, id, &ignored);
    else if (adopted)
        blob_settle(import->services->blobs, id, &ignored);
    return rc;
}

static int walk(struct import *import, struct treadle_error *error)
{
    int rc;
    rewind(import->in);
    import->held = false;
    import->note_count = 0;
    import->conflicts = 0;
    for (size_t kind = 0; kind < EXPORT_KINDS; kind++) {
        import->kinds[kind] = (struct treadle_import_kind){.kind = export_names[kind]};
        import->placed[kind] = false;
    }
    while ((rc = read_line(import, error)) > 0) {
        import->held = true;
        rc = transact(import, error);
        if (rc)
            break;
    }
    return rc;
}

/* ---- The import ----------------------------------------------------------------------------- */

static int reply(struct resource_call *call, struct import *import, struct treadle_error *error)
{
    struct treadle_import object = {
        .created_at = import->now,
        .project = import->project,
        .dry_run = import->dry,
        .kinds = import->kinds,
        .kind_count = EXPORT_KINDS,
        .notes = import->notes,
        .note_count = import->note_count,
    };
    return resource_reply(call, &treadle_import_type, &object, error);
}

/* With "fail" nothing is written where anything differs, so that is found out first. */
static int run_import(struct resource_call *call, struct import *import,
                      struct treadle_error *error)
{
    bool dry = import->dry;
    int rc = 0;
    if (import->on_conflict == TREADLE_IMPORT_FAIL && !dry) {
        import->dry = true;
        rc = walk(import, error);
        import->dry = import->conflicts > 0;
        if (rc || import->dry)
            return rc ? rc : reply(call, import, error);
    }
    rc = walk(import, error);
    if (!import->dry)
        ingest_wake(call->services->ingest);
    return rc ? rc : reply(call, import, error);
}

static int make_import(struct resource_call *call, struct treadle_error *error)
{
    const struct treadle_import_create_request *request = call->body;
    struct treadle_error ignored;
    char parent[PATH_MAX], directory[PATH_MAX], objects[PATH_MAX];
    struct import import = {
        .services = call->services,
        .project = request->project ? request->project : GATE_DEFAULT_PROJECT,
        .directory = directory,
        .on_conflict = request->on_conflict ? request->on_conflict : TREADLE_IMPORT_SKIP,
        .dry = request->dry_run.state == TREADLE_SET && request->dry_run.value,
        .now = clock_seconds(),
        .report = call->arena,
    };
    if (!gate_is_project(import.project))
        return gate_refuse_project(import.project, error);
    int rc = path_join(parent, call->services->directory, "backups", error);
    if (!rc)
        rc = path_join(directory, parent, request->source, error);
    if (!rc)
        rc = path_join(objects, directory, "objects", error);
    if (rc)
        return rc;
    import.in = fopen(objects, "re");
    if (!import.in)
        return error_set_wire(error, 404, "invalid_request_error", NULL, "source",
                              "There is nothing to import under that name.");
    buffer_init(&import.line, LONGEST_LINE);
    rc = run_import(call, &import, error);
    buffer_clear(&import.line);
    fclose(import.in);
    tree_remove(directory, &ignored);
    return rc;
}

struct resource_plan import_create(struct resource_call *call, struct treadle_error *error)
{
    return resource_answer(make_import(call, error));
}
