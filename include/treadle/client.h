/*
 * libtreadle: a typed client of the Assistants API.
 *
 * One function for each operation, named after the resource and the verb; each comment names the
 * operation of the protocol. What holds for all of them:
 *
 *   - They return 0 or a negative code of error.h and then fill `error` (which may be NULL).
 *   - `out` gets the reply, which the caller frees with the function named after its type; NULL
 *     may be passed where the reply does not matter. An `out` is unchanged when no reply came.
 *   - When the server answered and the answer is no success, the code is TREADLE_EREMOTE and `out`
 *     gets that reply too: its base has status, headers, error and detail, its object is all
 *     zero. TREADLE_EPARSE (a reply that cannot be read) is the same. So start with `out` NULL and
 *     free it in every case:
 *
 *         struct treadle_run_response *reply = NULL;
 *         int rc = treadle_run_retrieve(&reply, client, thread_id, run_id, &error);
 *         if (rc == 0)
 *             printf("%s\n", reply->run.model);
 *         else if (reply)
 *             printf("%d %s\n", reply->base.http_status, reply->base.error_message);
 *         treadle_run_response_free(reply);
 *
 *   - Other codes: TREADLE_ENETWORK and TREADLE_ETIMEOUT (no answer), TREADLE_ELIMIT (the answer
 *     is above 64 MiB), TREADLE_EINVALID (an argument; nothing was sent), TREADLE_EMEMORY.
 *   - A reply and all that it points to is one block of memory: valid until it is freed, whatever
 *     happens to the client. The `id` of every object in a successful reply is there.
 *   - The caller still owns its request objects. NULL for one sends an empty object.
 *   - Statuses 408, 409, 429 and 5xx and broken connections are tried again after a pause, as the
 *     official SDKs do; the server's Retry-After and x-should-retry are followed.
 *
 * A client may be used by several threads at once. The library reads no environment variable,
 * writes nothing and starts no thread. A program that speaks https should ignore SIGPIPE.
 */
#ifndef TREADLE_CLIENT_H
#define TREADLE_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "treadle/error.h"
#include "treadle/objects.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The version of the library, as "0.1.0". */
const char *treadle_version(void);

/* ---- Client --------------------------------------------------------------------------------- */

struct treadle_client;

/* How a client connects. NULL and 0 stand for the default; a negative number turns the thing
 * off. All strings are copied. */
struct treadle_client_options {
    unsigned version; /* TREADLE_CLIENT_OPTIONS_VERSION */
    /* "http://127.0.0.1:8383" (the default) or another http or https URL, with or without "/v1" at
     * its end; or "unix:/path" of a Unix socket. */
    const char *base_url;
    const char *api_key;            /* sent as the bearer token; default: none */
    const char *organization;       /* OpenAI-Organization */
    const char *project;            /* OpenAI-Project */
    const char *user_agent;         /* default: "treadle/VERSION" */
    double connect_timeout_seconds; /* to a connection; default 10 */
    double request_timeout_seconds; /* to the whole reply, or, where file contents move, without a
                                       byte moving; default 600 */
    int max_retries;                /* further attempts after the first; default 2 */
    double backoff_seconds; /* pause before the first of them, doubled before each next one, at
                               most 8; default 0.5 */
    double polling_interval_seconds; /* between the polls of treadle_…_wait; default: what the
                                        server asks for, else 0.5 */
    double polling_timeout_seconds;  /* of treadle_…_wait; default 600 */
    const char *ca_file;             /* PEM: CA certificates to trust; default: the system's */
};

#define TREADLE_CLIENT_OPTIONS_VERSION 1
#define TREADLE_CLIENT_OPTIONS_INIT                                                                \
    {                                                                                              \
        TREADLE_CLIENT_OPTIONS_VERSION, NULL, NULL, NULL, NULL, NULL, 0, 0, 0, 0, 0, 0, NULL       \
    }

