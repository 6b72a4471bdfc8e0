/*
 * Threads: a new thread inherits the mask of signals, so they are blocked while it is made.
 */
#include "base/thread.h"

#include <signal.h>

size_t thread_start(pthread_t *threads, size_t count, void *(*run)(void *), void *argument)
{
    sigset_t all, before;
    size_t started = 0;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    while (started < count && pthread_create(&threads[started], NULL, run, argument) == 0)
        started++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started;
}
