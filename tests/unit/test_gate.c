/*
 * The gate: keys that are right, wrong, revoked and expired; projects; quotas.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <string.h>

#include "api/types.h"
#include "base/clock.h"
#include "db_fixture.h"
#include "gate/gate.h"
#include "gate/keyring.h"
#include "gate/quota.h"
#include "store/record.h"
#include "store/schema.h"

struct place {
    struct fixture fixture;
    struct db *db;
    struct gate *gate;
    struct arena *arena;
};

static void open_place(struct place *place, bool require_keys, int64_t limit)
{
    struct treadle_error error = {0};
    if (!place->db && db_open_sqlite(&place->db, place->fixture.path, schema_migrations, &error))
        fail_msg("%s", error.message);
    const struct gate_options options = {place->db, require_keys, limit};
    if (gate_open(&place->gate, &options, &error))
        fail_msg("%s", error.message);
}

static int set_up(void **state)
{
    struct place *place = calloc(1, sizeof *place);
    *state = place;
    place->arena = arena_new(0);
    return fixture_make(&place->fixture);
}

static int tear_down(void **state)
{
    struct place *place = *state;
    gate_close(place->gate);
    db_close(place->db);
    arena_free(place->arena);
    int rc = fixture_remove(&place->fixture);
    free(place);
    return rc;
}

struct new_key {
    struct treadle_key key;
    const char *hash;
    struct arena *arena;
};

static int insert_key(struct db_session *session, void *context, struct treadle_error *error)
{
    const struct new_key *made = context;
    struct treadle_key kept = made->key;
    kept.key = NULL;
    const struct record_value values[] = {
        {.column = "id", .text = kept.id},
        {.column = "project", .text = kept.project},
        {.column = "hash", .text = made->hash},
        {.column = "body", .text = field_text(&treadle_key_type, &kept, made->arena)},
    };
    return record_insert(session, "keys", values, 4, error);
}

static struct treadle_key make_key(struct place *place, const char *project, int64_t expires,
                                   bool admin)
{
    struct treadle_error error = {0};
    struct new_key made = {.arena = place->arena,
                           .key = {.created_at = 1, .project = project, .admin = admin}};
    if (expires)
        made.key.expires_at = (struct treadle_integer){TREADLE_SET, expires};
    assert_int_equal(gate_make_key(place->arena, &made.key, &made.hash, &error), 0);
    assert_int_equal(db_write(place->db, insert_key, &made, &error), 0);
    assert_int_equal(gate_add_key(place->gate, &made.key, made.hash, &error), 0);
    return made.key;
}

/* The status of the refusal, 0 when the caller is let in. */
static int identify(struct place *place, const char *authorization, const char *project,
                    struct gate_caller *out)
{
    struct treadle_error error = {0};
    const struct gate_claim claim = {.authorization = authorization, .project = project};
    int rc = gate_identify(place->gate, &claim, out, &error);
    if (rc && authorization && strlen(authorization) > 20)
        assert_null(strstr(error.message, authorization + 8));
    return rc ? error.http_status : 0;
}

static const char *bearer(struct place *place, const char *key)
{
    return arena_format(place->arena, "Bearer %s", key);
}

static void test_keys(void **state)
{
    struct place *place = *state;
    struct gate_caller caller;
    open_place(place, true, 0);
    assert_false(gate_has_keys(place->gate));
    struct treadle_key key = make_key(place, "web", 0, false);
    assert_true(gate_has_keys(place->gate));
    assert_int_equal(strlen(key.key), KEYRING_TEXT);
    assert_int_equal(identify(place, bearer(place, key.key), NULL, &caller), 0);
    assert_string_equal(caller.project, "web");
    assert_string_equal(caller.key_id, key.id);
    assert_false(caller.owner);
    assert_int_equal(
        identify(place, arena_format(place->arena, "bEARER   %s", key.key), NULL, &caller), 0);

    assert_int_equal(identify(place, NULL, NULL, &caller), 401);
    assert_int_equal(identify(place, "", NULL, &caller), 401);
    assert_int_equal(identify(place, "Bearer", NULL, &caller), 401);
    assert_int_equal(identify(place, "Bearer ", NULL, &caller), 401);
    assert_int_equal(
        identify(place, arena_format(place->arena, "Basic %s", key.key), NULL, &caller), 401);
    assert_int_equal(
        identify(place, arena_format(place->arena, "Bearer %s0", key.key), NULL, &caller), 401);
    /* Each character counts: the prefix, the public part, the dash, the secret. */
    for (size_t i = 0; i < KEYRING_TEXT; i++) {
        char *other = arena_string(place->arena, key.key);
        other[i] = other[i] == '0' ? '1' : '0';
        assert_int_equal(identify(place, bearer(place, other), NULL, &caller), 401);
        other[i] = '\0';
        assert_int_equal(identify(place, bearer(place, other), NULL, &caller), 401);
    }
}