/* A new client; connects when the first call is made. `options` may be NULL. Certificates of https
 * servers are verified. TREADLE_EINVALID for a URL or a header value that is not valid. */
int treadle_client_new(struct treadle_client **out, const struct treadle_client_options *options,
                       struct treadle_error *error);

/* Closes its connections. No call may be in progress. Accepts NULL. */
void treadle_client_free(struct treadle_client *client);

/* ---- Replies -------------------------------------------------------------------------------- */

struct treadle_header {
    const char *name;
    const char *value;
};

/* What every reply starts with. */
struct treadle_response {
    int http_status;
    const char *reason_phrase; /* of the status line; NULL where there is none, as over HTTP/2 */
    const struct treadle_header *headers; /* in order of arrival */
    size_t header_count;
    bool is_successful;                /* whether the status is 2xx */
    const struct treadle_error *error; /* NULL when successful */
    const char *error_message;         /* error->message; NULL when successful */
    const char *detail; /* the member `detail` that some servers put at the top of an error's body:
                           its text, or its JSON when it is no string; NULL without one */
    const char *request_id; /* the header x-request-id, NULL without one */
    const char *body;       /* as it came; NULL for file contents that were delivered */
    size_t body_length;
    struct arena *memory; /* owns it all */
};

/* Frees a reply through its base. Accepts NULL. */
void treadle_response_free(struct treadle_response *response);

/* The value of a reply's first header of that name (in any case), or NULL. */
const char *treadle_response_header(const struct treadle_response *response, const char *name);

/* A reply: the base and the object that came, with the function that frees it. */
#define TREADLE_DECLARE_RESPONSE(tag, type, member)                                                \
    struct tag {                                                                                   \
        struct treadle_response base;                                                              \
        type member;                                                                               \
    };                                                                                             \
    static inline void tag##_free(struct tag *response)                                            \
    {                                                                                              \
        treadle_response_free(response ? &response->base : NULL);                                  \
    }

TREADLE_DECLARE_RESPONSE(treadle_assistant_response, struct treadle_assistant, assistant)
TREADLE_DECLARE_RESPONSE(treadle_assistant_page_response, struct treadle_assistant_page, page)
TREADLE_DECLARE_RESPONSE(treadle_thread_response, struct treadle_thread, thread)
TREADLE_DECLARE_RESPONSE(treadle_message_response, struct treadle_message, message)
TREADLE_DECLARE_RESPONSE(treadle_message_page_response, struct treadle_message_page, page)
TREADLE_DECLARE_RESPONSE(treadle_run_response, struct treadle_run, run)
TREADLE_DECLARE_RESPONSE(treadle_run_page_response, struct treadle_run_page, page)
TREADLE_DECLARE_RESPONSE(treadle_run_times_response, struct treadle_run_times, times)
TREADLE_DECLARE_RESPONSE(treadle_run_step_response, struct treadle_run_step, run_step)
TREADLE_DECLARE_RESPONSE(treadle_run_step_page_response, struct treadle_run_step_page, page)
TREADLE_DECLARE_RESPONSE(treadle_file_response, struct treadle_file, file)
TREADLE_DECLARE_RESPONSE(treadle_file_page_response, struct treadle_file_page, page)
TREADLE_DECLARE_RESPONSE(treadle_vector_store_response, struct treadle_vector_store, vector_store)
TREADLE_DECLARE_RESPONSE(treadle_vector_store_page_response, struct treadle_vector_store_page, page)
TREADLE_DECLARE_RESPONSE(treadle_vector_store_file_response, struct treadle_vector_store_file,
                         vector_store_file)
TREADLE_DECLARE_RESPONSE(treadle_vector_store_file_page_response,
                         struct treadle_vector_store_file_page, page)
TREADLE_DECLARE_RESPONSE(treadle_vector_store_file_content_response,
                         struct treadle_vector_store_file_content, content)
TREADLE_DECLARE_RESPONSE(treadle_vector_store_search_page_response,
                         struct treadle_vector_store_search_page, page)
