/*
 * The handlers, by endpoint: each is in the file that is named after its resource, and in the row
 * of its endpoint.
 */
#ifndef RESOURCE_HANDLERS_H
#define RESOURCE_HANDLERS_H

#include "resource/resource.h"

#define ENDPOINT(id, handler, ...) handler
#define READS(name)                                                                                \
    int name(struct db_session *session, struct resource_call *call, struct treadle_error *error);
#define WRITES(name) READS(name)
#define PLANS(name)                                                                                \
    struct resource_plan name(struct resource_call *call, struct treadle_error *error);
#include "api/endpoint_rows.h"
#undef ENDPOINT
#undef READS
#undef WRITES
#undef PLANS

#endif