static void test_end_of_keys(void **state)
{
    struct place *place = *state;
    struct gate_caller caller;
    open_place(place, true, 0);
    struct treadle_key old = make_key(place, "web", clock_seconds() - 1, false);
    assert_false(gate_has_keys(place->gate));
    assert_int_equal(identify(place, bearer(place, old.key), NULL, &caller), 401);
    struct treadle_key key = make_key(place, "web", clock_seconds() + 60, false);
    assert_int_equal(identify(place, bearer(place, key.key), NULL, &caller), 0);
    gate_revoke_key(place->gate, key.id);
    assert_int_equal(identify(place, bearer(place, key.key), NULL, &caller), 401);
    gate_revoke_key(place->gate, "key_unknown");
    assert_false(gate_has_keys(place->gate));
}

static void test_projects(void **state)
{
    struct place *place = *state;
    struct gate_caller caller;
    open_place(place, true, 0);
    struct treadle_key key = make_key(place, "web", 0, false);
    const char *right = bearer(place, key.key);
    assert_int_equal(identify(place, right, "web", &caller), 0);
    assert_int_equal(identify(place, right, "other", &caller), 401);
    assert_int_equal(identify(place, right, "no name", &caller), 400);
    assert_int_equal(identify(place, right, "", &caller), 400);
    gate_close(place->gate);

    open_place(place, false, 0);
    assert_int_equal(identify(place, NULL, NULL, &caller), 0);
    assert_string_equal(caller.project, "default");
    assert_string_equal(caller.key_id, "");
    assert_int_equal(identify(place, "Bearer anything", "other", &caller), 0);
    assert_string_equal(caller.project, "other");
    char longest[GATE_PROJECT_LENGTH + 2];
    memset(longest, 'p', sizeof longest);
    longest[GATE_PROJECT_LENGTH + 1] = '\0';
    assert_int_equal(identify(place, NULL, longest, &caller), 400);
    longest[GATE_PROJECT_LENGTH] = '\0';
    assert_int_equal(identify(place, NULL, longest, &caller), 0);
    assert_string_equal(caller.project, longest);
}

static void test_owners(void **state)
{
    struct place *place = *state;
    struct treadle_error error = {0};
    struct gate_caller caller;
    open_place(place, true, 1);
    struct treadle_key admin = make_key(place, "web", 0, true);
    struct treadle_key plain = make_key(place, "web", 0, false);
    assert_int_equal(identify(place, bearer(place, admin.key), NULL, &caller), 0);
    assert_int_equal(gate_check_owner(&caller, &error), 0);
    assert_int_equal(identify(place, bearer(place, plain.key), NULL, &caller), 0);
    assert_int_not_equal(gate_check_owner(&caller, &error), 0);
    assert_int_equal(error.http_status, 403);

    const struct gate_claim owner = {.owner = true};
    struct gate_quota quota;
    assert_int_equal(gate_identify(place->gate, &owner, &caller, &error), 0);
    assert_int_equal(gate_check_owner(&caller, &error), 0);
    for (int i = 0; i < 10; i++)
        assert_int_equal(gate_admit(place->gate, &caller, &quota, &error), 0);
}

