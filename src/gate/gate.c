/*
 * Gate: checks claims against the keyring, and writes into the rows of keys when they were used.
 */
#include "gate/gate.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "api/types.h"
#include "base/clock.h"
#include "base/error.h"
#include "gate/keyring.h"
#include "gate/quota.h"
#include "store/key_record.h"

enum { NOTE_SECONDS = 60, DAY_SECONDS = 86400, KEPT_SECONDS = 30 * DAY_SECONDS };

struct gate {
    struct db *db;
    bool require_keys;
    int64_t requests_per_minute;
    struct keyring keyring;
};

/* ---- Opening -------------------------------------------------------------------------------- */

static int add_stored(void *context, const struct treadle_key *key, const char *hash,
                      struct treadle_error *error)
{
    struct gate *gate = context;
    return keyring_add(&gate->keyring, key, hash, error);
}

static int load(struct db_session *session, void *context, struct treadle_error *error)
{
    return key_record_each(session, add_stored, context, error);
}

int gate_open(struct gate **out, const struct gate_options *options, struct treadle_error *error)
{
    struct gate *gate = calloc(1, sizeof *gate);
    if (!gate)
        return error_set_memory(error);
    gate->db = options->db;
    gate->require_keys = options->require_keys;
    gate->requests_per_minute = options->requests_per_minute;
    keyring_init(&gate->keyring);
    int rc = db_read(gate->db, load, gate, error);
    if (rc) {
        keyring_clear(&gate->keyring);
        free(gate);
        return rc;
    }
    *out = gate;
    return 0;
}

static bool is_usable(void *context, struct gate_key *key)
{
    (void)context;
    return !keyring_death(key, clock_seconds());
}

bool gate_has_keys(struct gate *gate)
{
    return keyring_any(&gate->keyring, is_usable, NULL);
}

/* ---- Requests ------------------------------------------------------------------------------- */

static int refuse_key(struct treadle_error *error, const char *message)
{
    return error_set_wire(error, 401, "invalid_request_error", "invalid_api_key", NULL, "%s",
                          message);
}

/* What the caller says is his key, or NULL. */
static const char *find_key(const struct gate_claim *claim)
{
    if (claim->api_key && claim->api_key[0])
        return claim->api_key;
    if (!claim->authorization || strncasecmp(claim->authorization, "Bearer ", 7) != 0)
        return NULL;
    const char *text = claim->authorization + 7;
    return text + strspn(text, " ");
}

static int check_key(struct gate *gate, const struct gate_claim *claim, struct gate_key **out,
                     struct treadle_error *error)
{
    const char *text = find_key(claim);
    if (!text)
        return refuse_key(error, "You didn't provide an API key. Provide it in an Authorization "
                                 "header using Bearer auth (Authorization: Bearer YOUR_KEY).");
    struct gate_key *key = keyring_check(&gate->keyring, text);
    if (!key)
        return refuse_key(error, "Incorrect API key provided.");
    if (atomic_load(&key->revoked_at))
        return refuse_key(error, "This API key was revoked.");
    if (keyring_death(key, clock_seconds()))
        return refuse_key(error, "This API key has expired.");
    *out = key;
    return 0;
}

bool gate_is_project(const char *name)
{
    size_t length = strlen(name);
    return length > 0 && length <= GATE_PROJECT_LENGTH &&
           strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-") ==
               length;
}

int gate_refuse_project(const char *name, struct treadle_error *error)
{
    return error_set_request(error, "invalid_project", NULL,
                             "'%.100s' is not the name of a project: expected 1 to %d letters, "
                             "digits, '_', '.' and '-'.",
                             name, GATE_PROJECT_LENGTH);
}

static int choose_project(const struct gate_key *key, const char *sent, const char **out,
                          struct treadle_error *error)
{
    if (sent && !gate_is_project(sent))
        return gate_refuse_project(sent, error);
    if (key && sent && strcmp(key->project, sent) != 0)
        return error_set_wire(error, 401, "invalid_request_error", "mismatched_project", NULL,
                              "OpenAI-Project header should match project for API key.");
    *out = key ? key->project : sent ? sent : GATE_DEFAULT_PROJECT;
    return 0;
}

int gate_identify(struct gate *gate, const struct gate_claim *claim, struct gate_caller *out,
                  struct treadle_error *error)
{
    struct gate_key *key = NULL;
    const char *project = GATE_DEFAULT_PROJECT;
    int rc = 0;
    if (gate->require_keys && !claim->owner)
        rc = check_key(gate, claim, &key, error);
    if (!rc)
        rc = choose_project(key, claim->project, &project, error);
    if (rc)
        return rc;
    *out = (struct gate_caller){.owner = claim->owner || (key && key->admin), .key = key};
    strcpy(out->project, project);
    if (key) {
        strcpy(out->key_id, key->id);
        atomic_store(&key->last_used, clock_seconds());
    }
    return 0;
}

int gate_check_owner(const struct gate_caller *caller, struct treadle_error *error)
{
    if (caller->owner)
        return 0;
    return error_set_wire(error, 403, "invalid_request_error", "insufficient_permissions", NULL,
                          "Only the owner of the store may do this: through the 'treadle' command "
                          "on the server's machine, or with an admin key.");
}

int gate_admit(struct gate *gate, const struct gate_caller *caller, struct gate_quota *out,
               struct treadle_error *error)
{
    *out = (struct gate_quota){.limit = 0};
    int64_t limit = gate->requests_per_minute;
    if (!limit || !caller->key ||
        quota_take(&caller->key->full_at, limit, clock_monotonic_us(), out))
        return 0;
    return error_set_wire(error, 429, "requests", "rate_limit_exceeded", NULL,
                          "Rate limit reached for requests: %lld a minute with this key. Try "
                          "again in %lld seconds.",
                          (long long)limit, (long long)(out->wait / 1000000 + 1));
}

