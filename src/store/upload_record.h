/*
 * Uploads and their parts as rows. The contents of a part are a blob under the part's id.
 *
 * A pending upload has a time of expiry in its row, others have none; each query checks whether
 * that time is up, so nothing depends on the sweep.
 */
#ifndef STORE_UPLOAD_RECORD_H
#define STORE_UPLOAD_RECORD_H

#include "base/arena.h"
#include "store/db.h"
#include "store/record_page.h"
#include "treadle/objects.h"

/* An upload with what its object does not show: how long the file will stay (0: for ever). */
struct upload_record {
    struct treadle_upload upload;
    int64_t file_life;
};

struct upload_parts {
    const char **ids; /* in order of arrival */
    int64_t *bytes;
    size_t count;
    int64_t total;
};

int upload_record_insert(struct db_session *session, const char *project,
                         const struct upload_record *record, struct arena *arena,
                         struct treadle_error *error);

/* The upload with that id, of that project (NULL: of any). TREADLE_ENOTFOUND. */
int upload_record_load(struct db_session *session, const char *project, const char *id,
                       struct arena *arena, struct upload_record *out, struct treadle_error *error);

/* Writes the object back. */
int upload_record_save(struct db_session *session, const struct treadle_upload *upload,
                       struct arena *arena, struct treadle_error *error);

int upload_record_add_part(struct db_session *session, const char *upload_id, const char *part_id,
                           int64_t bytes, struct treadle_error *error);
int upload_record_parts(struct db_session *session, const char *upload_id, struct arena *arena,
                        struct upload_parts *out, struct treadle_error *error);

/* The parts of all uploads. */
int upload_record_walk_parts(struct db_session *session, struct record_walk *walk,
                             struct arena *arena, struct treadle_error *error);

/* The length of a part's contents. TREADLE_ENOTFOUND. */
int upload_record_part_bytes(struct db_session *session, const char *part_id, int64_t *out,
                             struct treadle_error *error);

/* Deletes the rows of the parts, and notes the removal of their blobs. */
int upload_record_remove_parts(struct db_session *session, const char *upload_id,
                               struct treadle_error *error);

/* The pending upload with the earliest expiry, at `at` or before; NULL when there is none. */
int upload_record_next_due(struct db_session *session, int64_t at, struct arena *arena,
                           const char **out, struct treadle_error *error);

#endif