/* What was made is known again after a start. */
static void test_restart(void **state)
{
    struct place *place = *state;
    struct gate_caller caller;
    open_place(place, true, 0);
    struct treadle_key key = make_key(place, "web", 0, false);
    assert_int_equal(identify(place, bearer(place, key.key), NULL, &caller), 0);
    gate_note(place->gate, &caller);
    assert_int_equal(identify(place, bearer(place, key.key), NULL, &caller), 0);
    gate_close(place->gate);
    open_place(place, true, 0);
    assert_true(gate_has_keys(place->gate));
    assert_int_equal(identify(place, bearer(place, key.key), "web", &caller), 0);
    assert_string_equal(caller.key_id, key.id);
}

static int read_use(struct db_session *session, void *context, struct treadle_error *error)
{
    struct new_key *found = context;
    const struct record_key keys[] = {{"id", found->key.id}};
    return record_load(session, "keys", &treadle_key_type, keys, 1, found->arena, &found->key,
                       error);
}

static void test_last_use(void **state)
{
    struct place *place = *state;
    struct treadle_error error = {0};
    struct gate_caller caller;
    open_place(place, true, 0);
    struct new_key found = {.arena = place->arena, .key = make_key(place, "web", 0, false)};
    const char *text = found.key.key;
    assert_int_equal(db_read(place->db, read_use, &found, &error), 0);
    assert_int_not_equal(found.key.last_used_at.state, TREADLE_SET);
    assert_null(found.key.key);
    int64_t before = clock_seconds();
    assert_int_equal(identify(place, bearer(place, text), NULL, &caller), 0);
    gate_note(place->gate, &caller);
    assert_int_equal(db_read(place->db, read_use, &found, &error), 0);
    assert_int_equal(found.key.last_used_at.state, TREADLE_SET);
    assert_true(found.key.last_used_at.value >= before);
}

static void test_quota(void **state)
{
    (void)state;
    _Atomic int64_t full_at = 0;
    struct gate_quota quota;
    int64_t now = 1000000000;
    for (int i = 0; i < 6; i++) {
        assert_true(quota_take(&full_at, 6, now, &quota));
        assert_int_equal(quota.remaining, 5 - i);
        assert_int_equal(quota.limit, 6);
        assert_int_equal(quota.reset, (i + 1) * 10000000);
        assert_int_equal(quota.wait, 0);
    }
    assert_false(quota_take(&full_at, 6, now, &quota));
    assert_int_equal(quota.remaining, 0);
    assert_int_equal(quota.wait, 10000000);
    assert_false(quota_take(&full_at, 6, now + 9999999, &quota));
    assert_int_equal(quota.wait, 1);
    assert_true(quota_take(&full_at, 6, now + 10000000, &quota));
    assert_false(quota_take(&full_at, 6, now + 10000000, &quota));
    /* An hour's rest fills the bucket, and no more than that. */
    now += 3600000000;
    for (int i = 0; i < 6; i++)
        assert_true(quota_take(&full_at, 6, now, &quota));
    assert_false(quota_take(&full_at, 6, now, &quota));
}

struct takers {
    _Atomic int64_t full_at;
    atomic_int taken;
};

static void *take_many(void *context)
{
    struct takers *takers = context;
    struct gate_quota quota;
    for (int i = 0; i < 10000; i++)
        atomic_fetch_add(&takers->taken, quota_take(&takers->full_at, 5000, 1000, &quota));
    return NULL;
}

static void test_quota_of_many_threads(void **state)
{
    (void)state;
    struct takers takers = {0};
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, take_many, &takers), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&takers.taken), 5000);
}

static void test_refusal(void **state)
{
    struct place *place = *state;
    struct treadle_error error = {0};
    struct gate_caller one, two;
    struct gate_quota quota;
    open_place(place, true, 1);
    struct treadle_key first = make_key(place, "a", 0, false);
    struct treadle_key second = make_key(place, "a", 0, false);
    assert_int_equal(identify(place, bearer(place, first.key), NULL, &one), 0);
    assert_int_equal(identify(place, bearer(place, second.key), NULL, &two), 0);
    assert_int_equal(gate_admit(place->gate, &one, &quota, &error), 0);
    assert_int_not_equal(gate_admit(place->gate, &one, &quota, &error), 0);
    assert_int_equal(error.http_status, 429);
    assert_string_equal(error.wire_code, "rate_limit_exceeded");
    assert_true(quota.wait > 50000000 && quota.wait <= 60000000);
    assert_int_equal(gate_admit(place->gate, &two, &quota, &error), 0);
}

