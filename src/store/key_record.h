/*
 * API keys as rows: the object, which never has the key itself, and the key's hash.
 */
#ifndef STORE_KEY_RECORD_H
#define STORE_KEY_RECORD_H

#include "base/arena.h"
#include "store/db.h"
#include "store/record_page.h"
#include "treadle/objects.h"

int key_record_insert(struct db_session *session, const struct treadle_key *key, const char *hash,
                      struct arena *arena, struct treadle_error *error);

/* TREADLE_ENOTFOUND. */
int key_record_load(struct db_session *session, const char *id, struct arena *arena,
                    struct treadle_key *out, struct treadle_error *error);
int key_record_save(struct db_session *session, const struct treadle_key *key, struct arena *arena,
                    struct treadle_error *error);

/* Keys of all projects. */
int key_record_page(struct db_session *session, const struct record_page_request *request,
                    struct arena *arena, struct record_page *out, struct treadle_error *error);

/* Called with each key; a result other than 0 ends the walk, and key_record_each returns it. The
 * key is valid until it returns. */
typedef int (*key_record_visit)(void *context, const struct treadle_key *key, const char *hash,
                                struct treadle_error *error);

/* All keys, the oldest first. */
int key_record_each(struct db_session *session, key_record_visit visit, void *context,
                    struct treadle_error *error);

int key_record_remove(struct db_session *session, const char *id, struct treadle_error *error);

#endif
