/*
 * Table of the backup, which is Treadle's own.
 */
#include "api/types.h"

static const struct field treadle_backup_fields[] = {
    ROW_STRING(treadle_backup, id, .flags = FIELD_REQUIRED, .doc = "backup_ and 24 characters."),
    ROW_CONSTANT(treadle_backup, object, "treadle.backup", .doc = "The kind of object."),
    ROW_TIME(treadle_backup, created_at, .doc = "The moment of the copy."),
    ROW_STRING(treadle_backup, path, .flags = FIELD_REQUIRED,
               .doc = "The directory with the copy, on the server's machine. The client removes "
                      "it; so does the server's next start."),
};
FIELD_TYPE(treadle_backup, "TreadleBackup", FIELD_OTHERS(treadle_backup),
           .doc = "A copy of the store.");
