/*
 * Tables of imports, which are Treadle's own.
 */
#include "api/types.h"

static const char *const import_conflict_names[] = {NULL, "skip", "replace", "fail", NULL};

static const struct field treadle_import_create_request_fields[] = {
    ROW_STRING(treadle_import_create_request, source, .flags = FIELD_REQUIRED, .min = 1, .max = 128,
               .pattern = "_",
               .doc = "The directory below STORE/backups that the client has made, with the "
                      "objects. The server removes it."),
    ROW_STRING(treadle_import_create_request, project, .flags = FIELD_NULLABLE,
               .doc = "The project that gets the objects. Default: default."),
    ROW_ENUM(treadle_import_create_request, on_conflict, import_conflict,
             .doc = "What becomes of an object that the store has in another version: skip keeps "
                    "the store's, replace takes the new one, fail changes nothing at all. "
                    "Default: skip."),
    ROW_MAYBE_BOOLEAN(treadle_import_create_request, dry_run, 0,
                      .doc = "Whether to check and report alone. Default: no."),
};
FIELD_TYPE(treadle_import_create_request, "TreadleCreateImportRequest", .doc = "What to import.");

static const struct field treadle_import_kind_fields[] = {
    ROW_STRING(treadle_import_kind, kind, .flags = FIELD_REQUIRED,
               .doc = "The kind of objects: assistants, threads, messages and so on."),
    ROW_INTEGER(treadle_import_kind, found, .doc = "How many came."),
    ROW_INTEGER(treadle_import_kind, created, .doc = "How many of them were new."),
    ROW_INTEGER(treadle_import_kind, unchanged, .doc = "How many the store has as they came."),
    ROW_INTEGER(treadle_import_kind, skipped,
                .doc = "How many the store has in another version, which was kept."),
    ROW_INTEGER(treadle_import_kind, replaced, .doc = "How many replaced the store's version."),
    ROW_INTEGER(treadle_import_kind, failed, .doc = "How many could not be imported."),
};
FIELD_TYPE(treadle_import_kind, "TreadleImportKind", .doc = "What became of objects of a kind.");

static const struct field treadle_import_note_fields[] = {
    ROW_STRING(treadle_import_note, code, .flags = FIELD_REQUIRED, .doc = "A word for programs."),
    ROW_STRING(treadle_import_note, message, .flags = FIELD_REQUIRED, .doc = "A sentence."),
    ROW_INTEGER(treadle_import_note, count, .doc = "How many objects it is about."),
    ROW_STRINGS(treadle_import_note, ids, id_count, .flags = FIELD_REQUIRED,
                .doc = "The first five of them."),
};
FIELD_TYPE(treadle_import_note, "TreadleImportNote",
           .doc = "What was repaired, or could not be imported.");

static const struct field treadle_import_fields[] = {
    ROW_CONSTANT(treadle_import, object, "treadle.import", .doc = "The kind of object."),
    ROW_TIME(treadle_import, created_at, .doc = "When it began."),
    ROW_STRING(treadle_import, project, .flags = FIELD_REQUIRED, .doc = "The project."),
    ROW_BOOLEAN(treadle_import, dry_run, .doc = "Whether nothing was written."),
    ROW_ARRAY(treadle_import, kinds, kind_count, treadle_import_kind, .flags = FIELD_REQUIRED,
              .doc = "The numbers of each kind."),
    ROW_ARRAY(treadle_import, notes, note_count, treadle_import_note, .flags = FIELD_REQUIRED,
              .doc = "What there is to say about some objects."),
};
FIELD_TYPE(treadle_import, "TreadleImport", .doc = "What an import has done.");
