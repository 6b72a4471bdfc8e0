/*
 * Memory that fails: the n-th allocation, alone or with all that follow.
 *
 * Programs that link failing_memory.c with the linker's --wrap (see meson.build) have every
 * allocation of the rooms counted, those within an arena too, and those of SQLite and jansson.
 * Other libraries always get memory; tests/fault has the whole server without it.
 */
#ifndef TESTS_UNIT_FAILING_MEMORY_H
#define TESTS_UNIT_FAILING_MEMORY_H

#include <stdbool.h>

enum memory_failure { MEMORY_ONCE, MEMORY_FROM_THEN_ON };

/* Before anything else: hands SQLite and jansson an allocator that can fail. */
void memory_prepare(void);

/* From now on the n-th allocation (from 1) fails, on whatever thread it is. */
void memory_fail_at(unsigned long n, enum memory_failure kind);

/* Ends that. True when an allocation failed. */
bool memory_heal(void);

/* True when something is lost. Needs AddressSanitizer, without it always false. */
bool memory_leaks(void);

/* Repeats the attempt, with each of its allocations failing in turn, until one is made in which
 * none fails. `undo`, which may be NULL, is called after each, with memory whole again. Gives how
 * many attempts ended neither like the undisturbed one nor, lacking memory, with TREADLE_EMEMORY or
 * TREADLE_ELIMIT (a buffer that failed does not say which), and prints them under `name`. */
unsigned memory_exhaust(const char *name, int (*attempt)(void *), void (*undo)(void *),
                        void *argument);

#endif