TREADLE_DECLARE_RESPONSE(treadle_vector_store_file_batch_response,
                         struct treadle_vector_store_file_batch, batch)
TREADLE_DECLARE_RESPONSE(treadle_upload_response, struct treadle_upload, upload)
TREADLE_DECLARE_RESPONSE(treadle_upload_part_response, struct treadle_upload_part, part)
TREADLE_DECLARE_RESPONSE(treadle_model_response, struct treadle_model, model)
TREADLE_DECLARE_RESPONSE(treadle_model_list_response, struct treadle_model_list, list)
TREADLE_DECLARE_RESPONSE(treadle_embedding_list_response, struct treadle_embedding_list, list)
TREADLE_DECLARE_RESPONSE(treadle_chat_completion_response, struct treadle_chat_completion,
                         completion)
TREADLE_DECLARE_RESPONSE(treadle_backup_response, struct treadle_backup, backup)
TREADLE_DECLARE_RESPONSE(treadle_export_response, struct treadle_export, export_)
TREADLE_DECLARE_RESPONSE(treadle_import_response, struct treadle_import, import)
TREADLE_DECLARE_RESPONSE(treadle_key_response, struct treadle_key, key)
TREADLE_DECLARE_RESPONSE(treadle_key_page_response, struct treadle_key_page, page)
TREADLE_DECLARE_RESPONSE(treadle_deletion_response, struct treadle_deletion, deletion)

/* ---- Members by name ------------------------------------------------------------------------ */

/* The table of an object. */
struct treadle_type;

/* Of the requests in which null means something else than absence. */
extern const struct treadle_type treadle_assistant_modify_request_type;
extern const struct treadle_type treadle_thread_modify_request_type;
extern const struct treadle_type treadle_metadata_request_type;
extern const struct treadle_type treadle_vector_store_modify_request_type;

/* Whether a member of a parsed request was absent, null, or set. */
enum treadle_state treadle_member_state(const struct treadle_type *type, const void *object,
                                        const char *name);

/* Makes a member of a request null, as in
 *     treadle_member_set_null(&treadle_metadata_request_type, &request, "metadata", &error)
 * TREADLE_EINVALID when the request has no such member. */
int treadle_member_set_null(const struct treadle_type *type, void *object, const char *name,
                            struct treadle_error *error);

/* The protocol's word for a value, as "in_progress"; NULL for 0 and unknown values. */
const char *treadle_run_status_name(enum treadle_run_status status);
const char *treadle_run_step_type_name(enum treadle_run_step_type type);
const char *treadle_run_step_status_name(enum treadle_run_step_status status);
const char *treadle_tool_type_name(enum treadle_tool_type type);
const char *treadle_vector_store_file_status_name(enum treadle_vector_store_file_status status);

/* ---- Lists ---------------------------------------------------------------------------------- */

enum treadle_order { TREADLE_ORDER_DEFAULT, TREADLE_ORDER_ASCENDING, TREADLE_ORDER_DESCENDING };

/* Which page of a list, and filters. NULL and 0 leave a member out; one that the operation does not
 * accept is TREADLE_EINVALID. For the next page, pass the page's last_id as `after` while has_more
 * is true. */
struct treadle_list_options {
    unsigned version;         /* TREADLE_LIST_OPTIONS_VERSION */
    int limit;                /* 1 to 100, of files to 10,000; the server's default is 20 */
    enum treadle_order order; /* by creation; the server's default is descending */
    const char *after;        /* an id: the objects after it */
    const char *before;       /* an id: the objects before it; not with files */
    const char *run_id;       /* messages: only those of that run */
    bool include_content;     /* run steps: with the text that searches found */
    enum treadle_file_purpose purpose;            /* files */
    enum treadle_vector_store_file_status filter; /* files of a vector store */
    enum treadle_run_status status;               /* treadle_run_list_all */
};

