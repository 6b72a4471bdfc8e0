/*
 * Code files: which assistants and threads give which files to the code interpreter.
 *
 * The lists themselves are in the holders' objects; these rows are an index over them, so that a
 * file that is deleted is taken out of every list without a look at any other holder. Whoever
 * writes a list calls code_file_record_index in the same transaction.
 */
#ifndef STORE_CODE_FILE_RECORD_H
#define STORE_CODE_FILE_RECORD_H

#include "store/db.h"
#include "treadle/objects.h"

enum code_holder { CODE_HOLDER_ASSISTANT = 1, CODE_HOLDER_THREAD };

/* Makes the index say which files the holder's list names now; NULL for none. */
int code_file_record_index(struct db_session *session, enum code_holder kind, const char *holder_id,
                           const struct treadle_tool_resources *resources,
                           struct treadle_error *error);

/* Takes a holder that is being deleted out of the index. */
int code_file_record_forget(struct db_session *session, const char *holder_id,
                            struct treadle_error *error);

/* Takes a file that is being deleted out of one list that names it. 1 when it was in one, 0 when it
 * is in none. */
int code_file_record_remove(struct db_session *session, const char *file_id,
                            struct treadle_error *error);

#endif
