/*
 * Tables of the key, which is Treadle's own: the protocol knows keys as text in a header only.
 */
#include "api/types.h"

static const struct field treadle_key_fields[] = {
    ROW_STRING(treadle_key, id, .flags = FIELD_REQUIRED,
               .doc = "key_ and 16 digits, which the key's text has too."),
    ROW_CONSTANT(treadle_key, object, "treadle.key", .doc = "The kind of object."),
    ROW_TIME(treadle_key, created_at, .doc = "When it was made."),
    ROW_STRING(treadle_key, project, .flags = FIELD_REQUIRED,
               .doc = "The project whose objects it opens."),
    ROW_STRING(treadle_key, name, .flags = FIELD_ALWAYS | FIELD_NULLABLE,
               .doc = "What it is for, in words."),
    ROW_BOOLEAN(treadle_key, admin, .doc = "Whether it may manage keys and the store."),
    ROW_MAYBE_TIME(treadle_key, expires_at, FIELD_ALWAYS | FIELD_NULLABLE,
                   .doc = "When it stops working; null for never."),
    ROW_MAYBE_TIME(treadle_key, revoked_at, FIELD_ALWAYS | FIELD_NULLABLE,
                   .doc = "When it was revoked; null for not yet."),
    ROW_MAYBE_TIME(treadle_key, last_used_at, FIELD_ALWAYS | FIELD_NULLABLE,
                   .doc = "When it was used last, give or take a minute; null for never."),
    ROW_STRING(treadle_key, key, .doc = "The key itself, in the reply to its creation alone."),
};
FIELD_TYPE(treadle_key, "TreadleKey", FIELD_OTHERS(treadle_key),
           .doc = "A key with which programs use the server.");

static const struct field treadle_key_create_request_fields[] = {
    ROW_STRING(treadle_key_create_request, project, .flags = FIELD_REQUIRED, .min = 1, .max = 64,
               .pattern = "_.-", .doc = "The project whose objects it is to open."),
    ROW_STRING(treadle_key_create_request, name, .flags = FIELD_NULLABLE, .max = 256,
               .doc = "What it is for, in words."),
    ROW_MAYBE_BOOLEAN(treadle_key_create_request, admin, FIELD_NULLABLE,
                      .doc = "Whether it may manage keys and the store. Default: no."),
    ROW_MAYBE_TIME(treadle_key_create_request, expires_at, FIELD_NULLABLE,
                   .doc = "When it is to stop working. Default: never."),
};
FIELD_TYPE(treadle_key_create_request, "TreadleCreateKeyRequest", .doc = "A key to make.");