/* Rows as a year of making and revoking leaves them. */
static int insert_many(struct db_session *session, void *context, struct treadle_error *error)
{
    (void)context;
    for (int i = 0; i < KEYRING_MOST + 10; i++) {
        struct new_key made = {.arena = arena_new(0)};
        made.key = (struct treadle_key){.created_at = 1, .project = "old"};
        int64_t death = i % 2 ? clock_seconds() - (int64_t)86400 * 31 : clock_seconds() - 5;
        if (i % 3)
            made.key.expires_at = (struct treadle_integer){TREADLE_SET, death};
        else
            made.key.revoked_at = (struct treadle_integer){TREADLE_SET, death};
        int rc = gate_make_key(made.arena, &made.key, &made.hash, error);
        if (!rc)
            rc = insert_key(session, &made, error);
        arena_free(made.arena);
        if (rc)
            return rc;
    }
    return 0;
}

static int count_rows(struct db_session *session, void *context, struct treadle_error *error)
{
    struct db_statement *statement;
    int rc = db_prepare(session, &statement, "SELECT count(*) FROM keys", error);
    rc = rc ? rc : db_step(statement, error);
    *(int64_t *)context = rc > 0 ? db_column_integer(statement, 0) : -1;
    return rc > 0 ? 0 : rc;
}

static int remove_dead(struct db_session *session, void *context, struct treadle_error *error)
{
    return gate_remove_dead(context, session, error);
}

/* Only keys that work count, and what died a month ago goes. */
static void test_many_dead_keys(void **state)
{
    struct place *place = *state;
    struct treadle_error error = {0};
    struct gate_caller caller;
    int64_t rows = 0;
    open_place(place, true, 0);
    struct treadle_key old = make_key(place, "old", clock_seconds() - (int64_t)86400 * 40, false);
    struct treadle_key dead = make_key(place, "old", clock_seconds() - 1, false);
    struct treadle_key alive = make_key(place, "new", 0, false);
    assert_int_equal(db_write(place->db, insert_many, place, &error), 0);
    gate_close(place->gate);
    open_place(place, true, 0);
    assert_int_equal(gate_check_room(place->gate, &error), 0);
    assert_int_equal(identify(place, bearer(place, alive.key), NULL, &caller), 0);
    assert_int_equal(db_write(place->db, remove_dead, place->gate, &error), 0);
    gate_forget_dead(place->gate);
    assert_int_equal(db_read(place->db, count_rows, &rows, &error), 0);
    assert_int_equal(rows, 2 + (KEYRING_MOST + 10) / 2);
    assert_string_equal(caller.key_id, alive.id);
    assert_int_equal(identify(place, bearer(place, alive.key), NULL, &caller), 0);
    assert_int_equal(identify(place, bearer(place, dead.key), NULL, &caller), 401);
    assert_int_equal(identify(place, bearer(place, old.key), NULL, &caller), 401);
}

/* Where very many died lately the longest dead go before their month is over. */
static void test_very_many_dead_keys(void **state)
{
    struct place *place = *state;
    struct treadle_error error = {0};
    int64_t rows = 0;
    open_place(place, true, 0);
    for (int i = 0; i < 2; i++)
        assert_int_equal(db_write(place->db, insert_many, place, &error), 0);
    for (int i = 0; i < 20; i++)
        make_key(place, "old", clock_seconds() - (int64_t)86400 * 3, false);
    gate_close(place->gate);
    open_place(place, true, 0);
    assert_int_equal(db_write(place->db, remove_dead, place->gate, &error), 0);
    gate_forget_dead(place->gate);
    assert_int_equal(db_read(place->db, count_rows, &rows, &error), 0);
    assert_true(rows <= KEYRING_MOST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_keys, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_end_of_keys, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_projects, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_owners, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_restart, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_last_use, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_refusal, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_many_dead_keys, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_very_many_dead_keys, set_up, tear_down),
        cmocka_unit_test(test_quota),
        cmocka_unit_test(test_quota_of_many_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