/* ---- Last use ------------------------------------------------------------------------------- */

static int write_use(struct db_session *session, struct gate_key *key, struct treadle_error *error)
{
    struct treadle_key object;
    struct arena *arena = arena_new(0);
    if (!arena)
        return error_set_memory(error);
    int rc = key_record_load(session, key->id, arena, &object, error);
    if (!rc) {
        object.last_used_at = (struct treadle_integer){TREADLE_SET, atomic_load(&key->last_used)};
        rc = key_record_save(session, &object, arena, error);
    }
    arena_free(arena);
    return rc;
}

static int write_one(struct db_session *session, void *context, struct treadle_error *error)
{
    return write_use(session, context, error);
}

bool gate_notes(const struct gate_caller *caller)
{
    return caller->key && clock_seconds() - atomic_load(&caller->key->noted) >= NOTE_SECONDS;
}

void gate_note(struct gate *gate, const struct gate_caller *caller)
{
    struct gate_key *key = caller->key;
    struct treadle_error ignored;
    if (!gate_notes(caller))
        return;
    int64_t noted = atomic_load(&key->noted), now = clock_seconds();
    /* One thread wins; if its write fails, the one of the next minute tries again. */
    if (now - noted >= NOTE_SECONDS && atomic_compare_exchange_strong(&key->noted, &noted, now))
        db_write(gate->db, write_one, key, &ignored);
}

struct notes {
    struct db_session *session;
    struct treadle_error *error;
    int rc;
};

static bool write_unnoted(void *context, struct gate_key *key)
{
    struct notes *notes = context;
    if (atomic_load(&key->last_used) > atomic_load(&key->noted))
        notes->rc = write_use(notes->session, key, notes->error);
    return notes->rc != 0;
}

static bool is_unnoted(void *context, struct gate_key *key)
{
    (void)context;
    return atomic_load(&key->last_used) > atomic_load(&key->noted);
}

static int write_all(struct db_session *session, void *context, struct treadle_error *error)
{
    struct gate *gate = context;
    struct notes notes = {session, error, 0};
    keyring_any(&gate->keyring, write_unnoted, &notes);
    return notes.rc;
}

void gate_close(struct gate *gate)
{
    struct treadle_error ignored;
    if (!gate)
        return;
    if (keyring_any(&gate->keyring, is_unnoted, NULL))
        db_write(gate->db, write_all, gate, &ignored);
    keyring_clear(&gate->keyring);
    free(gate);
}

/* ---- Keys ----------------------------------------------------------------------------------- */

int gate_make_key(struct arena *arena, struct treadle_key *out, const char **hash,
                  struct treadle_error *error)
{
    char id[IDENT_SIZE], text[KEYRING_TEXT + 1], digits[2 * KEYRING_HASH + 1];
    keyring_make(id, text, digits);
    out->id = arena_string(arena, id);
    out->key = arena_string(arena, text);
    *hash = arena_string(arena, digits);
    return out->id && out->key && *hash ? 0 : error_set_memory(error);
}

int gate_add_key(struct gate *gate, const struct treadle_key *key, const char *hash,
                 struct treadle_error *error)
{
    return keyring_add(&gate->keyring, key, hash, error);
}

void gate_revoke_key(struct gate *gate, const char *id)
{
    struct gate_key *key = keyring_find(&gate->keyring, id);
    int64_t never = 0;
    if (key)
        atomic_compare_exchange_strong(&key->revoked_at, &never, clock_seconds());
}

/* ---- Old keys ------------------------------------------------------------------------------- */

struct survey {
    int64_t now, since;
    size_t working, kept; /* dead ones: those that ceased to work after `since` */
};

static bool count_key(void *context, struct gate_key *key)
{
    struct survey *survey = context;
    int64_t death = keyring_death(key, survey->now);
    survey->working += !death;
    survey->kept += death > survey->since;
    return false;
}

int gate_check_room(struct gate *gate, struct treadle_error *error)
{
    struct survey survey = {.now = clock_seconds()};
    keyring_any(&gate->keyring, count_key, &survey);
    if (survey.working < KEYRING_MOST)
        return 0;
    return error_set_request(error, NULL, NULL,
                             "The store holds %d keys that work, which is the most.", KEYRING_MOST);
}

/* Keys that ceased to work before that time are deleted: a month ago, or later where very many have
 * ceased since. */
static int64_t last_to_go(struct gate *gate, int64_t now)
{
    struct survey survey = {.now = now, .since = now - KEPT_SECONDS};
    for (;; survey.since += DAY_SECONDS) {
        survey.kept = 0;
        keyring_any(&gate->keyring, count_key, &survey);
        if (survey.kept <= KEYRING_MOST || survey.since >= now)
            return survey.since;
    }
}

struct removal {
    struct db_session *session;
    struct treadle_error *error;
    int64_t now, until;
    int rc;
};

static bool remove_dead(void *context, struct gate_key *key)
{
    struct removal *removal = context;
    int64_t death = keyring_death(key, removal->now);
    if (!death || death > removal->until)
        return false;
    removal->rc = key_record_remove(removal->session, key->id, removal->error);
    if (!removal->rc)
        atomic_store(&key->doomed, true);
    return removal->rc != 0;
}

int gate_remove_dead(struct gate *gate, struct db_session *session, struct treadle_error *error)
{
    struct removal removal = {session, error, clock_seconds(), 0, 0};
    removal.until = last_to_go(gate, removal.now);
    keyring_any(&gate->keyring, remove_dead, &removal);
    return removal.rc;
}

void gate_forget_dead(struct gate *gate)
{
    keyring_forget(&gate->keyring, clock_seconds());
}
