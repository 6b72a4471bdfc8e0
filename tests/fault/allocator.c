/*
 * Memory that fails, for a whole program: linked into the server in place of the C library's
 * allocator, so that every allocation of every library passes here, and any may be refused.
 *
 * $TREADLE_FAULT_CONTROL names a file that the program maps and a test writes (fault.mjs), so that
 * refusing begins and ends while the program runs. Which allocations are refused follows from the
 * seed and from their number since it was set. AddressSanitizer does the work when it is there.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "control.h"

struct fault_control *fault_control;

/* Set while AddressSanitizer asks for what it cannot do without. */
static _Thread_local bool exempt;
static int (*real_getattr)(pthread_t thread, pthread_attr_t *attributes);

void *__interceptor_malloc(size_t size);
void *__interceptor_calloc(size_t count, size_t size);
void *__interceptor_realloc(void *memory, size_t size);
void *__interceptor_reallocarray(void *memory, size_t count, size_t size);
void *__interceptor_memalign(size_t alignment, size_t size);
void *__interceptor_aligned_alloc(size_t alignment, size_t size);
int __interceptor_posix_memalign(void **out, size_t alignment, size_t size);
char *__interceptor_strdup(const char *text);
char *__interceptor_strndup(const char *text, size_t length);

__attribute__((constructor)) static void fault_open(void)
{
    const char *path = getenv("TREADLE_FAULT_CONTROL");
    *(void **)&real_getattr = dlsym(RTLD_NEXT, "pthread_getattr_np");
    int descriptor = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (descriptor < 0)
        return;
    void *mapped =
        mmap(NULL, sizeof *fault_control, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    close(descriptor);
    if (mapped != MAP_FAILED)
        fault_control = mapped;
}

static uint64_t mix(uint64_t value)
{
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
    return value ^ (value >> 31);
}

static bool is_chosen(uint64_t kind, size_t size)
{
    uint64_t number = atomic_fetch_add(&fault_control->count, 1) + 1;
    uint64_t a = atomic_load(&fault_control->a), b = atomic_load(&fault_control->b);
    bool drawn =
        a && mix(atomic_load(&fault_control->seed) * 0x9e3779b97f4a7c15u + number) % a == 0;
    switch (kind) {
    case FAULT_RANDOM:
        return drawn;
    case FAULT_ONCE:
        return number == a;
    case FAULT_BURST:
        return number >= a && number <= b;
    case FAULT_LARGE:
        return drawn && size >= b;
    default:
        return false;
    }
}

static bool refuses(size_t size)
{
    uint64_t kind = fault_control && !exempt ? atomic_load(&fault_control->kind) : FAULT_NONE;
    if (kind == FAULT_NONE || !is_chosen(kind, size))
        return false;
    atomic_fetch_add(&fault_control->refused, 1);
    errno = ENOMEM;
    return true;
}

void *malloc(size_t size)
{
    return refuses(size) ? NULL : __interceptor_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return refuses(count * size) ? NULL : __interceptor_calloc(count, size);
}

void *realloc(void *memory, size_t size)
{
    return size && refuses(size) ? NULL : __interceptor_realloc(memory, size);
}

void *reallocarray(void *memory, size_t count, size_t size)
{
    return count && size && refuses(count * size) ? NULL
                                                  : __interceptor_reallocarray(memory, count, size);
}

void *memalign(size_t alignment, size_t size);
void *memalign(size_t alignment, size_t size)
{
    return refuses(size) ? NULL : __interceptor_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return refuses(size) ? NULL : __interceptor_aligned_alloc(alignment, size);
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
    return refuses(size) ? ENOMEM : __interceptor_posix_memalign(out, alignment, size);
}

/* AddressSanitizer calls it as each thread begins, and ends the program when it fails. */
int pthread_getattr_np(pthread_t thread, pthread_attr_t *attributes)
{
    if (!real_getattr)
        *(void **)&real_getattr = dlsym(RTLD_NEXT, "pthread_getattr_np");
    exempt = true;
    int rc = real_getattr(thread, attributes);
    exempt = false;
    return rc;
}

char *strdup(const char *text)
{
    return refuses(strlen(text) + 1) ? NULL : __interceptor_strdup(text);
}

char *strndup(const char *text, size_t length)
{
    return refuses(strnlen(text, length) + 1) ? NULL : __interceptor_strndup(text, length);
}
