/*
 * Memory that fails: `left` counts down over all threads; below 1 an allocation fails.
 */
#include "failing_memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "treadle/error.h"

#if defined(__SANITIZE_ADDRESS__)
#define WITH_LEAK_CHECK 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_LEAK_CHECK 1
#endif
#endif
#ifdef WITH_LEAK_CHECK
#include <sanitizer/lsan_interface.h>
#endif

static atomic_bool armed, failed;
static atomic_long left;
static atomic_int kind;

static bool fails(void)
{
    if (!atomic_load(&armed))
        return false;
    long before = atomic_fetch_sub(&left, 1);
    if (before > 1 || (before < 1 && atomic_load(&kind) == MEMORY_ONCE))
        return false;
    atomic_store(&failed, true);
    return true;
}

/* ---- The rooms ------------------------------------------------------------------------------ */

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void *__real_reallocarray(void *memory, size_t count, size_t size);
void *__wrap_reallocarray(void *memory, size_t count, size_t size);
char *__real_strdup(const char *text);
char *__wrap_strdup(const char *text);
char *__real_strndup(const char *text, size_t length);
char *__wrap_strndup(const char *text, size_t length);
void *__real_arena_alloc(struct arena *arena, size_t size);
void *__wrap_arena_alloc(struct arena *arena, size_t size);
void *__real_arena_array(struct arena *arena, size_t count, size_t size);
void *__wrap_arena_array(struct arena *arena, size_t count, size_t size);
char *__real_arena_copy(struct arena *arena, const void *bytes, size_t length);
char *__wrap_arena_copy(struct arena *arena, const void *bytes, size_t length);
char *__real_arena_string(struct arena *arena, const char *text);
char *__wrap_arena_string(struct arena *arena, const char *text);

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    return fails() ? NULL : __real_realloc(memory, size);
}

void *__wrap_reallocarray(void *memory, size_t count, size_t size)
{
    return fails() ? NULL : __real_reallocarray(memory, count, size);
}

char *__wrap_strdup(const char *text)
{
    return fails() ? NULL : __real_strdup(text);
}

char *__wrap_strndup(const char *text, size_t length)
{
    return fails() ? NULL : __real_strndup(text, length);
}

void *__wrap_arena_alloc(struct arena *arena, size_t size)
{
    return fails() ? NULL : __real_arena_alloc(arena, size);
}

void *__wrap_arena_array(struct arena *arena, size_t count, size_t size)
{
    return fails() ? NULL : __real_arena_array(arena, count, size);
}

char *__wrap_arena_copy(struct arena *arena, const void *bytes, size_t length)
{
    return fails() ? NULL : __real_arena_copy(arena, bytes, length);
}

char *__wrap_arena_string(struct arena *arena, const char *text)
{
    return text && fails() ? NULL : __real_arena_string(arena, text);
}

/* ---- Libraries ------------------------------------------------------------------------------ */

static sqlite3_mem_methods sqlite_memory;

static void *sqlite_malloc(int size)
{
    return fails() ? NULL : sqlite_memory.xMalloc(size);
}

static void *sqlite_realloc(void *memory, int size)
{
    return fails() ? NULL : sqlite_memory.xRealloc(memory, size);
}

void memory_prepare(void)
{
    sqlite3_mem_methods methods;
    sqlite3_config(SQLITE_CONFIG_GETMALLOC, &sqlite_memory);
    methods = sqlite_memory;
    methods.xMalloc = sqlite_malloc;
    methods.xRealloc = sqlite_realloc;
    sqlite3_config(SQLITE_CONFIG_MALLOC, &methods);
    json_set_alloc_funcs(__wrap_malloc, free);
}

/* ---- Exhausting ----------------------------------------------------------------------------- */

void memory_fail_at(unsigned long n, enum memory_failure how)
{
    atomic_store(&left, (long)n);
    atomic_store(&kind, how);
    atomic_store(&failed, false);
    atomic_store(&armed, true);
}

bool memory_heal(void)
{
    atomic_store(&armed, false);
    return atomic_load(&failed);
}

bool memory_leaks(void)
{
#ifdef WITH_LEAK_CHECK
    return __lsan_do_recoverable_leak_check() != 0;
#else
    return false;
#endif
}

static unsigned report(const char *name, unsigned long n, int how, int rc, int undisturbed)
{
    print_message("%s: without allocation %lu%s it gives %d and not %d\n", name, n,
                  how == MEMORY_ONCE ? "" : " and all later ones", rc, undisturbed);
    return 1;
}

unsigned memory_exhaust(const char *name, int (*attempt)(void *), void (*undo)(void *),
                        void *argument)
{
    int undisturbed = attempt(argument);
    unsigned wrong = 0;
    if (undo)
        undo(argument);
    for (int how = MEMORY_ONCE; how <= MEMORY_FROM_THEN_ON; how++) {
        bool lacked = true;
        unsigned long n = 0;
        while (lacked) {
            n++;
            memory_fail_at(n, (enum memory_failure)how);
            int rc = attempt(argument);
            lacked = memory_heal();
            if (undo)
                undo(argument);
            bool said = lacked && (rc == TREADLE_EMEMORY || rc == TREADLE_ELIMIT);
            if (rc != undisturbed && !said)
                wrong += report(name, n, how, rc, undisturbed);
        }
        print_message("# %s: each of %lu allocations failed\n", name, n - 1);
    }
    return wrong;
}
