/*
 * When to try again, and after which pause: the rules of the official SDKs.
 *
 * The server's x-should-retry decides where it is sent, else the status does. The pause is what
 * retry-after-ms or Retry-After say when that is below a minute; otherwise it doubles from one
 * attempt to the next, less up to a quarter at random, so that clients do not return at the same
 * time.
 */
#include <curl/curl.h>
#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/ident.h"
#include "base/number.h"
#include "base/text.h"
#include "client/internal.h"

static const double longest_obeyed = 60, longest_backoff = 8;

bool retry_helps(const struct treadle_response *response)
{
    if (!response)
        return true;
    const char *wish = treadle_response_header(response, "x-should-retry");
    if (text_equal(wish, "true"))
        return true;
    if (text_equal(wish, "false"))
        return false;
    int status = response->http_status;
    return status == 408 || status == 409 || status == 429 || status >= 500;
}

/* A number of seconds from a header's text, negative when it is none. */
static double parse_number(const char *text, double scale)
{
    char *end = NULL;
    double value = number_read(text, &end);
    return end == text || *end || !isfinite(value) ? -1 : value * scale;
}

/* What the server asks for, negative when it asks for nothing. */
static double asked_delay(const struct treadle_response *response)
{
    const char *text = treadle_response_header(response, "retry-after-ms");
    double delay = text ? parse_number(text, 0.001) : -1;
    if (delay >= 0)
        return delay;
    text = treadle_response_header(response, "retry-after");
    if (!text)
        return -1;
    delay = parse_number(text, 1);
    if (delay >= 0)
        return delay;
    time_t date = curl_getdate(text, NULL);
    return date == -1 ? -1 : (double)(date - clock_seconds());
}

static double random_fraction(void)
{
    uint32_t bits;
    ident_random(&bits, sizeof bits);
    return bits / 4294967296.0;
}

double retry_pause(const struct treadle_client *client, const struct treadle_response *response,
                   int attempt)
{
    double asked = response ? asked_delay(response) : -1;
    if (asked >= 0 && asked <= longest_obeyed)
        return asked;
    double delay = ldexp(client->backoff_seconds, attempt < 16 ? attempt - 1 : 15);
    return fmin(delay, longest_backoff) * (1 - 0.25 * random_fraction());
}

double retry_delay(const struct treadle_client *client, const struct treadle_response *response,
                   int attempt)
{
    if (attempt > client->max_retries || !retry_helps(response))
        return -1;
    return retry_pause(client, response, attempt);
}

void client_sleep(double seconds)
{
    struct timespec left = {.tv_sec = (time_t)seconds,
                            .tv_nsec = (long)((seconds - floor(seconds)) * 1e9)};
    while (nanosleep(&left, &left) && errno == EINTR)
        continue;
}
