/*
 * Contents in rows: their owners. Contents are blobs under the id of a file or of a part of an
 * upload.
 */
#ifndef STORE_CONTENTS_RECORD_H
#define STORE_CONTENTS_RECORD_H

#include <stdbool.h>

#include "store/db.h"

/* Whether a file or a part has that id. `leaving`: or one that is being removed, whose contents are
 * still there. */
int contents_record_known(struct db_session *session, const char *id, bool leaving, bool *out,
                          struct treadle_error *error);

#endif
