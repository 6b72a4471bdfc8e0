/*
 * The vector store. The files are uploaded first and the store is created with all of them in one
 * request, so a store with the right digest has the right files, even if ask was killed in between.
 */
#include "cli/ask_store.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/show.h"

enum { PAGE = 100, PAGES = 20, DAYS_UNUSED = 30, FIRST_PAUSE_US = 20000, LAST_PAUSE_US = 250000 };

static const char *metadata_value(const struct treadle_map *map, const char *key)
{
    for (size_t i = 0; map && i < map->count; i++)
        if (text_equal(map->pairs[i].key, key))
            return map->pairs[i].value;
    return NULL;
}

/* ---- Finding -------------------------------------------------------------------------------- */

static bool fits(const struct treadle_vector_store *store, const struct ask_input *input)
{
    const struct treadle_file_counts *counts = store->file_counts;
    return store->status != TREADLE_VECTOR_STORE_EXPIRED && counts &&
           counts->completed + counts->in_progress > 0 && counts->total == (int64_t)input->count &&
           text_equal(metadata_value(store->metadata, "treadle"), "ask") &&
           text_equal(metadata_value(store->metadata, "sha256"), input->digest);
}

/* Leaves `out` empty when there is none. */
static int find_store(struct session *session, const struct ask_input *input, char out[ASK_ID_SIZE])
{
    struct treadle_list_options options = TREADLE_LIST_OPTIONS_INIT;
    struct treadle_error error = {0};
    char after[ASK_ID_SIZE] = "";
    bool more = true;
    options.limit = PAGE;
    for (int page = 0; more && !out[0] && page < PAGES; page++) {
        struct treadle_vector_store_page_response *reply = NULL;
        options.after = page ? after : NULL;
        int rc = treadle_vector_store_list(&reply, session_client(session), &options, &error);
        if (rc) {
            session_complain(session, "the vector stores cannot be listed", &error);
            treadle_vector_store_page_response_free(reply);
            return rc;
        }
        for (size_t i = 0; i < reply->page.data_count && !out[0]; i++)
            if (fits(&reply->page.data[i], input))
                snprintf(out, ASK_ID_SIZE, "%s", reply->page.data[i].id);
        more = reply->page.has_more && reply->page.last_id;
        snprintf(after, sizeof after, "%s", more ? reply->page.last_id : "");
        treadle_vector_store_page_response_free(reply);
    }
    return 0;
}

/* ---- Making --------------------------------------------------------------------------------- */

static void delete_files(struct session *session, char **ids, size_t count)
{
    for (size_t i = 0; i < count; i++)
        treadle_file_delete(NULL, session_client(session), ids[i], NULL);
}

static int upload(struct session *session, const struct ask_file *file, char **out)
{
    struct treadle_file_upload_options options = TREADLE_FILE_UPLOAD_OPTIONS_INIT;
    struct treadle_file_response *reply = NULL;
    struct treadle_error error = {0};
    options.filename = file->name;
    int rc = treadle_file_upload(&reply, session_client(session), file->path, &options, &error);
    if (!rc && !(*out = strdup(reply->file.id)))
        rc = TREADLE_EMEMORY;
    if (rc)
        session_complain(session, file->path, &error);
    treadle_file_response_free(reply);
    return rc;
}

static int create_store(struct session *session, const struct ask_input *input, char **ids,
                        char out[ASK_ID_SIZE])
{
    char digest[ASK_DIGEST_SIZE], name[257];
    struct treadle_pair pairs[] = {{"treadle", "ask"}, {"sha256", digest}};
    struct treadle_map metadata = {2, pairs};
    struct treadle_expires_after expiry = {.anchor = "last_active_at", .days = DAYS_UNUSED};
    struct treadle_vector_store_response *reply = NULL;
    struct treadle_error error = {0};
    snprintf(digest, sizeof digest, "%s", input->digest);
    size_t length = strlen(input->files[0].name);
    length = length < sizeof name ? length : text_cut(input->files[0].name, sizeof name - 1);
    snprintf(name, sizeof name, "%.*s", (int)length, input->files[0].name);
    struct treadle_vector_store_create_request request = {.file_ids = (const char **)ids,
                                                          .file_id_count = input->count,
                                                          .name = name,
                                                          .expires_after = &expiry,
                                                          .metadata = &metadata};
    int rc = treadle_vector_store_create(&reply, session_client(session), &request, &error);
    if (rc)
        session_complain(session, "the vector store cannot be made", &error);
    else
        snprintf(out, ASK_ID_SIZE, "%s", reply->vector_store.id);
    treadle_vector_store_response_free(reply);
    return rc;
}

static int make_store(struct session *session, const struct ask_input *input, char out[ASK_ID_SIZE])
{
    char **ids = calloc(input->count, sizeof *ids);
    size_t uploaded = 0;
    int rc = ids ? 0 : TREADLE_EMEMORY;
    if (rc)
        cli_complain("out of memory");
    while (uploaded < input->count && !rc) {
        rc = upload(session, &input->files[uploaded], &ids[uploaded]);
        uploaded += rc == 0;
    }
    if (!rc)
        rc = create_store(session, input, ids, out);
    if (rc && ids)
        delete_files(session, ids, uploaded);
    for (size_t i = 0; i < uploaded; i++)
        free(ids[i]);
    free(ids);
    return rc;
}

