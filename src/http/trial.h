/*
 * Trial: whether intake.c really checks what the installed library reads.
 */
#ifndef HTTP_TRIAL_H
#define HTTP_TRIAL_H

#include "http/server.h"

/* Sends requests that smuggle another one to a server of its own, which never listens, with these
 * options, with TLS or without. 0 when each got one refusal and a proper one its answer;
 * TREADLE_EUNSUPPORTED when not; other codes when it could not be tried. Takes a few
 * milliseconds. */
int http_trial(const struct http_options *options, bool secure, struct treadle_error *error);

#endif
