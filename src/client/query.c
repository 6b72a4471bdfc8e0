/*
 * The query of a call, from the list options that are set; the endpoint's row says which of them
 * the operation takes.
 */
#include <inttypes.h>

#include "api/types.h"
#include "base/error.h"
#include "client/internal.h"

struct query {
    struct buffer *url;
    unsigned allowed; /* of enum endpoint_query */
    bool started;
    const char *refused; /* the first option that the operation does not take */
};

static void append_encoded(struct buffer *out, const char *text)
{
    static const char hex[] = "0123456789ABCDEF";
    for (const char *c = text; *c; c++) {
        bool plain = (*c >= '0' && *c <= '9') || (*c >= 'A' && *c <= 'Z') ||
                     (*c >= 'a' && *c <= 'z') || *c == '-' || *c == '_' || *c == '.';
        if (plain) {
            buffer_append_char(out, *c);
            continue;
        }
        buffer_append_char(out, '%');
        buffer_append_char(out, hex[(unsigned char)*c >> 4]);
        buffer_append_char(out, hex[*c & 15]);
    }
}

/* `name` is sent as it is; a NULL value leaves it out. */
static void add(struct query *query, unsigned needs, const char *name, const char *value)
{
    if (!value)
        return;
    if (!(query->allowed & needs)) {
        query->refused = query->refused ? query->refused : name;
        return;
    }
    buffer_append_char(query->url, query->started ? '&' : '?');
    query->started = true;
    buffer_append_string(query->url, name);
    buffer_append_char(query->url, '=');
    append_encoded(query->url, value);
}

static void add_list(struct query *query, const struct treadle_list_options *list)
{
    static const char *const orders[] = {NULL, "asc", "desc"};
    char limit[16];
    snprintf(limit, sizeof limit, "%d", list->limit);
    add(query, ENDPOINT_PAGE | ENDPOINT_FILE_PAGE, "limit", list->limit ? limit : NULL);
    add(query, ENDPOINT_PAGE | ENDPOINT_FILE_PAGE, "order", orders[list->order]);
    add(query, ENDPOINT_PAGE | ENDPOINT_FILE_PAGE, "after", list->after);
    add(query, ENDPOINT_PAGE, "before", list->before);
    add(query, ENDPOINT_RUN_ID, "run_id", list->run_id);
    add(query, ENDPOINT_PURPOSE, "purpose", field_word(file_purpose_names, (int)list->purpose));
    add(query, ENDPOINT_FILTER, "filter",
        field_word(vector_store_file_status_names, (int)list->filter));
    add(query, ENDPOINT_STATUS, "status", field_word(run_status_names, (int)list->status));
}

static int check_list(const struct treadle_list_options *list, struct treadle_error *error)
{
    if (list->version != TREADLE_LIST_OPTIONS_VERSION)
        return error_set(error, TREADLE_EINVALID,
                         "list options of version %u are not known to this library", list->version);
    if (list->limit < 0 || (int)list->order < 0 || list->order > TREADLE_ORDER_DESCENDING)
        return error_set(error, TREADLE_EINVALID, "the limit or the order of a list is not valid");
    return 0;
}

int query_append(const struct client_call *call, struct buffer *url, struct treadle_error *error)
{
    static const char include[] = "step_details.tool_calls[*].file_search.results[*].content";
    struct query query = {.url = url, .allowed = endpoint_get(call->endpoint)->query};
    bool content = call->include_content;
    char after[24];
    if (call->list) {
        int rc = check_list(call->list, error);
        if (rc)
            return rc;
        add_list(&query, call->list);
        content = content || call->list->include_content;
    }
    add(&query, ENDPOINT_INCLUDE, "include[]", content ? include : NULL);
    snprintf(after, sizeof after, "%" PRId64, call->after_event);
    add(&query, ENDPOINT_EVENT, "after", call->after_event ? after : NULL);
    if (query.refused)
        return error_set(error, TREADLE_EINVALID, "this call does not accept '%s'", query.refused);
    return 0;
}
