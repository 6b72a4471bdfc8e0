/*
 * Requests: looking up headers and query values.
 */
#include "base/text.h"
#include "http/http.h"

const char *http_header(const struct http_request *request, const char *name)
{
    for (size_t i = 0; i < request->header_count; i++)
        if (text_equal_ignoring_case(request->headers[i].name, name))
            return request->headers[i].value;
    return NULL;
}

const char *http_query(const struct http_request *request, const char *name)
{
    for (size_t i = 0; i < request->query_count; i++)
        if (text_equal(request->query[i].name, name))
            return request->query[i].value;
    return NULL;
}
