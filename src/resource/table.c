/*
 * What each endpoint does, from its row.
 */
#include "resource/handlers.h"

struct handler {
    struct resource_plan plan;
    resource_planner planner; /* NULL: the plan is always `plan` */
};

static const struct handler handlers[ENDPOINT_COUNT] = {
#define ENDPOINT(id, handler, ...) [ENDPOINT_##id] = handler,
#define READS(name)                                                                                \
    {                                                                                              \
        .plan = {.kind = RESOURCE_READ, .work = name }                                             \
    }
#define WRITES(name)                                                                               \
    {                                                                                              \
        .plan = {.kind = RESOURCE_WRITE, .work = name }                                            \
    }
#define PLANS(name)                                                                                \
    {                                                                                              \
        .planner = name                                                                            \
    }
#include "api/endpoint_rows.h"
#undef ENDPOINT
#undef READS
#undef WRITES
#undef PLANS
};

struct resource_plan resource_begin(enum endpoint_id id, struct resource_call *call,
                                    struct treadle_error *error)
{
    const struct handler *handler = &handlers[id];
    return handler->planner ? handler->planner(call, error) : handler->plan;
}
