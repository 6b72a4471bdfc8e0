/*
 * Imports: one object. Its ids are kept to the letter, so they are checked first: an id may name
 * nothing outside of its table, and never an object of another project.
 */
#include "resource/import_internal.h"

#include <string.h>

#include "base/error.h"
#include "store/thread_record.h"

static int fail(struct import *import, enum export_kind kind, const char *code, const char *message,
                const char *id, struct treadle_error *error)
{
    import->kinds[kind].failed++;
    return import_note(import, code, message, id, error);
}

/* ---- Ids ------------------------------------------------------------------------------------ */

static bool is_id(const char *id)
{
    size_t length = id ? strlen(id) : 0;
    return length >= 2 && length <= IMPORT_LONGEST_ID &&
           strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == length;
}

struct names {
    const char *id, *thread, *other; /* `other`: a vector store or a run that it belongs to */
};

static struct names names_of(enum export_kind kind, const union import_object *object)
{
    switch (kind) {
    case EXPORT_FILES:
        return (struct names){object->file.id, NULL, NULL};
    case EXPORT_VECTOR_STORES:
        return (struct names){object->store.id, NULL, NULL};
    case EXPORT_VECTOR_STORE_FILES:
        return (struct names){object->store_file.id, NULL, object->store_file.vector_store_id};
    case EXPORT_ASSISTANTS:
        return (struct names){object->assistant.id, NULL, NULL};
    case EXPORT_THREADS:
        return (struct names){object->thread.id, NULL, NULL};
    case EXPORT_MESSAGES:
        return (struct names){object->message.id, object->message.thread_id, NULL};
    case EXPORT_RUNS:
        return (struct names){object->run.id, object->run.thread_id, NULL};
    default:
        return (struct names){object->step.id, object->step.thread_id, object->step.run_id};
    }
}

/* What is wrong with the names, or NULL. */
static const char *check_names(const struct import *import, enum export_kind kind,
                               const struct names *names)
{
    if (!is_id(names->id))
        return "Its id is not 2 to 128 letters, digits, '-' and '_'.";
    if (kind == EXPORT_VECTOR_STORE_FILES && !is_id(names->other))
        return "It names no vector store.";
    if (kind >= EXPORT_MESSAGES &&
        (!import->thread[0] || !names->thread || strcmp(names->thread, import->thread) != 0))
        return "It names no thread, or another one.";
    if (kind == EXPORT_RUN_STEPS && !is_id(names->other))
        return "It names no run.";
    return NULL;
}

/* What objects must have to be served again. */
static const char *check_object(enum export_kind kind, const union import_object *object)
{
    if (kind == EXPORT_FILES && (!object->file.filename || !object->file.purpose))
        return "It has no file name, or no purpose that is known.";
    if (kind == EXPORT_ASSISTANTS && !object->assistant.model)
        return "It names no model.";
    if (kind == EXPORT_MESSAGES && !object->message.role)
        return "It has no role.";
    if (kind == EXPORT_RUN_STEPS && (!object->step.type || !object->step.step_details))
        return "It has no details.";
    return NULL;
}

/* ---- Comparing ------------------------------------------------------------------------------ */

/* Whether the row has the same object, but for what Treadle sets by itself. */
static int compare(struct import *import, enum export_kind kind, const union import_object *object,
                   const char *body, bool *equal, struct treadle_error *error)
{
    const struct import_kind *facts = &import_kinds[kind];
    union import_object ours, theirs = *object;
    if (field_parse(facts->type, body, strlen(body), FIELD_TOLERANT, import->arena, &ours, error))
        return error_set(error, TREADLE_EIO, "a stored %s cannot be read", facts->type->name);
    if (facts->mask) {
        facts->mask(&ours);
        facts->mask(&theirs);
    }
    const char *first = field_text(facts->type, &ours, import->arena);
    const char *second = field_text(facts->type, &theirs, import->arena);
    if (!first || !second)
        return error_set_memory(error);
    *equal = strcmp(first, second) == 0;
    return 0;
}

static int replace(struct import *import, enum export_kind kind, union import_object *object,
                   struct treadle_error *error)
{
    import->kinds[kind].replaced++;
    import->thread_changed = true;
    return import->dry ? 0 : import_kinds[kind].replace(import, object, error);
}

static int meet(struct import *import, enum export_kind kind, union import_object *object,
                const struct names *names, const struct import_found *found,
                struct treadle_error *error)
{
    bool equal = false;
    int rc = compare(import, kind, object, found->body, &equal, error);
    if (rc)
        return rc;
    if (equal) {
        import->kinds[kind].unchanged++;
        return 0;
    }
    if (import->on_conflict == TREADLE_IMPORT_REPLACE && import_kinds[kind].replace)
        return replace(import, kind, object, error);
    import->kinds[kind].skipped++;
    import->conflicts++;
    return import_note(import, "kept", "The store has another version of it, which was kept.",
                       names->id, error);
}