#define TREADLE_LIST_OPTIONS_VERSION 1
#define TREADLE_LIST_OPTIONS_INIT                                                                  \
    {                                                                                              \
        TREADLE_LIST_OPTIONS_VERSION, 0, TREADLE_ORDER_DEFAULT, NULL, NULL, NULL, false,           \
            (enum treadle_file_purpose)0, (enum treadle_vector_store_file_status)0,                \
            (enum treadle_run_status)0                                                             \
    }

/* ---- Assistants ----------------------------------------------------------------------------- */

/* POST /assistants */
int treadle_assistant_create(struct treadle_assistant_response **out, struct treadle_client *client,
                             const struct treadle_assistant_create_request *request,
                             struct treadle_error *error);

/* GET /assistants. `options` may be NULL, here and in every other list. */
int treadle_assistant_list(struct treadle_assistant_page_response **out,
                           struct treadle_client *client,
                           const struct treadle_list_options *options, struct treadle_error *error);

/* GET /assistants/{assistant_id} */
int treadle_assistant_retrieve(struct treadle_assistant_response **out,
                               struct treadle_client *client, const char *assistant_id,
                               struct treadle_error *error);

/* POST /assistants/{assistant_id}: changes the members that are set or null, leaves the rest. */
int treadle_assistant_modify(struct treadle_assistant_response **out, struct treadle_client *client,
                             const char *assistant_id,
                             const struct treadle_assistant_modify_request *request,
                             struct treadle_error *error);

/* DELETE /assistants/{assistant_id} */
int treadle_assistant_delete(struct treadle_deletion_response **out, struct treadle_client *client,
                             const char *assistant_id, struct treadle_error *error);

/* ---- Threads -------------------------------------------------------------------------------- */

/* POST /threads */
int treadle_thread_create(struct treadle_thread_response **out, struct treadle_client *client,
                          const struct treadle_thread_create_request *request,
                          struct treadle_error *error);

/* GET /threads/{thread_id} */
int treadle_thread_retrieve(struct treadle_thread_response **out, struct treadle_client *client,
                            const char *thread_id, struct treadle_error *error);

/* POST /threads/{thread_id}: changes the members that are set or null, leaves the rest. */
int treadle_thread_modify(struct treadle_thread_response **out, struct treadle_client *client,
                          const char *thread_id,
                          const struct treadle_thread_modify_request *request,
                          struct treadle_error *error);

/* DELETE /threads/{thread_id} */
int treadle_thread_delete(struct treadle_deletion_response **out, struct treadle_client *client,
                          const char *thread_id, struct treadle_error *error);

/* POST /threads/runs: creates a thread and runs it. `stream` must not be true: stream.h has a call
 * of its own for that. */
int treadle_thread_create_and_run(struct treadle_run_response **out, struct treadle_client *client,
                                  const struct treadle_thread_run_create_request *request,
                                  struct treadle_error *error);

/* ---- Messages ------------------------------------------------------------------------------- */

/* POST /threads/{thread_id}/messages */
int treadle_message_create(struct treadle_message_response **out, struct treadle_client *client,
                           const char *thread_id,
                           const struct treadle_message_create_request *request,
                           struct treadle_error *error);

/* GET /threads/{thread_id}/messages. Takes `run_id`. */
int treadle_message_list(struct treadle_message_page_response **out, struct treadle_client *client,
                         const char *thread_id, const struct treadle_list_options *options,
                         struct treadle_error *error);

/* GET /threads/{thread_id}/messages/{message_id} */
int treadle_message_retrieve(struct treadle_message_response **out, struct treadle_client *client,
                             const char *thread_id, const char *message_id,
                             struct treadle_error *error);

/* POST /threads/{thread_id}/messages/{message_id} */
int treadle_message_modify(struct treadle_message_response **out, struct treadle_client *client,
                           const char *thread_id, const char *message_id,
                           const struct treadle_metadata_request *request,
                           struct treadle_error *error);

