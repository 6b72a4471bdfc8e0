/*
 * Messages as rows. One whose thread was deleted is not found, even while it waits to be removed
 * (remains_record.h).
 */
#ifndef STORE_MESSAGE_RECORD_H
#define STORE_MESSAGE_RECORD_H

#include "base/arena.h"
#include "store/db.h"
#include "store/record_page.h"
#include "treadle/objects.h"

/* `body` becomes the object as it was printed. */
int message_record_insert(struct db_session *session, const char *project,
                          const struct treadle_message *message, struct arena *arena,
                          const char **body, struct treadle_error *error);

/* The message of that thread and project, parsed or as it was printed. TREADLE_ENOTFOUND. */
int message_record_load(struct db_session *session, const char *project, const char *thread_id,
                        const char *id, struct arena *arena, struct treadle_message *out,
                        struct treadle_error *error);
int message_record_body(struct db_session *session, const char *project, const char *thread_id,
                        const char *id, struct arena *arena, const char **out,
                        struct treadle_error *error);

/* Messages of a thread, or those of it that a run made (`run_id`, NULL: all). */
int message_record_page(struct db_session *session, const char *project, const char *thread_id,
                        const char *run_id, const struct record_page_request *request,
                        struct arena *arena, struct record_page *out, struct treadle_error *error);

/* The newest messages of a thread, the newest first. */
int message_record_newest(struct db_session *session, const char *thread_id, size_t limit,
                          struct arena *arena, struct record_page *out,
                          struct treadle_error *error);

/* 0 when the thread has a message, else TREADLE_ENOTFOUND. */
int message_record_any(struct db_session *session, const char *thread_id,
                       struct treadle_error *error);

/* TREADLE_ENOTFOUND. */
int message_record_save(struct db_session *session, const char *project,
                        const struct treadle_message *message, struct arena *arena,
                        struct treadle_error *error);

/* The same for a message of whatever project; `body` becomes the object as it was printed. */
int message_record_change(struct db_session *session, const struct treadle_message *message,
                          struct arena *arena, const char **body, struct treadle_error *error);

/* The object as it was printed, whatever its project. TREADLE_ENOTFOUND. */
int message_record_text(struct db_session *session, const char *id, struct arena *arena,
                        const char **out, struct treadle_error *error);

int message_record_remove(struct db_session *session, const char *id, struct treadle_error *error);

#endif