/* ---- New objects ---------------------------------------------------------------------------- */

static bool is_ordered(enum export_kind kind)
{
    return kind < EXPORT_MESSAGES && kind != EXPORT_VECTOR_STORE_FILES;
}

/* A new row follows the one before it in what is imported, where that place is free. So an import
 * that was interrupted ends in the same order as one that was not. */
static int place(struct import *import, enum export_kind kind, const struct names *names,
                 struct treadle_error *error)
{
    struct import_found found;
    int rc = import->placed[kind]
                 ? import_record_place(import->session, kind, names->id, import->place[kind], error)
                 : 0;
    if (rc >= 0)
        rc = import_record_find(import->session, kind, NULL, names->id, import->arena, &found,
                                error);
    if (rc)
        return rc;
    import->place[kind] = found.seq + 1;
    import->placed[kind] = true;
    return 0;
}

static int add(struct import *import, enum export_kind kind, union import_object *object,
               const struct names *names, struct treadle_error *error)
{
    import->kinds[kind].created++;
    import->thread_changed = true;
    if (kind == EXPORT_THREADS)
        import->thread_new = true;
    if (import->dry)
        return 0;
    int rc = import_kinds[kind].insert(import, object, error);
    /* Its metadata is found by its place. */
    if (!rc && kind == EXPORT_THREADS)
        rc = thread_record_forget(import->session, names->id, error);
    if (!rc && is_ordered(kind))
        rc = place(import, kind, names, error);
    if (!rc && kind == EXPORT_THREADS)
        rc = thread_record_index(import->session, import->project, names->id,
                                 object->thread.metadata, error);
    return rc;
}

static int settle(struct import *import, enum export_kind kind, union import_object *object,
                  const struct names *names, struct treadle_error *error)
{
    struct import_found found;
    int rc = import_record_find(import->session, kind, names->other, names->id, import->arena,
                                &found, error);
    if (rc)
        return rc;
    if (!found.there)
        return add(import, kind, object, names, error);
    bool ours = strcmp(found.project, import->project) == 0 &&
                (!found.thread || strcmp(found.thread, import->thread) == 0);
    if (!ours) {
        if (kind == EXPORT_THREADS)
            import->skip_thread = true;
        return fail(import, kind, "id_taken", "Its id is in use by another object of the store.",
                    names->id, error);
    }
    if (is_ordered(kind)) {
        import->place[kind] = found.seq + 1;
        import->placed[kind] = true;
    }
    return meet(import, kind, object, names, &found, error);
}

/* Nothing is done in a thread in which a run is active. */
static int check_thread(struct import *import, const char *id, struct treadle_error *error)
{
    const char *active = NULL;
    int rc = thread_record_active_run(import->session, import->project, id, import->arena, &active,
                                      error);
    if (rc == TREADLE_ENOTFOUND)
        return 0;
    if (rc || !active)
        return rc;
    import->skip_thread = true;
    return import_note(import, "thread_busy",
                       "A run is active on the thread; nothing in it was changed.", id, error);
}

int import_object(struct import *import, enum export_kind kind, const char *text, size_t length,
                  struct treadle_error *error)
{
    const struct import_kind *facts = &import_kinds[kind];
    struct treadle_error problem = {0};
    union import_object object;
    memset(&object, 0, sizeof object);
    import->kinds[kind].found++;
    int rc =
        field_parse(facts->type, text, length, FIELD_TOLERANT, import->arena, &object, &problem);
    if (rc == TREADLE_EMEMORY)
        return error_set_memory(error);
    if (rc)
        return fail(import, kind, "invalid", problem.message, NULL, error);
    struct names names = names_of(kind, &object);
    const char *wrong = check_names(import, kind, &names);
    if (!wrong)
        wrong = check_object(kind, &object);
    if (wrong)
        return fail(import, kind, "invalid", wrong, names.id, error);
    if (kind == EXPORT_THREADS) {
        snprintf(import->thread, sizeof import->thread, "%s", names.id);
        import->skip_thread = import->thread_new = import->thread_changed = false;
        rc = check_thread(import, names.id, error);
    }
    if (!rc && import->skip_thread && kind >= EXPORT_THREADS) {
        import->kinds[kind].skipped++;
        return 0;
    }
    if (!rc && facts->prepare)
        rc = facts->prepare(import, &object, error);
    return rc ? rc : settle(import, kind, &object, &names, error);
}