/* DELETE /threads/{thread_id}/messages/{message_id} */
int treadle_message_delete(struct treadle_deletion_response **out, struct treadle_client *client,
                           const char *thread_id, const char *message_id,
                           struct treadle_error *error);

/* ---- Runs ----------------------------------------------------------------------------------- */

/* POST /threads/{thread_id}/runs. Answers at once, with the run queued. `stream` must not be true:
 * stream.h has a call of its own for that. */
int treadle_run_create(struct treadle_run_response **out, struct treadle_client *client,
                       const char *thread_id, const struct treadle_run_create_request *request,
                       struct treadle_error *error);

/* GET /threads/{thread_id}/runs */
int treadle_run_list(struct treadle_run_page_response **out, struct treadle_client *client,
                     const char *thread_id, const struct treadle_list_options *options,
                     struct treadle_error *error);

/* GET /threads/{thread_id}/runs/{run_id} */
int treadle_run_retrieve(struct treadle_run_response **out, struct treadle_client *client,
                         const char *thread_id, const char *run_id, struct treadle_error *error);

/* POST /threads/{thread_id}/runs/{run_id} */
int treadle_run_modify(struct treadle_run_response **out, struct treadle_client *client,
                       const char *thread_id, const char *run_id,
                       const struct treadle_metadata_request *request, struct treadle_error *error);

/* POST /threads/{thread_id}/runs/{run_id}/cancel. Answers at once, with the run cancelling or
 * already cancelled; TREADLE_EREMOTE (400) when it has ended. */
int treadle_run_cancel(struct treadle_run_response **out, struct treadle_client *client,
                       const char *thread_id, const char *run_id, struct treadle_error *error);

/* POST /threads/{thread_id}/runs/{run_id}/submit_tool_outputs: the outputs of all calls of
 * run.required_action at once, after which the run continues. `stream` must not be true: stream.h
 * has a call of its own for that. */
int treadle_run_submit_tool_outputs(struct treadle_run_response **out,
                                    struct treadle_client *client, const char *thread_id,
                                    const char *run_id,
                                    const struct treadle_tool_outputs_request *request,
                                    struct treadle_error *error);

/* GET /runs: the runs of all threads. Treadle's own. Takes `status`. */
int treadle_run_list_all(struct treadle_run_page_response **out, struct treadle_client *client,
                         const struct treadle_list_options *options, struct treadle_error *error);

/* GET /runs/{run_id}: a run, without naming its thread. Treadle's own. */
int treadle_run_find(struct treadle_run_response **out, struct treadle_client *client,
                     const char *run_id, struct treadle_error *error);

/* GET /runs/{run_id}/times: what a run has spent its time on. Treadle's own. */
int treadle_run_times(struct treadle_run_times_response **out, struct treadle_client *client,
                      const char *run_id, struct treadle_error *error);

/* Polls the run until it has ended (completed, failed, cancelled, expired, incomplete) or requires
 * action: see run.status. TREADLE_ETIMEOUT after the polling timeout. */
int treadle_run_wait(struct treadle_run_response **out, struct treadle_client *client,
                     const char *thread_id, const char *run_id, struct treadle_error *error);

/* ---- Run steps ------------------------------------------------------------------------------ */

/* GET /threads/{thread_id}/runs/{run_id}/steps. Takes `include_content`. */
int treadle_run_step_list(struct treadle_run_step_page_response **out,
                          struct treadle_client *client, const char *thread_id, const char *run_id,
                          const struct treadle_list_options *options, struct treadle_error *error);

/* GET /threads/{thread_id}/runs/{run_id}/steps/{step_id}. `include_content` asks for the text that
 * a search found, too. */
int treadle_run_step_retrieve(struct treadle_run_step_response **out, struct treadle_client *client,
                              const char *thread_id, const char *run_id, const char *step_id,
                              bool include_content, struct treadle_error *error);

/* ---- Files ---------------------------------------------------------------------------------- */

