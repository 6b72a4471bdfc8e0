/*
 * Threads: a new thread inherits the mask of signals, so they are blocked while it is made. Faults
 * are not: blocked, one would end the process before a sanitizer or a debugger could say where.
 */
#include "base/thread.h"

#include <signal.h>

size_t thread_start(pthread_t *threads, size_t count, void *(*run)(void *), void *argument)
{
    static const int faults[] = {SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGSYS, SIGTRAP};
    sigset_t all, before;
    size_t started = 0;
    sigfillset(&all);
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
        sigdelset(&all, faults[i]);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    while (started < count && pthread_create(&threads[started], NULL, run, argument) == 0)
        started++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started;
}
