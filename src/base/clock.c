/*
 * Clock: thin names over clock_gettime, which cannot fail for these clocks.
 */
#include "base/clock.h"

#include <time.h>
#include <unistd.h>

enum { LONGEST_REST_US = 100000 };

static struct timespec now(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return time;
}

int64_t clock_seconds(void)
{
    return now(CLOCK_REALTIME).tv_sec;
}

int64_t clock_milliseconds(void)
{
    struct timespec time = now(CLOCK_REALTIME);
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

int64_t clock_monotonic_us(void)
{
    struct timespec time = now(CLOCK_MONOTONIC);
    return (int64_t)time.tv_sec * 1000000 + time.tv_nsec / 1000;
}

void clock_rest(int64_t start)
{
    int64_t taken = clock_monotonic_us() - start;
    usleep((useconds_t)(taken < LONGEST_REST_US ? taken : LONGEST_REST_US));
}
