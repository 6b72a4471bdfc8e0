/*
 * Pool: a ring of jobs under one mutex. The ring is allocated once, so submitting cannot run out
 * of memory.
 */
#include "base/pool.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/thread.h"

struct job {
    pool_job run;
    void *argument;
};

struct pool {
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    struct job *ring;
    size_t capacity, first, count;
    size_t idle; /* threads that wait */
    bool waking; /* one of them was woken and has not taken a job yet */
    bool stopping;
    size_t thread_count;
    pthread_t threads[];
};

/* Whether to wake a thread for a queued job: not when one was woken already, since it wakes the
 * next one if there is more. So a burst does not wake threads that would find the queue empty,
 * because working threads take one job after the other. The caller that wakes one does so after
 * unlocking, or the thread would wake only to wait for the lock. */
static bool must_wake(struct pool *pool)
{
    if (!pool->count || !pool->idle || pool->waking)
        return false;
    pool->waking = true;
    return true;
}

static void await_job(struct pool *pool)
{
    pool->idle++;
    while (!pool->count && !pool->stopping) {
        pthread_cond_wait(&pool->wake, &pool->mutex);
        pool->waking = false;
    }
    pool->idle--;
}

static void *work(void *argument)
{
    struct pool *pool = argument;
    pthread_mutex_lock(&pool->mutex);
    for (;;) {
        await_job(pool);
        if (!pool->count)
            break;
        struct job job = pool->ring[pool->first];
        pool->first = (pool->first + 1) % pool->capacity;
        pool->count--;
        bool wake = must_wake(pool);
        pthread_mutex_unlock(&pool->mutex);
        if (wake)
            pthread_cond_signal(&pool->wake);
        job.run(job.argument);
        pthread_mutex_lock(&pool->mutex);
    }
    pthread_mutex_unlock(&pool->mutex);
    return NULL;
}

struct pool *pool_new(size_t threads, size_t queue)
{
    struct pool *pool = calloc(1, sizeof *pool + threads * sizeof pool->threads[0]);
    struct job *ring = calloc(queue, sizeof *ring);
    if (!pool || !ring) {
        free(pool);
        free(ring);
        return NULL;
    }
    pool->ring = ring;
    pool->capacity = queue;
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->wake, NULL);
    pool->thread_count = thread_start(pool->threads, threads, work, pool);
    if (pool->thread_count < threads) {
        pool_free(pool);
        return NULL;
    }
    return pool;
}

bool pool_submit(struct pool *pool, pool_job job, void *argument)
{
    pthread_mutex_lock(&pool->mutex);
    bool room = pool->count < pool->capacity && !pool->stopping, wake = false;
    if (room) {
        pool->ring[(pool->first + pool->count) % pool->capacity] = (struct job){job, argument};
        pool->count++;
        wake = must_wake(pool);
    }
    pthread_mutex_unlock(&pool->mutex);
    if (wake)
        pthread_cond_signal(&pool->wake);
    return room;
}

void pool_free(struct pool *pool)
{
    if (!pool)
        return;
    pthread_mutex_lock(&pool->mutex);
    pool->stopping = true;
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->mutex);
    for (size_t i = 0; i < pool->thread_count; i++)
        pthread_join(pool->threads[i], NULL);
    pthread_cond_destroy(&pool->wake);
    pthread_mutex_destroy(&pool->mutex);
    free(pool->ring);
    free(pool);
}

size_t pool_waiting(struct pool *pool)
{
    pthread_mutex_lock(&pool->mutex);
    size_t count = pool->count;
    pthread_mutex_unlock(&pool->mutex);
    return count;
}
