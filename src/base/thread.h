/*
 * Threads that get no signals: signals are for the program's own threads.
 */
#ifndef BASE_THREAD_H
#define BASE_THREAD_H

#include <pthread.h>
#include <stddef.h>

/* Starts up to `count` threads that run the same, all signals blocked, and returns how many there
 * are: fewer when the system has no more. */
size_t thread_start(pthread_t *threads, size_t count, void *(*run)(void *), void *argument);

#endif
