/*
 * Assistants as rows. The index of files that the code interpreter reads is kept by
 * code_file_record.h.
 */
#ifndef STORE_ASSISTANT_RECORD_H
#define STORE_ASSISTANT_RECORD_H

#include "base/arena.h"
#include "store/db.h"
#include "store/record_page.h"
#include "treadle/objects.h"

int assistant_record_insert(struct db_session *session, const char *project,
                            const struct treadle_assistant *assistant, struct arena *arena,
                            struct treadle_error *error);

/* The assistant of that project, parsed or as it was printed. TREADLE_ENOTFOUND. */
int assistant_record_load(struct db_session *session, const char *project, const char *id,
                          struct arena *arena, struct treadle_assistant *out,
                          struct treadle_error *error);
int assistant_record_body(struct db_session *session, const char *project, const char *id,
                          struct arena *arena, const char **out, struct treadle_error *error);

int assistant_record_page(struct db_session *session, const char *project,
                          const struct record_page_request *request, struct arena *arena,
                          struct record_page *out, struct treadle_error *error);

/* TREADLE_ENOTFOUND. */
int assistant_record_save(struct db_session *session, const char *project,
                          const struct treadle_assistant *assistant, struct arena *arena,
                          struct treadle_error *error);

/* Deletes it, and its rows in the index of the code interpreter's files. TREADLE_ENOTFOUND. */
int assistant_record_remove(struct db_session *session, const char *project, const char *id,
                            struct treadle_error *error);

#endif