struct treadle_file_upload_options {
    unsigned version;                  /* TREADLE_FILE_UPLOAD_OPTIONS_VERSION */
    const char *filename;              /* the name to give it; default: the path's last part */
    enum treadle_file_purpose purpose; /* default: assistants */
    int64_t expires_after_seconds;     /* after its creation; default: never */
};

#define TREADLE_FILE_UPLOAD_OPTIONS_VERSION 1
#define TREADLE_FILE_UPLOAD_OPTIONS_INIT                                                           \
    {                                                                                              \
        TREADLE_FILE_UPLOAD_OPTIONS_VERSION, NULL, (enum treadle_file_purpose)0, 0                 \
    }

/* POST /files with the content of a regular file, which is read as it is sent and never held in
 * memory. `options` may be NULL. TREADLE_ENOTFOUND when there is no such file, TREADLE_EIO when it
 * cannot be read or its length changes, TREADLE_EINVALID when it is not a regular file. */
int treadle_file_upload(struct treadle_file_response **out, struct treadle_client *client,
                        const char *path, const struct treadle_file_upload_options *options,
                        struct treadle_error *error);

/* POST /files with `length` bytes of memory. options->filename must be there. */
int treadle_file_upload_memory(struct treadle_file_response **out, struct treadle_client *client,
                               const void *bytes, size_t length,
                               const struct treadle_file_upload_options *options,
                               struct treadle_error *error);

/* GET /files. Takes `purpose`. */
int treadle_file_list(struct treadle_file_page_response **out, struct treadle_client *client,
                      const struct treadle_list_options *options, struct treadle_error *error);

/* GET /files/{file_id} */
int treadle_file_retrieve(struct treadle_file_response **out, struct treadle_client *client,
                          const char *file_id, struct treadle_error *error);

/* DELETE /files/{file_id} */
int treadle_file_delete(struct treadle_deletion_response **out, struct treadle_client *client,
                        const char *file_id, struct treadle_error *error);

/* Receives the next bytes of a file's content. A result other than 0 ends the transfer with
 * TREADLE_EIO. */
typedef int (*treadle_content_sink)(void *context, const void *bytes, size_t length);

/* GET /files/{file_id}/content, passed to `sink` piece by piece, of any size. `out` (often NULL)
 * gets the base alone. After a failure the sink may have received a part of it. */
int treadle_file_content(struct treadle_response **out, struct treadle_client *client,
                         const char *file_id, treadle_content_sink sink, void *context,
                         struct treadle_error *error);

/* The same into a stream, which is neither flushed nor closed. */
int treadle_file_content_save(struct treadle_response **out, struct treadle_client *client,
                              const char *file_id, FILE *stream, struct treadle_error *error);

/* ---- Uploads in parts ----------------------------------------------------------------------- */

/* POST /uploads: begins one, for files that are too large for a single request. It expires an hour
 * after its creation. */
int treadle_upload_create(struct treadle_upload_response **out, struct treadle_client *client,
                          const struct treadle_upload_create_request *request,
                          struct treadle_error *error);

/* POST /uploads/{upload_id}/parts with `length` bytes, 64 MiB at most, which the caller still owns.
 * Parts may be sent at the same time and in any order: completing sets their order. */
int treadle_upload_part_create(struct treadle_upload_part_response **out,
                               struct treadle_client *client, const char *upload_id,
                               const void *bytes, size_t length, struct treadle_error *error);

/* POST /uploads/{upload_id}/complete: joins the parts named, in that order; upload.file is the
 * file. */
int treadle_upload_complete(struct treadle_upload_response **out, struct treadle_client *client,
                            const char *upload_id,
                            const struct treadle_upload_complete_request *request,
                            struct treadle_error *error);

/* POST /uploads/{upload_id}/cancel: its parts are deleted. */
int treadle_upload_cancel(struct treadle_upload_response **out, struct treadle_client *client,
                          const char *upload_id, struct treadle_error *error);

