/*
 * Files of vector stores that wait to be read, as rows: those whose status is in_progress, of all
 * projects. A file is known by the sequence number of its row, which is never used again.
 */
#ifndef STORE_PENDING_FILE_RECORD_H
#define STORE_PENDING_FILE_RECORD_H

#include <stdbool.h>

#include "base/arena.h"
#include "store/blob.h"
#include "store/db.h"
#include "treadle/objects.h"

/* The first project after `project`, by name, that has waiting files. 1 when there is one, which is
 * cut to `size`; 0 when there is none. */
int pending_file_record_next_project(struct db_session *session, const char *project, char *out,
                                     size_t size, struct treadle_error *error);

/* Whether the walk continues. */
typedef bool (*pending_file_record_visit)(void *context, int64_t seq, int level);

/* Walks the waiting files of a project, by level and then by age, or by age alone. Those whose
 * store or file was deleted, and that wait to be removed, are left out. */
int pending_file_record_each(struct db_session *session, const char *project, bool by_age,
                             pending_file_record_visit visit, void *context,
                             struct treadle_error *error);

struct pending_file {
    const char *store_id, *file_id;
    struct treadle_vector_store_file row;
    const char *filename; /* "" when the file was deleted */
    struct blob_sum sum;
    /* Code 0, or the stored text cannot be parsed: the row itself, or the file's object. */
    struct treadle_error row_problem, file_problem;
};

/* The row, whatever its status; also one that cannot be parsed. TREADLE_ENOTFOUND. */
int pending_file_record_load(struct db_session *session, int64_t seq, struct arena *arena,
                             struct pending_file *out, struct treadle_error *error);

/* Whether the row still waits, and its store and its file are there. */
int pending_file_record_wanted(struct db_session *session, int64_t seq, bool *out,
                               struct treadle_error *error);

/* Writes the status `failed` where the row still waits: a column beside the object, which need not
 * be parsed for it. */
int pending_file_record_fail(struct db_session *session, int64_t seq, struct treadle_error *error);

/* Writes how long its reading is expected to take (search/queue.h). */
int pending_file_record_set_level(struct db_session *session, int64_t seq, int level,
                                  struct treadle_error *error);

#endif
