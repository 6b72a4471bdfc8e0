/*
 * Waiting: the same retrieval is repeated, at the pace of the caller, else of the server, else
 * twice a second, until the object needs no more polling or the polling timeout is over.
 */
#include <math.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "client/internal.h"

enum { LONGEST_PAUSE_MS = 60000 };
static const double default_pause = 0.5;

struct wait {
    const struct treadle_client *client;
    int64_t deadline_us; /* 0: none */
};

static struct wait wait_start(const struct treadle_client *client)
{
    double timeout = client->polling_timeout_seconds;
    struct wait wait = {.client = client};
    if (timeout > 0)
        wait.deadline_us = clock_monotonic_us() + (int64_t)(timeout * 1e6);
    return wait;
}

static double pause_length(const struct wait *wait, const struct treadle_response *response)
{
    int64_t asked = 0;
    if (wait->client->polling_interval_seconds > 0)
        return wait->client->polling_interval_seconds;
    const char *header = treadle_response_header(response, "openai-poll-after-ms");
    if (header && !text_to_integer(header, 1, LONGEST_PAUSE_MS, &asked))
        return (double)asked / 1000;
    return default_pause;
}

/* Sleeps until the next poll; TREADLE_ETIMEOUT when there is no time left for one. */
static int wait_pause(const struct wait *wait, const struct treadle_response *response,
                      struct treadle_error *error)
{
    double pause = pause_length(wait, response);
    if (wait->deadline_us) {
        double left = (double)(wait->deadline_us - clock_monotonic_us()) / 1e6;
        if (left <= 0)
            return error_set(error, TREADLE_ETIMEOUT, "not at an end after %g seconds",
                             wait->client->polling_timeout_seconds);
        pause = fmin(pause, left);
    }
    client_sleep(pause);
    return 0;
}

static bool run_rests(enum treadle_run_status status)
{
    switch (status) {
    case TREADLE_RUN_REQUIRES_ACTION:
    case TREADLE_RUN_CANCELLED:
    case TREADLE_RUN_FAILED:
    case TREADLE_RUN_COMPLETED:
    case TREADLE_RUN_INCOMPLETE:
    case TREADLE_RUN_EXPIRED:
        return true;
    default:
        return false;
    }
}

int treadle_run_wait(struct treadle_run_response **out, struct treadle_client *client,
                     const char *thread_id, const char *run_id, struct treadle_error *error)
{
    struct wait wait = wait_start(client);
    struct treadle_run_response *reply = NULL;
    int rc;
    for (;;) {
        rc = treadle_run_retrieve(&reply, client, thread_id, run_id, error);
        if (rc || run_rests(reply->run.status))
            break;
        rc = wait_pause(&wait, &reply->base, error);
        treadle_run_response_free(reply);
        reply = NULL;
        if (rc)
            break;
    }
    if (reply && out)
        *out = reply;
    else
        treadle_run_response_free(reply);
    return rc;
}

static bool file_rests(enum treadle_vector_store_file_status status)
{
    return status == TREADLE_VECTOR_STORE_FILE_COMPLETED ||
           status == TREADLE_VECTOR_STORE_FILE_FAILED ||
           status == TREADLE_VECTOR_STORE_FILE_CANCELLED;
}

int treadle_vector_store_file_wait(struct treadle_vector_store_file_response **out,
                                   struct treadle_client *client, const char *vector_store_id,
                                   const char *file_id, struct treadle_error *error)
{
    struct wait wait = wait_start(client);
    struct treadle_vector_store_file_response *reply = NULL;
    int rc;
    for (;;) {
        rc = treadle_vector_store_file_retrieve(&reply, client, vector_store_id, file_id, error);
        if (rc || file_rests(reply->vector_store_file.status))
            break;
        rc = wait_pause(&wait, &reply->base, error);
        treadle_vector_store_file_response_free(reply);
        reply = NULL;
        if (rc)
            break;
    }
    if (reply && out)
        *out = reply;
    else
        treadle_vector_store_file_response_free(reply);
    return rc;
}
