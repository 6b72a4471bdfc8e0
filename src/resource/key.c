/*
 * Keys: create, list, revoke. For the owner of the store alone, and across projects.
 *
 * The row comes first and the keyring follows it, so a key that was shown is never lost, and one
 * that is refused stays refused.
 */
#include "resource/handlers.h"

#include "base/clock.h"
#include "base/error.h"
#include "resource/call.h"
#include "store/key_record.h"

/* What creating a key passes on from before its transaction to after it. */
struct made_key {
    struct treadle_key key;
    const char *hash;
};

static int insert(struct db_session *session, struct resource_call *call,
                  struct treadle_error *error)
{
    const struct made_key *made = call->state;
    int rc = gate_remove_dead(call->services->gate, session, error);
    return rc ? rc : key_record_insert(session, &made->key, made->hash, call->arena, error);
}

static int check_expiry(const struct treadle_key_create_request *request, int64_t now,
                        struct treadle_error *error)
{
    if (request->expires_at.state != TREADLE_SET || request->expires_at.value > now)
        return 0;
    return error_set_request(error, "invalid_value", "expires_at",
                             "Invalid 'expires_at': a key cannot expire in the past.");
}

static struct resource_plan finish_create(struct resource_call *call, int rc,
                                          struct treadle_error *error)
{
    const struct made_key *made = call->state;
    if (!rc)
        rc = gate_add_key(call->services->gate, &made->key, made->hash, error);
    if (!rc)
        gate_forget_dead(call->services->gate);
    if (!rc)
        rc = resource_reply(call, &treadle_key_type, &made->key, error);
    return resource_answer(rc);
}

struct resource_plan key_create(struct resource_call *call, struct treadle_error *error)
{
    const struct treadle_key_create_request *request = call->body;
    struct made_key *made = arena_alloc(call->arena, sizeof *made);
    if (!made)
        return resource_answer(error_set_memory(error));
    *made = (struct made_key){
        .key = {.created_at = clock_seconds(),
                .project = request->project,
                .name = request->name,
                .admin = request->admin.state == TREADLE_SET && request->admin.value,
                .expires_at = request->expires_at}};
    int rc = check_expiry(request, made->key.created_at, error);
    if (!rc)
        rc = gate_check_room(call->services->gate, error);
    if (!rc)
        rc = gate_make_key(call->arena, &made->key, &made->hash, error);
    if (rc)
        return resource_answer(rc);
    call->state = made;
    return resource_write(insert, finish_create);
}

int key_list(struct db_session *session, struct resource_call *call, struct treadle_error *error)
{
    struct record_page page;
    int rc = key_record_page(session, &call->query.page, call->arena, &page, error);
    return rc ? rc : resource_reply_page(call, &page, error);
}

static int revoke(struct db_session *session, struct resource_call *call,
                  struct treadle_error *error)
{
    const char *id = call->arguments[0];
    struct treadle_key key;
    int rc = key_record_load(session, id, call->arena, &key, error);
    if (rc)
        return resource_not_found(rc, "key", id, error);
    if (key.revoked_at.state != TREADLE_SET)
        key.revoked_at = (struct treadle_integer){TREADLE_SET, clock_seconds()};
    rc = key_record_save(session, &key, call->arena, error);
    return rc ? rc : resource_reply(call, &treadle_key_type, &key, error);
}

static struct resource_plan finish_revoke(struct resource_call *call, int rc,
                                          struct treadle_error *error)
{
    (void)error;
    if (!rc)
        gate_revoke_key(call->services->gate, call->arguments[0]);
    return resource_answer(rc);
}

struct resource_plan key_revoke(struct resource_call *call, struct treadle_error *error)
{
    (void)call;
    (void)error;
    return resource_write(revoke, finish_revoke);
}