/* ---- Vector stores -------------------------------------------------------------------------- */

/* POST /vector_stores */
int treadle_vector_store_create(struct treadle_vector_store_response **out,
                                struct treadle_client *client,
                                const struct treadle_vector_store_create_request *request,
                                struct treadle_error *error);

/* GET /vector_stores */
int treadle_vector_store_list(struct treadle_vector_store_page_response **out,
                              struct treadle_client *client,
                              const struct treadle_list_options *options,
                              struct treadle_error *error);

/* GET /vector_stores/{vector_store_id} */
int treadle_vector_store_retrieve(struct treadle_vector_store_response **out,
                                  struct treadle_client *client, const char *vector_store_id,
                                  struct treadle_error *error);

/* POST /vector_stores/{vector_store_id}: changes the members that are set or null. */
int treadle_vector_store_modify(struct treadle_vector_store_response **out,
                                struct treadle_client *client, const char *vector_store_id,
                                const struct treadle_vector_store_modify_request *request,
                                struct treadle_error *error);

/* DELETE /vector_stores/{vector_store_id} */
int treadle_vector_store_delete(struct treadle_deletion_response **out,
                                struct treadle_client *client, const char *vector_store_id,
                                struct treadle_error *error);

/* POST /vector_stores/{vector_store_id}/files: adds a file, which is then read in the
 * background. */
int treadle_vector_store_file_create(struct treadle_vector_store_file_response **out,
                                     struct treadle_client *client, const char *vector_store_id,
                                     const struct treadle_vector_store_file_create_request *request,
                                     struct treadle_error *error);

/* GET /vector_stores/{vector_store_id}/files. Takes `filter`. */
int treadle_vector_store_file_list(struct treadle_vector_store_file_page_response **out,
                                   struct treadle_client *client, const char *vector_store_id,
                                   const struct treadle_list_options *options,
                                   struct treadle_error *error);

/* GET /vector_stores/{vector_store_id}/files/{file_id} */
int treadle_vector_store_file_retrieve(struct treadle_vector_store_file_response **out,
                                       struct treadle_client *client, const char *vector_store_id,
                                       const char *file_id, struct treadle_error *error);

/* POST /vector_stores/{vector_store_id}/files/{file_id}: replaces all attributes that the file has
 * there. NULL removes them. */
int treadle_vector_store_file_modify(struct treadle_vector_store_file_response **out,
                                     struct treadle_client *client, const char *vector_store_id,
                                     const char *file_id,
                                     const struct treadle_vector_store_file_modify_request *request,
                                     struct treadle_error *error);

/* GET /vector_stores/{vector_store_id}/files/{file_id}/content: its text as it was indexed. No data
 * until the file was read. */
int treadle_vector_store_file_content(struct treadle_vector_store_file_content_response **out,
                                      struct treadle_client *client, const char *vector_store_id,
                                      const char *file_id, struct treadle_error *error);

/* POST /vector_stores/{vector_store_id}/search: the chunks that answer a query, best first. */
int treadle_vector_store_search(struct treadle_vector_store_search_page_response **out,
                                struct treadle_client *client, const char *vector_store_id,
                                const struct treadle_vector_store_search_request *request,
                                struct treadle_error *error);

/* DELETE /vector_stores/{vector_store_id}/files/{file_id}: the file itself stays. */
int treadle_vector_store_file_delete(struct treadle_deletion_response **out,
                                     struct treadle_client *client, const char *vector_store_id,
                                     const char *file_id, struct treadle_error *error);

/* Polls the file until it is no longer in progress: see its status. TREADLE_ETIMEOUT after the
 * polling timeout. */
int treadle_vector_store_file_wait(struct treadle_vector_store_file_response **out,
                                   struct treadle_client *client, const char *vector_store_id,
                                   const char *file_id, struct treadle_error *error);

/* ---- Batches of files in vector stores ------------------------------------------------------ */

