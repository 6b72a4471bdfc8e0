/*
 * Files as rows: adding one, and removing one from everything that names it.
 */
#ifndef STORE_FILE_RECORD_H
#define STORE_FILE_RECORD_H

#include "base/arena.h"
#include "store/blob.h"
#include "store/db.h"
#include "store/record_page.h"
#include "store/remains_record.h"
#include "treadle/objects.h"

/* `sha256` is that of its contents; NULL: unknown. */
int file_record_insert(struct db_session *session, const char *project,
                       const struct treadle_file *file, const char *sha256, struct arena *arena,
                       struct treadle_error *error);

/* The file of that project. TREADLE_ENOTFOUND. */
int file_record_load(struct db_session *session, const char *project, const char *file_id,
                     struct arena *arena, struct treadle_file *out, struct treadle_error *error);

/* 0 when the project has that file, else TREADLE_ENOTFOUND. */
int file_record_find(struct db_session *session, const char *project, const char *file_id,
                     struct treadle_error *error);

/* Files of the project, all of them or those with the purpose of that word. */
int file_record_page(struct db_session *session, const char *project, const char *purpose,
                     const struct record_page_request *request, struct arena *arena,
                     struct record_page *out, struct treadle_error *error);

int file_record_walk(struct db_session *session, struct record_walk *walk, struct arena *arena,
                     struct treadle_error *error);

/* The expected length and checksum of its contents. TREADLE_ENOTFOUND. */
int file_record_sum(struct db_session *session, const char *file_id, struct arena *arena,
                    struct blob_sum *out, struct treadle_error *error);

/* Deletes the file with the id of `remains` from the database, and begins to remove it from the
 * lists of vector stores and of the code interpreter; the caller continues while there is more.
 * Notes the removal of its text in indexes and of its blob. TREADLE_ENOTFOUND. */
int file_record_remove(struct db_session *session, struct remains *remains, struct arena *arena,
                       struct treadle_error *error);

/* The file with the earliest expiry, at `at` or before; NULL when there is none. */
int file_record_next_due(struct db_session *session, int64_t at, struct arena *arena,
                         const char **out, struct treadle_error *error);

#endif
