/*
 * The file through which a test steers a program that it runs, mapped by both (fault.mjs).
 */
#ifndef TESTS_FAULT_CONTROL_H
#define TESTS_FAULT_CONTROL_H

#include <stdatomic.h>
#include <stdint.h>

/* How allocations are chosen; the meaning of `a` and `b`. */
enum fault_kind {
    FAULT_NONE,
    FAULT_RANDOM, /* one in `a` */
    FAULT_ONCE,   /* number `a` alone */
    FAULT_BURST,  /* number `a` and all up to number `b` */
    FAULT_LARGE,  /* one in `a` of those of at least `b` bytes */
};

/* A test writes `kind` last. */
struct fault_control {
    _Atomic uint64_t kind, seed, a, b;
    _Atomic uint64_t count, refused; /* allocations since `kind` was written */
    _Atomic uint64_t clock_seconds;  /* a signed number, added to the time of day */
};

extern struct fault_control *fault_control; /* NULL: nothing is steered */

#endif
