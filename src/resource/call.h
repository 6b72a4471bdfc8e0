/*
 * Helpers of all handlers: replies, and the common kinds of request.
 */
#ifndef RESOURCE_CALL_H
#define RESOURCE_CALL_H

#include "api/types.h"
#include "resource/resource.h"

/* Puts an object, a printed object, a page of printed objects, or a deletion into the reply. */
int resource_reply(struct resource_call *call, const struct treadle_type *type, const void *object,
                   struct treadle_error *error);
int resource_reply_text(struct resource_call *call, const char *body, struct treadle_error *error);
int resource_reply_page(struct resource_call *call, const struct record_page *page,
                        struct treadle_error *error);
int resource_reply_deleted(struct resource_call *call, const char *id, const char *object,
                           struct treadle_error *error);

/* Turns TREADLE_ENOTFOUND into the protocol's "No thread found with id 'x'.", unless the error says
 * already, in the protocol's words, what is missing; returns rc. */
int resource_not_found(int rc, const char *noun, const char *id, struct treadle_error *error);

/* A text made by printing `object`, or an error. */
int resource_print(struct resource_call *call, const struct treadle_type *type, const void *object,
                   const char **out, struct treadle_error *error);

/* An id with that prefix, in the call's arena; NULL when memory runs out. */
const char *resource_id(struct resource_call *call, const char *prefix);

/* Reads the thread that the path begins with; or only checks that it exists. */
int resource_load_thread(struct db_session *session, struct resource_call *call,
                         struct treadle_thread *out, struct treadle_error *error);
int resource_check_thread(struct db_session *session, struct resource_call *call,
                          struct treadle_error *error);

/* Checks that the vector store exists that the path begins with. */
int resource_check_store(struct db_session *session, struct resource_call *call,
                         struct treadle_error *error);

/* A metadata member of a request: the new map when one was sent, an empty one for null, the old
 * one when the member was absent. */
struct treadle_map *resource_metadata(const struct treadle_type *type, const void *request,
                                      struct treadle_map *sent, struct treadle_map *old);

/* Checks that the thread and the run exist that the path names, and that they belong to the
 * caller. */
int resource_check_run(struct db_session *session, struct resource_call *call,
                       struct treadle_error *error);

#endif
