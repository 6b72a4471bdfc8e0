/*
 * Attaching files to vector stores: what creating a store, adding a file, messages with
 * attachments and the helper of tool_resources have in common.
 */
#ifndef RESOURCE_ATTACH_H
#define RESOURCE_ATTACH_H

#include "resource/resource.h"
#include "treadle/objects.h"

/* A store that was made for a thread goes away after this many days without use. */
enum { ATTACH_THREAD_DAYS = 7 };

/* The file with that id and the call's project. "No such File object" when there is none. */
int attach_find_file(struct db_session *session, struct resource_call *call, const char *file_id,
                     struct treadle_file *out, struct treadle_error *error);

/* Writes a new store with the members of `store` that a request may set; sets the others. Then
 * adds the files. */
int attach_create_store(struct db_session *session, struct resource_call *call,
                        struct treadle_vector_store *store, const char *const *file_ids,
                        size_t file_count, const struct treadle_chunking_strategy *chunking,
                        struct treadle_error *error);

/* Adds a file to a store, to be read by ingest. Adding it again changes nothing; `out` (may be
 * NULL) becomes what is there. TREADLE_ESTATE as the protocol says it for an expired store. */
int attach_file(struct db_session *session, struct resource_call *call, const char *store_id,
                const char *file_id, const struct treadle_chunking_strategy *chunking,
                struct treadle_attributes *attributes, struct treadle_vector_store_file *out,
                struct treadle_error *error);

#endif
