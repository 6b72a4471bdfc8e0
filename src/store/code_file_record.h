/*
 * Code files: which assistants and threads give which files to the code interpreter. The lists
 * themselves are in the holders' objects; these rows are an index over them, so that a deleted file
 * is removed from every list without reading any other holder. A function that writes a list calls
 * code_file_record_index in the same transaction.
 */
#ifndef STORE_CODE_FILE_RECORD_H
#define STORE_CODE_FILE_RECORD_H

#include "store/db.h"
#include "treadle/objects.h"

enum code_holder { CODE_HOLDER_ASSISTANT = 1, CODE_HOLDER_THREAD };

/* Sets the index to the files in the holder's present list; NULL for none. */
int code_file_record_index(struct db_session *session, enum code_holder kind, const char *holder_id,
                           const struct treadle_tool_resources *resources,
                           struct treadle_error *error);

/* Removes a holder that is being deleted from the index. */
int code_file_record_forget(struct db_session *session, const char *holder_id,
                            struct treadle_error *error);

/* Removes a file that is being deleted from one list that names it. 1 when it was in one, 0 when it
 * is in none. */
int code_file_record_remove(struct db_session *session, const char *file_id,
                            struct treadle_error *error);

#endif
