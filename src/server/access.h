/*
 * Access: records each request when it is over: a line in the log and its counters. The line names
 * the operation, never the path or the query, and has nothing of the body or the headers, because
 * secrets may be in any of them.
 */
#ifndef SERVER_ACCESS_H
#define SERVER_ACCESS_H

#include "base/log.h"
#include "http/http.h"
#include "server/metrics.h"

/* The request's route is a struct entry, or NULL. */
void access_note(struct log *log, struct metrics *metrics, const struct http_request *request,
                 const struct http_outcome *outcome);

#endif
