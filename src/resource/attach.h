/*
 * Attaching files to vector stores: what creating a store, adding a file, messages with
 * attachments and the helper of tool_resources have in common.
 */
#ifndef RESOURCE_ATTACH_H
#define RESOURCE_ATTACH_H

#include "resource/resource.h"
#include "treadle/objects.h"

/* A store that was created for a thread expires after this many days without use. */
enum { ATTACH_THREAD_DAYS = 7 };

/* The file with that id and the call's project. "No such File object" when there is none. */
int attach_find_file(struct db_session *session, struct resource_call *call, const char *file_id,
                     struct treadle_file *out, struct treadle_error *error);

/* Writes a new store with the members of `store` that a request may set; sets the others. Then adds
 * the files. A store that is created for a thread (NULL: for none) is deleted with it. */
int attach_create_store(struct db_session *session, struct resource_call *call,
                        struct treadle_vector_store *store, const char *thread_id,
                        const char *const *file_ids, size_t file_count,
                        const struct treadle_chunking_strategy *chunking,
                        struct treadle_error *error);

/* A file to add. */
struct attach_item {
    const char *file_id;
    const struct treadle_chunking_strategy *chunking; /* may be NULL */
    struct treadle_attributes *attributes;            /* may be NULL */
};

/* Adds files to a store, to be read by ingest. Adding a file again that is there, or being read,
 * changes only its batch; one that failed or was cancelled is read again. `batch_id` may be NULL;
 * `out` (may be NULL) becomes the last file as it is in the store. An error of the protocol for an
 * expired store. */
int attach_files(struct db_session *session, struct resource_call *call, const char *store_id,
                 const struct attach_item *items, size_t count, const char *batch_id,
                 struct treadle_vector_store_file *out, struct treadle_error *error);

#endif
