/*
 * Prefixes: under which paths the endpoints are reached.
 *
 * Programs written for other services that speak this protocol put their own prefixes before the
 * same paths, and name a project or a deployment there. They are taken off before the endpoint is
 * found, so everything else is as under /v1.
 */
#ifndef SERVER_PREFIX_H
#define SERVER_PREFIX_H

#include <stdbool.h>
#include <stddef.h>

struct prefix {
    size_t length;          /* in segments; 0: the path has no prefix that is known */
    bool foreign;           /* another service's: Treadle's own endpoints are not there */
    const char *project;    /* that the path names, or NULL; points into the segments */
    const char *deployment; /* the same: stands for a model's name */
};

/* The prefix of a path, given by its decoded segments. */
struct prefix prefix_find(const char *const *segments, size_t count);

#endif
