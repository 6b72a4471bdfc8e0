/*
 * Trial: whether intake.c really stands before the library that runs here.
 */
#ifndef HTTP_TRIAL_H
#define HTTP_TRIAL_H

#include "http/server.h"

/* Sends requests that smuggle another one to a server of its own, which never listens, with these
 * options and over TLS or not. 0 when each got one refusal and a proper one its answer;
 * TREADLE_EUNSUPPORTED when not; other codes when it could not be tried. Takes a few
 * milliseconds. */
int http_trial(const struct http_options *options, bool secure, struct treadle_error *error);

#endif
