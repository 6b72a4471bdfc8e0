/*
 * What handlers share: replies, and the common kinds of request.
 */
#ifndef RESOURCE_CALL_H
#define RESOURCE_CALL_H

#include "api/types.h"
#include "resource/resource.h"
#include "store/record.h"

/* Puts an object, a printed object, or a deletion into the reply. */
int resource_reply(struct resource_call *call, const struct treadle_type *type, const void *object,
                   struct treadle_error *error);
int resource_reply_text(struct resource_call *call, const char *body, struct treadle_error *error);
int resource_reply_deleted(struct resource_call *call, const char *id, const char *object,
                           struct treadle_error *error);

/* Turns TREADLE_ENOTFOUND into the protocol's "No thread found with id 'x'."; returns rc. */
int resource_not_found(int rc, const char *noun, const char *id, struct treadle_error *error);

/* A text made by printing `object`, or an error. */
int resource_print(struct resource_call *call, const struct treadle_type *type, const void *object,
                   const char **out, struct treadle_error *error);

/* An id with that prefix, in the call's arena; NULL when memory runs out. */
const char *resource_id(struct resource_call *call, const char *prefix);

/* The object with that id and the call's project, parsed. TREADLE_ENOTFOUND as the protocol says
 * it. */
int resource_load(struct db_session *session, struct resource_call *call, const char *table,
                  const struct treadle_type *type, const char *noun, const char *id, void *out,
                  struct treadle_error *error);

/* The thread that the path begins with; or only that it is there. */
int resource_load_thread(struct db_session *session, struct resource_call *call,
                         struct treadle_thread *out, struct treadle_error *error);
int resource_check_thread(struct db_session *session, struct resource_call *call,
                          struct treadle_error *error);

/* Writes an object's body back. */
int resource_save(struct db_session *session, struct resource_call *call, const char *table,
                  const struct treadle_type *type, const char *id, const void *object,
                  struct treadle_error *error);

/* Replies with the body of the row that has those keys. */
int resource_send(struct db_session *session, struct resource_call *call, const char *table,
                  const char *body_column, const struct record_key *keys, size_t key_count,
                  const char *noun, const char *id, struct treadle_error *error);

/* Replies with the page that the call's query asks for. */
int resource_send_page(struct db_session *session, struct resource_call *call,
                       const struct record_query *query, struct treadle_error *error);

/* A metadata member of a request: the new map when one was sent, an empty one for null, the old
 * one when the member was absent. */
struct treadle_map *resource_metadata(const struct treadle_type *type, const void *request,
                                      struct treadle_map *sent, struct treadle_map *old);

/* Whether the thread and the run that the path names are there, and the caller's. */
int resource_check_run(struct db_session *session, struct resource_call *call,
                       struct treadle_error *error);

#endif
