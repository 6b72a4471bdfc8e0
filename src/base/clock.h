/*
 * Clock: the wall clock for the protocol's times, the monotonic clock for durations.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

int64_t clock_seconds(void);      /* Unix time in whole seconds */
int64_t clock_milliseconds(void); /* Unix time in milliseconds */
int64_t clock_monotonic_us(void); /* microseconds since an arbitrary start */

/* Sleeps as long as has passed since `start` (of the monotonic clock), a tenth of a second at most:
 * work in slices that pauses so takes half of the time and lets others pass. */
void clock_rest(int64_t start);

#endif
