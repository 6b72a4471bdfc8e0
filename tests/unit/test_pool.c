/*
 * The pool: order, the bound of its queue, and that stopping finishes what was taken.
 */
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/pool.h"

struct order {
    int numbers[100];
    int count;
};

struct job {
    struct order *order;
    int number;
};

static void note(void *argument)
{
    struct job *job = argument;
    job->order->numbers[job->order->count++] = job->number;
}

static void one_worker_keeps_the_order(void **state)
{
    (void)state;
    struct order order = {.count = 0};
    struct job jobs[100];
    struct pool *pool = pool_new(1, 100);
    for (int i = 0; i < 100; i++) {
        jobs[i] = (struct job){&order, i};
        assert_true(pool_submit(pool, note, &jobs[i]));
    }
    pool_free(pool);
    assert_int_equal(order.count, 100);
    for (int i = 0; i < 100; i++)
        assert_int_equal(order.numbers[i], i);
}

struct gate {
    sem_t entered, leave;
};

static void hold(void *argument)
{
    struct gate *gate = argument;
    sem_post(&gate->entered);
    sem_wait(&gate->leave);
}

static void add(void *argument)
{
    atomic_fetch_add((atomic_int *)argument, 1);
}

static void a_full_queue_refuses(void **state)
{
    (void)state;
    struct gate gate;
    atomic_int done = 0;
    sem_init(&gate.entered, 0, 0);
    sem_init(&gate.leave, 0, 0);
    struct pool *pool = pool_new(1, 3);
    assert_true(pool_submit(pool, hold, &gate));
    sem_wait(&gate.entered);
    for (int i = 0; i < 3; i++)
        assert_true(pool_submit(pool, add, &done));
    assert_int_equal(pool_waiting(pool), 3);
    assert_false(pool_submit(pool, add, &done));
    sem_post(&gate.leave);
    pool_free(pool);
    assert_int_equal(atomic_load(&done), 3);
    sem_destroy(&gate.entered);
    sem_destroy(&gate.leave);
}

static void workers_run_at_the_same_time(void **state)
{
    (void)state;
    struct gate gate;
    sem_init(&gate.entered, 0, 0);
    sem_init(&gate.leave, 0, 0);
    struct pool *pool = pool_new(4, 4);
    for (int i = 0; i < 4; i++)
        assert_true(pool_submit(pool, hold, &gate));
    for (int i = 0; i < 4; i++)
        sem_wait(&gate.entered);
    for (int i = 0; i < 4; i++)
        sem_post(&gate.leave);
    pool_free(pool);
    sem_destroy(&gate.entered);
    sem_destroy(&gate.leave);
}

struct resubmitter {
    struct pool *pool;
    atomic_int left;
};

static void resubmit(void *argument)
{
    struct resubmitter *again = argument;
    if (atomic_fetch_sub(&again->left, 1) > 1)
        pool_submit(again->pool, resubmit, again);
}

static void a_job_may_submit_and_stopping_refuses(void **state)
{
    (void)state;
    struct resubmitter again = {.pool = pool_new(2, 10), .left = 1000000};
    assert_true(pool_submit(again.pool, resubmit, &again));
    pool_free(again.pool);
    assert_true(atomic_load(&again.left) > 0);
}

static void look_at_mask(void *argument)
{
    pthread_sigmask(SIG_BLOCK, NULL, argument);
}

static void signals_are_blocked_in_workers(void **state)
{
    (void)state;
    sigset_t mask, mine;
    sigemptyset(&mask);
    struct pool *pool = pool_new(1, 1);
    assert_true(pool_submit(pool, look_at_mask, &mask));
    pool_free(pool);
    assert_true(sigismember(&mask, SIGTERM));
    assert_true(sigismember(&mask, SIGINT));
    pthread_sigmask(SIG_BLOCK, NULL, &mine);
    assert_false(sigismember(&mine, SIGTERM));
}

static void free_takes_null(void **state)
{
    (void)state;
    pool_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_worker_keeps_the_order),
        cmocka_unit_test(a_full_queue_refuses),
        cmocka_unit_test(workers_run_at_the_same_time),
        cmocka_unit_test(a_job_may_submit_and_stopping_refuses),
        cmocka_unit_test(signals_are_blocked_in_workers),
        cmocka_unit_test(free_takes_null),
    };
    return cmocka_run_group_tests_name("pool", tests, NULL, NULL);
}
