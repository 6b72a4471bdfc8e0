/*
 * The objects of the Assistants API as C structs: what goes over the wire, typed.
 *
 * Every struct here is declared once more as a table of rows in src/api/ (one file per resource),
 * and it is that table which parses, validates, prints and documents it. Member names are the
 * wire names. How an absent member is represented:
 *   - a pointer (string, struct, array, map, raw JSON) is NULL when the member is absent or null;
 *     an array that is present and empty has a pointer that is not NULL and a count of 0;
 *   - an enumeration is 0 when absent, null, or a value that this version does not know;
 *   - a scalar that may be absent or null is a struct with a `state`;
 *   - `others` has the members of an object that this version does not know, and enumerations with
 *     words that it does not know, as the text of a JSON object; NULL where there are none. They
 *     are printed again as they came;
 *   - a request in which null and absent have different meanings has a `presence` member, read
 *     with treadle_member_state and written with treadle_member_set_null (client.h).
 * Times are Unix seconds. Strings are UTF-8 without NUL. Everything that a struct points to is
 * owned by its creator: for replies of libtreadle that is the reply (client.h).
 */
#ifndef TREADLE_OBJECTS_H
#define TREADLE_OBJECTS_H

#include "treadle/objects/assistant.h"
#include "treadle/objects/chat.h"
#include "treadle/objects/event.h"
#include "treadle/objects/file.h"
#include "treadle/objects/key.h"
#include "treadle/objects/run.h"
#include "treadle/objects/thread.h"
#include "treadle/objects/value.h"

#ifdef __cplusplus
extern "C" {
#endif
/* ---- Pages, deletions ----------------------------------------------------------------------- */

/* One page of a list; the ids are those of its first and last object, NULL when it is empty. */
#define TREADLE_DECLARE_PAGE(tag, item)                                                            \
    struct tag {                                                                                   \
        const char *object;                                                                        \
        item *data;                                                                                \
        size_t data_count;                                                                         \
        const char *first_id;                                                                      \
        const char *last_id;                                                                       \
        bool has_more;                                                                             \
    }

TREADLE_DECLARE_PAGE(treadle_assistant_page, struct treadle_assistant);
TREADLE_DECLARE_PAGE(treadle_thread_page, struct treadle_thread);
TREADLE_DECLARE_PAGE(treadle_message_page, struct treadle_message);
TREADLE_DECLARE_PAGE(treadle_run_page, struct treadle_run);
TREADLE_DECLARE_PAGE(treadle_run_step_page, struct treadle_run_step);
TREADLE_DECLARE_PAGE(treadle_file_page, struct treadle_file);
TREADLE_DECLARE_PAGE(treadle_vector_store_page, struct treadle_vector_store);
TREADLE_DECLARE_PAGE(treadle_vector_store_file_page, struct treadle_vector_store_file);
TREADLE_DECLARE_PAGE(treadle_key_page, struct treadle_key);

struct treadle_deletion {
    const char *id;
    const char *object; /* as "thread.deleted" */
    bool deleted;
};

#ifdef __cplusplus
}
#endif

#endif
