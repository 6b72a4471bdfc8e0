/*
 * Identity.
 */
#include "server/identity.h"

#include <inttypes.h>

#include "api/json.h"
#include "base/clock.h"
#include "base/error.h"

enum { TOKEN_SECONDS = 86400 };

int identity_answer(const struct entry_rules *rules, const struct http_request *request,
                    struct http_reply *reply, struct treadle_error *error)
{
    const char *token = http_header(request, "x-identity-header");
    const char *resource = http_query(request, "resource");
    if (!request->local && !rules->tls)
        return error_set_wire(error, 403, "invalid_request_error", "insecure", NULL,
                              "Tokens are given on this machine and over TLS only.");
    if (!token || !token[0])
        return error_set_request(error, "missing_required_parameter", "X-IDENTITY-HEADER",
                                 "Missing the header X-IDENTITY-HEADER: set IDENTITY_HEADER to a "
                                 "key of this server.");
    buffer_append_string(&reply->body, "{\"access_token\":");
    json_print_string(token, &reply->body);
    buffer_append_format(&reply->body, ",\"expires_on\":\"%" PRId64 "\",\"resource\":",
                         clock_seconds() + TOKEN_SECONDS);
    json_print_string(resource ? resource : "", &reply->body);
    buffer_append_string(&reply->body, ",\"token_type\":\"Bearer\"}");
    return 0;
}