/* ---- Waiting -------------------------------------------------------------------------------- */

static void show_progress(const struct treadle_file_counts *counts, int64_t since_us)
{
    char duration[32];
    int64_t done = counts ? counts->total - counts->in_progress : 0;
    show_duration(duration, sizeof duration, (clock_monotonic_us() - since_us) / 1000000);
    fprintf(stderr, "\r\033[KReading: %" PRId64 " of %" PRId64 " files done, %s", done,
            counts ? counts->total : 0, duration);
    fflush(stderr);
}

static int wait_for_store(struct session *session, const char *id)
{
    struct treadle_error error = {0};
    int64_t since_us = clock_monotonic_us();
    bool terminal = isatty(STDERR_FILENO), reading = true, shown = false;
    useconds_t pause = FIRST_PAUSE_US;
    int rc = 0;
    while (reading && !rc) {
        struct treadle_vector_store_response *reply = NULL;
        rc = treadle_vector_store_retrieve(&reply, session_client(session), id, &error);
        reading = !rc && reply->vector_store.status == TREADLE_VECTOR_STORE_IN_PROGRESS;
        if (reading && terminal) {
            show_progress(reply->vector_store.file_counts, since_us);
            shown = true;
        }
        treadle_vector_store_response_free(reply);
        if (reading)
            usleep(pause);
        pause = pause * 2 < LAST_PAUSE_US ? pause * 2 : LAST_PAUSE_US;
    }
    if (shown)
        fputs("\r\033[K", stderr);
    if (rc)
        session_complain(session, "the vector store cannot be read", &error);
    return rc;
}

/* ---- Failures ------------------------------------------------------------------------------- */

/* Reports a file that could not be read, or not completely. */
static void complain_of_file(struct session *session, const struct treadle_vector_store_file *file)
{
    struct treadle_file_response *reply = NULL;
    const char *name = file->id;
    if (!treadle_file_retrieve(&reply, session_client(session), file->id, NULL) &&
        reply->file.filename)
        name = reply->file.filename;
    for (size_t i = 0; i < file->notice_count; i++)
        cli_complain("%s: %s", name, file->notices[i].message);
    if (file->status == TREADLE_VECTOR_STORE_FILE_FAILED)
        cli_complain("%s: %s", name,
                     file->last_error && file->last_error->message ? file->last_error->message
                                                                   : "it could not be read");
    treadle_file_response_free(reply);
}

static int list_files(struct session *session, const char *id,
                      enum treadle_vector_store_file_status filter,
                      struct treadle_vector_store_file_page_response **out)
{
    struct treadle_list_options options = TREADLE_LIST_OPTIONS_INIT;
    struct treadle_error error = {0};
    options.limit = PAGE;
    options.order = TREADLE_ORDER_ASCENDING;
    options.filter = filter;
    int rc = treadle_vector_store_file_list(out, session_client(session), id, &options, &error);
    if (rc)
        session_complain(session, "the files of the vector store cannot be listed", &error);
    return rc;
}

/* A store in which nothing can be searched is of no use. */
static void delete_store(struct session *session, const char *id,
                         const struct treadle_vector_store_file_page *failed)
{
    for (size_t i = 0; i < failed->data_count; i++)
        treadle_file_delete(NULL, session_client(session), failed->data[i].id, NULL);
    treadle_vector_store_delete(NULL, session_client(session), id, NULL);
}

/* Reports files that failed; a negative code when there is no other. */
static int check_files(struct session *session, const char *id)
{
    struct treadle_vector_store_file_page_response *failed = NULL, *good = NULL;
    int rc = list_files(session, id, TREADLE_VECTOR_STORE_FILE_FAILED, &failed);
    if (!rc)
        rc = list_files(session, id, TREADLE_VECTOR_STORE_FILE_COMPLETED, &good);
    if (rc)
        goto done;
    for (size_t i = 0; i < failed->page.data_count; i++)
        complain_of_file(session, &failed->page.data[i]);
    for (size_t i = 0; i < good->page.data_count; i++)
        if (good->page.data[i].notice_count)
            complain_of_file(session, &good->page.data[i]);
    if (failed->page.has_more)
        cli_complain("and further files could not be read");
    if (good->page.data_count)
        goto done;
    rc = TREADLE_ENOTFOUND;
    if (!failed->page.data_count)
        cli_complain("none of the files could be read");
    delete_store(session, id, &failed->page);
done:
    treadle_vector_store_file_page_response_free(failed);
    treadle_vector_store_file_page_response_free(good);
    return rc;
}

int ask_store_get(struct session *session, const struct ask_input *input, char out[ASK_ID_SIZE])
{
    char id[ASK_ID_SIZE] = "";
    int rc = find_store(session, input, id);
    if (!rc && !id[0])
        rc = make_store(session, input, id);
    if (!rc)
        rc = wait_for_store(session, id);
    if (!rc)
        rc = check_files(session, id);
    session_advise(session);
    if (!rc)
        session_wait_for_vectors(session);
    if (!rc)
        memcpy(out, id, ASK_ID_SIZE);
    return rc;
}
