/*
 * Tables of exports, which are Treadle's own.
 */
#include "api/types.h"

static const struct field treadle_export_create_request_fields[] = {
    ROW_STRINGS(treadle_export_create_request, projects, project_count, .max = 1000,
                .doc = "The projects whose objects are exported. Default: all."),
    ROW_STRINGS(treadle_export_create_request, threads, thread_count, .max = 1000,
                .doc = "Only these threads of the first project, with their messages and runs."),
    ROW_MAYBE_BOOLEAN(treadle_export_create_request, contents, 0,
                      .doc = "Whether to export contents of files. Default: yes."),
    ROW_MAYBE_BOOLEAN(treadle_export_create_request, steps, 0,
                      .doc = "Whether to export the steps of runs. Default: yes."),
};
FIELD_TYPE(treadle_export_create_request, "TreadleCreateExportRequest",
           .doc = "Which objects to export.");

static const struct field treadle_kind_count_fields[] = {
    ROW_STRING(treadle_kind_count, kind, .flags = FIELD_REQUIRED,
               .doc = "The kind of objects: assistants, threads, messages and so on."),
    ROW_INTEGER(treadle_kind_count, count, .doc = "How many."),
};
FIELD_TYPE(treadle_kind_count, "TreadleKindCount", .doc = "How many objects of a kind.");

static const struct field treadle_export_fields[] = {
    ROW_STRING(treadle_export, id, .flags = FIELD_REQUIRED, .doc = "export_ and 24 characters."),
    ROW_CONSTANT(treadle_export, object, "treadle.export", .doc = "The kind of object."),
    ROW_TIME(treadle_export, created_at, .doc = "The moment of the copy."),
    ROW_STRING(treadle_export, path, .flags = FIELD_REQUIRED,
               .doc = "The directory with the copy, on the server's machine. The client removes "
                      "it; so does the server's next start."),
    ROW_ARRAY(treadle_export, counts, count_count, treadle_kind_count, .flags = FIELD_REQUIRED,
              .doc = "How many objects of each kind it has."),
};
FIELD_TYPE(treadle_export, "TreadleExport",
           .doc = "A copy of objects as the protocol prints them.");
