/*
 * What the tests of the client share: a client that speaks to a scripted server.
 */
#ifndef TESTS_UNIT_CLIENT_SETTING_H
#define TESTS_UNIT_CLIENT_SETTING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "scripted_server.h"
#include "treadle/treadle.h"

struct setting {
    struct scripted_server *server;
    struct treadle_client *client;
};

static inline void start(struct setting *setting, const char *const *replies, int max_retries)
{
    struct treadle_client_options options = TREADLE_CLIENT_OPTIONS_INIT;
    struct treadle_error error = {0};
    setting->server = scripted_server_start(NULL, replies);
    options.base_url = scripted_server_url(setting->server);
    options.api_key = "sk-secret";
    options.max_retries = max_retries;
    options.backoff_seconds = 0.001;
    options.polling_timeout_seconds = 5;
    assert_int_equal(treadle_client_new(&setting->client, &options, &error), 0);
}

static inline void stop(struct setting *setting)
{
    treadle_client_free(setting->client);
    scripted_server_stop(setting->server);
}

/* Starts with one reply for everything. */
static inline void start_with(struct setting *setting, const char *status, const char *headers,
                              const char *body)
{
    char *reply = scripted_reply(status, headers, body);
    start(setting, (const char *[]){reply, NULL}, -1);
    free(reply);
}

#endif
