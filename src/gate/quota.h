/*
 * Quotas: a token bucket in one number.
 */
#ifndef GATE_QUOTA_H
#define GATE_QUOTA_H

#include <stdatomic.h>
#include <stdbool.h>

#include "gate/gate.h"

/* Takes one of `limit` requests a minute from the bucket that is full at *full_at, at the time
 * `now`. False, and nothing taken, when none is left. Safe from any thread, without a lock. */
bool quota_take(_Atomic int64_t *full_at, int64_t limit, int64_t now, struct gate_quota *out);

#endif
