/*
 * Dispatch: from an HTTP request to the handler of its endpoint, and from an error to its reply.
 */
#ifndef SERVER_DISPATCH_H
#define SERVER_DISPATCH_H

#include "base/log.h"
#include "http/http.h"
#include "resource/resource.h"
#include "server/entry.h"
#include "server/probe.h"

struct dispatch {
    struct resource_services services;
    struct probe probe;
    struct entry_rules rules;
    struct log *log;
};

/* The callbacks of http_options, with a struct dispatch as context. */
int dispatch_plan(void *context, const struct http_request *request, struct http_plan *out,
                  struct treadle_error *error);
void dispatch_handle(void *context, struct http_request *request, struct http_reply *reply);
void dispatch_render_error(void *context, const struct treadle_error *error,
                           struct http_reply *reply);
void dispatch_decorate(void *context, const struct http_request *request, struct http_reply *reply);
void dispatch_finished(void *context, const struct http_request *request,
                       const struct http_outcome *outcome);

#endif