/* POST /vector_stores/{vector_store_id}/file_batches: adds files together; they are then read in
 * the background. */
int treadle_vector_store_file_batch_create(
    struct treadle_vector_store_file_batch_response **out, struct treadle_client *client,
    const char *vector_store_id,
    const struct treadle_vector_store_file_batch_create_request *request,
    struct treadle_error *error);

/* GET /vector_stores/{vector_store_id}/file_batches/{batch_id} */
int treadle_vector_store_file_batch_retrieve(struct treadle_vector_store_file_batch_response **out,
                                             struct treadle_client *client,
                                             const char *vector_store_id, const char *batch_id,
                                             struct treadle_error *error);

/* POST /vector_stores/{vector_store_id}/file_batches/{batch_id}/cancel: files that have not been
 * read are cancelled. */
int treadle_vector_store_file_batch_cancel(struct treadle_vector_store_file_batch_response **out,
                                           struct treadle_client *client,
                                           const char *vector_store_id, const char *batch_id,
                                           struct treadle_error *error);

/* GET /vector_stores/{vector_store_id}/file_batches/{batch_id}/files. Takes `filter`. */
int treadle_vector_store_file_batch_file_list(struct treadle_vector_store_file_page_response **out,
                                              struct treadle_client *client,
                                              const char *vector_store_id, const char *batch_id,
                                              const struct treadle_list_options *options,
                                              struct treadle_error *error);

/* ---- Models --------------------------------------------------------------------------------- */

/* GET /models: all of them, in one list. */
int treadle_model_list(struct treadle_model_list_response **out, struct treadle_client *client,
                       struct treadle_error *error);

/* GET /models/{model} */
int treadle_model_retrieve(struct treadle_model_response **out, struct treadle_client *client,
                           const char *model, struct treadle_error *error);

/* POST /embeddings */
int treadle_embedding_create(struct treadle_embedding_list_response **out,
                             struct treadle_client *client,
                             const struct treadle_embedding_create_request *request,
                             struct treadle_error *error);

/* POST /chat/completions. This call does not stream: `stream` must not be true. */
int treadle_chat_create(struct treadle_chat_completion_response **out,
                        struct treadle_client *client,
                        const struct treadle_chat_create_request *request,
                        struct treadle_error *error);

/* ---- Keys (Treadle's own) ------------------------------------------------------------------- */

/* POST /treadle/backups: for the owner of the store. The server copies its store to backup.path;
 * the client moves the copy elsewhere. */
int treadle_backup_create(struct treadle_backup_response **out, struct treadle_client *client,
                          struct treadle_error *error);

/* POST /treadle/exports: for the owner of the store. The server copies objects to export_.path; the
 * client moves the copy elsewhere, and then renames manifest.part in it to manifest.json. */
int treadle_export_create(struct treadle_export_response **out, struct treadle_client *client,
                          const struct treadle_export_create_request *request,
                          struct treadle_error *error);

/* POST /treadle/imports: for the owner of the store. The objects are in a directory below its
 * "backups" that the client has made, in the form that 'treadle import' writes. */
int treadle_import_create(struct treadle_import_response **out, struct treadle_client *client,
                          const struct treadle_import_create_request *request,
                          struct treadle_error *error);

/* POST /treadle/keys: for the owner of the store, or with an admin key. key.key is the new key's
 * text, which is sent only once. */
int treadle_key_create(struct treadle_key_response **out, struct treadle_client *client,
                       const struct treadle_key_create_request *request,
                       struct treadle_error *error);

/* GET /treadle/keys: of all projects. */
int treadle_key_list(struct treadle_key_page_response **out, struct treadle_client *client,
                     const struct treadle_list_options *options, struct treadle_error *error);

/* POST /treadle/keys/{key_id}/revoke */
int treadle_key_revoke(struct treadle_key_response **out, struct treadle_client *client,
                       const char *key_id, struct treadle_error *error);

#ifdef __cplusplus
}
#endif

#endif
