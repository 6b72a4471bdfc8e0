/*
 * Quotas.
 *
 * A bucket of `limit` tokens that fills in a minute is described by one number: the moment at which
 * it will be full. Each missing token delays that moment by a minute's `limit`-th part. So taking a
 * token is an addition, which one compare-and-exchange does for all threads.
 */
#include "gate/quota.h"

enum { MINUTE_US = 60000000 };

bool quota_take(_Atomic int64_t *full_at, int64_t limit, int64_t now, struct gate_quota *out)
{
    int64_t token = MINUTE_US / limit > 0 ? MINUTE_US / limit : 1;
    int64_t before = atomic_load(full_at), after;
    bool taken;
    do {
        int64_t missing = before > now ? before - now : 0;
        taken = missing + token <= limit * token;
        after = now + missing + (taken ? token : 0);
        *out = (struct gate_quota){
            .limit = limit,
            .remaining = (limit * token - (after - now)) / token,
            .reset = after - now,
            .wait = taken ? 0 : missing + token - limit * token,
        };
    } while (taken && !atomic_compare_exchange_weak(full_at, &before, after));
    return taken;
}
