/*
 * Multipart forms.
 */
#include "resource/form.h"

#include <string.h>

#include "base/error.h"

const struct http_part *form_find(const struct http_request *request, const char *name)
{
    for (size_t i = 0; i < request->part_count; i++)
        if (strcmp(request->parts[i].name, name) == 0)
            return &request->parts[i];
    return NULL;
}

int form_missing(const char *name, struct treadle_error *error)
{
    return error_set_request(error, "missing_required_parameter", name,
                             "Missing required parameter: '%s'.", name);
}

int form_check(const struct http_request *request, const char *const *known, size_t count,
               struct treadle_error *error)
{
    for (size_t i = 0; i < request->part_count; i++) {
        const char *name = request->parts[i].name;
        bool found = false;
        for (size_t j = 0; j < count; j++)
            found = found || strcmp(name, known[j]) == 0;
        if (!found)
            return error_set_request(error, "unknown_parameter", name,
                                     "Unknown parameter: '%.100s'.", name);
        if (form_find(request, name) != &request->parts[i])
            return error_set_request(error, "invalid_value", name,
                                     "The parameter '%s' was sent twice.", name);
    }
    return 0;
}
