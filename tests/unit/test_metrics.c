/*
 * Metrics: what is counted, by several threads at once, and how it is printed.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "server/metrics.h"
#include "server/route.h"

static void print(const struct metrics *metrics, struct buffer *out)
{
    buffer_init(out, 1 << 20);
    metrics_print(metrics, out);
    assert_false(out->failed);
}

static void what_never_occurred_is_left_out(void **state)
{
    (void)state;
    struct metrics *metrics = metrics_new();
    struct buffer text;
    print(metrics, &text);
    assert_null(strchr(text.data, '{'));
    buffer_clear(&text);
    metrics_free(metrics);
    metrics_free(NULL);
}

static void buckets_add_up(void **state)
{
    (void)state;
    struct metrics *metrics = metrics_new();
    struct buffer text;
    metrics_count(metrics, ROUTE_HEALTH, 200, 500);      /* in the first: bounds are included */
    metrics_count(metrics, ROUTE_HEALTH, 200, 501);      /* in the second */
    metrics_count(metrics, ROUTE_HEALTH, 503, 11000000); /* longer than all bounds */
    metrics_count(metrics, ROUTE_HEALTH, 0, -5);         /* the client left; a clock went back */
    metrics_count(metrics, ROUTE_NONE, 418, 1);
    print(metrics, &text);
    const char *const expected[] = {
        "treadle_requests_total{operation=\"health\",status=\"200\"} 2\n",
        "treadle_requests_total{operation=\"health\",status=\"503\"} 1\n",
        "treadle_requests_total{operation=\"health\",status=\"499\"} 1\n",
        "treadle_requests_total{operation=\"none\",status=\"other\"} 1\n",
        "seconds_bucket{operation=\"health\",le=\"0.0005\"} 2\n",
        "seconds_bucket{operation=\"health\",le=\"0.001\"} 3\n",
        "seconds_bucket{operation=\"health\",le=\"10\"} 3\n",
        "seconds_bucket{operation=\"health\",le=\"+Inf\"} 4\n",
        "seconds_sum{operation=\"health\"} 11.001001\n",
        "seconds_count{operation=\"health\"} 4\n",
    };
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
        assert_non_null(strstr(text.data, expected[i]));
    buffer_clear(&text);
    metrics_free(metrics);
}

enum { THREADS = 4, TIMES = 20000 };

static void *count_many(void *metrics)
{
    for (int i = 0; i < TIMES; i++)
        metrics_count(metrics, ENDPOINT_THREAD_RETRIEVE, 200, 100);
    return NULL;
}

static void no_count_is_lost(void **state)
{
    (void)state;
    struct metrics *metrics = metrics_new();
    struct buffer text;
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, count_many, metrics), 0);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    print(metrics, &text);
    assert_non_null(strstr(text.data, "{operation=\"getThread\",status=\"200\"} 80000\n"));
    buffer_clear(&text);
    metrics_free(metrics);
}

static void every_operation_has_a_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROUTE_COUNT; i++) {
        assert_non_null(route_name(i));
        assert_null(strpbrk(route_name(i), "\"\\\n{}"));
    }
}

static void runs_count_by_what_they_became(void **state)
{
    (void)state;
    struct metrics *metrics = metrics_new();
    struct buffer text;
    metrics_count_run(
        metrics, "completed",
        (int64_t[METRICS_RUN_PHASES]){[METRICS_RUN_QUEUE] = 400, [METRICS_RUN_MODEL] = 3000000});
    metrics_count_run(metrics, "ended", (int64_t[METRICS_RUN_PHASES]){[METRICS_RUN_QUEUE] = 600});
    print(metrics, &text);
    const char *const expected[] = {
        "treadle_runs_executed_total{status=\"completed\"} 1\n",
        "treadle_runs_executed_total{status=\"ended\"} 1\n",
        "treadle_run_phase_seconds_bucket{phase=\"queue\",le=\"0.0005\"} 1\n",
        "treadle_run_phase_seconds_count{phase=\"queue\"} 2\n",
        "treadle_run_phase_seconds_sum{phase=\"model\"} 3.000000\n",
    };
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
        assert_non_null(strstr(text.data, expected[i]));
    assert_null(strstr(text.data, "failed"));
    assert_null(strstr(text.data, "tools"));
    buffer_clear(&text);
    metrics_free(metrics);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_never_occurred_is_left_out), cmocka_unit_test(buckets_add_up),
        cmocka_unit_test(runs_count_by_what_they_became),  cmocka_unit_test(no_count_is_lost),
        cmocka_unit_test(every_operation_has_a_name),
    };
    return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
