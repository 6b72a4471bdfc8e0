/*
 * Gate: who sends a request, for which project, and how often.
 *
 * A project is a name, which the rows of its objects carry; there is nothing else to it. A caller
 * that needs no key (the server does not require them, or the request came through the owner's
 * socket) acts in the project that it names, "default" without one. A caller with a key acts in the
 * key's project and in no other.
 *
 * The keys are held in memory, since checking a request must not wait for the database. One process
 * serves a store, so it makes all changes of keys itself.
 *
 * A key is "sk-treadle-", 16 hexadecimal digits by which it is looked up, "-", and 64 more that are
 * secret. Only the SHA-256 of the whole is stored. A slow hash, as for passwords, is not needed: it
 * makes guessing costly, and 256 random bits cannot be guessed at any cost.
 */
#ifndef GATE_GATE_H
#define GATE_GATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/ident.h"
#include "store/db.h"
#include "treadle/objects.h"

#define GATE_DEFAULT_PROJECT "default"

enum { GATE_PROJECT_LENGTH = 64 };

struct gate;
struct gate_key;

struct gate_options {
    struct db *db;
    bool require_keys;
    int64_t requests_per_minute; /* of each key; 0: no limit */
};

/* Reads the keys of the store. */
int gate_open(struct gate **out, const struct gate_options *options, struct treadle_error *error);

/* Notes when keys were used last. Accepts NULL. */
void gate_close(struct gate *gate);

/* Whether there is a key that is neither revoked nor expired. */
bool gate_has_keys(struct gate *gate);

/* ---- Requests ------------------------------------------------------------------------------- */

struct gate_claim {
    bool owner;                /* it came through the owner's socket */
    const char *authorization; /* the header, or NULL */
    const char *api_key;       /* a key that came in a header of its own, and wins; or NULL */
    const char *project;       /* that the request names, or NULL */
};

struct gate_caller {
    char project[GATE_PROJECT_LENGTH + 1];
    bool owner;              /* may manage the store: through the socket, or with an admin key */
    char key_id[IDENT_SIZE]; /* for the log; empty without a key */
    struct gate_key *key;    /* NULL without one; only while the request is read and handled */
};

/* Whether a project may have that name; and the error of the protocol where it may not. */
bool gate_is_project(const char *name);
int gate_refuse_project(const char *name, struct treadle_error *error);

/* Never blocks. Failures are errors of the protocol: 401, or 400 for an invalid name of a
 * project. */
int gate_identify(struct gate *gate, const struct gate_claim *claim, struct gate_caller *out,
                  struct treadle_error *error);

/* Refuses a caller that may not manage the store, with 403. */
int gate_check_owner(const struct gate_caller *caller, struct treadle_error *error);

/* The requests that a key has left, as a bucket that fills steadily. Times in microseconds. */
struct gate_quota {
    int64_t limit; /* 0: there is no limit, and the rest is not set */
    int64_t remaining;
    int64_t reset; /* until the bucket is full again */
    int64_t wait;  /* until a refused request would be admitted */
};

/* Takes one request from the caller's quota; `out` is set in every case. 429 when none is left.
 * Never blocks. */
int gate_admit(struct gate *gate, const struct gate_caller *caller, struct gate_quota *out,
               struct treadle_error *error);

/* Stores, once a minute at most, that the caller's key was used. May block. */
void gate_note(struct gate *gate, const struct gate_caller *caller);

/* Whether gate_note would write now. */
bool gate_notes(const struct gate_caller *caller);

/* ---- Keys ----------------------------------------------------------------------------------- */

/* A new key: sets id and text. `hash` becomes what its row stores beside the object. */
int gate_make_key(struct arena *arena, struct treadle_key *out, const char **hash,
                  struct treadle_error *error);

/* Adds a key whose row was written to the keyring. */
int gate_add_key(struct gate *gate, const struct treadle_key *key, const char *hash,
                 struct treadle_error *error);

/* Refuses a key from now on. */
void gate_revoke_key(struct gate *gate, const char *id);

/* An error of the protocol when the store has too many working keys for another. */
int gate_check_room(struct gate *gate, struct treadle_error *error);

/* Deletes the rows of keys that ceased to work a month ago; of others too where more than 10,000
 * have since, the longest dead first. */
int gate_remove_dead(struct gate *gate, struct db_session *session, struct treadle_error *error);

/* Removes those whose rows were deleted from the keyring: to be called once that is committed. */
void gate_forget_dead(struct gate *gate);

#endif
