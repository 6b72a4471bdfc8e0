/*
 * The models of a server: its list, fetched in the background and kept.
 *
 * A list that is older than a minute is still used while a new one is fetched; after a failure ten
 * seconds pass before the next attempt. Only the very first fetch is waited for, and not for long.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "api/json.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "openai/openai_facts.h"
#include "openai/openai_props.h"
#include "openai/openai_server.h"

enum {
    LIST_BYTES = 4 << 20,
    FRESH_SECONDS = 60,
    FAILED_SECONDS = 10,
    SILENCE_SECONDS = 5,
    CONNECT_SECONDS = 3,
    WAIT_SECONDS = 2,
    LONGEST_ID = 512
};

struct openai_list {
    struct openai *server;
    struct openai_props *props;
    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t settled;
    json_t *models; /* as the server sent them; NULL before the first answer */
    bool fetching;
    bool tried;               /* a fetch has ended, well or not */
    struct timespec patience; /* waiting for the first answer ends here */
    int64_t next;             /* when to fetch again, by clock_monotonic_us */
    bool failing;             /* the last fetch failed, and that was logged */
    bool forget;              /* the server may have started again since the last fetch began */
    struct buffer body;       /* of the fetch under way; the loop's alone */
};

static int on_bytes(void *context, const char *bytes, size_t length, struct treadle_error *error)
{
    struct openai_list *list = context;
    return buffer_append(&list->body, bytes, length)
               ? buffer_error(&list->body, "The model server's list is too long.", error)
               : 0;
}

static bool is_id(const json_t *value)
{
    const char *id = json_string_value(value);
    return id && *id && strlen(id) <= LONGEST_ID;
}

int openai_list_read(const char *text, size_t length, json_t **out, struct treadle_error *error)
{
    json_t *value = NULL;
    int rc = json_read(text, length, JSON_READ_REPEATED, &value, error);
    const json_t *data = json_is_array(value) ? value : json_object_get(value, "data");
    if (rc != TREADLE_EMEMORY && !json_is_array(data))
        rc = error_set(error, TREADLE_EPARSE, "The model server sent no list of models.");
    json_t *models = rc ? NULL : json_array();
    if (!rc && !models)
        rc = error_set_memory(error);
    for (size_t i = 0; !rc && i < json_array_size(data) && i < MODEL_LIST_SIZE; i++) {
        json_t *entry = json_array_get(data, i);
        if (is_id(json_object_get(entry, "id")) && json_array_append(models, entry))
            rc = error_set_memory(error);
    }
    json_decref(value);
    if (rc)
        json_decref(models);
    else
        *out = models;
    return rc;
}

static int64_t first_count(const json_t *object, const char *const *names)
{
    for (; *names; names++)
        if (json_integer_value(json_object_get(object, *names)) > 0)
            return json_integer_value(json_object_get(object, *names));
    return 0;
}

/* As the server holds the model; 0 when it does not say. */
static int64_t own_context(const json_t *entry)
{
    /* vLLM; hosted services and gateways; LM Studio. */
    static const char *const own[] = {"max_model_len", "context_length", "context_window",
                                      "max_context_length", NULL};
    static const char *const meta_own[] = {"n_ctx", NULL}; /* llama-server */
    int64_t size = first_count(json_object_get(entry, "meta"), meta_own);
    return size ? size : first_count(entry, own);
}

static int on_end(void *context, struct treadle_error *error)
{
    struct openai_list *list = context;
    json_t *models;
    int rc = openai_list_read(list->body.data, list->body.length, &models, error);
    if (rc)
        return rc;
    pthread_mutex_lock(&list->mutex);
    json_decref(list->models);
    list->models = models;
    bool sizes = own_context(json_array_get(models, 0)) > 0;
    pthread_mutex_unlock(&list->mutex);
    /* It says how large contexts are now. */
    if (sizes)
        openai_facts_forget_contexts(list->server->facts);
    return 0;
}

static bool on_again(void *context)
{
    buffer_reset(&((struct openai_list *)context)->body);
    return true;
}

static void settle(struct openai_list *list, int64_t seconds)
{
    pthread_mutex_lock(&list->mutex);
    list->fetching = false;
    list->tried = true;
    list->next = clock_monotonic_us() + seconds * 1000000;
    pthread_cond_broadcast(&list->settled);
    pthread_mutex_unlock(&list->mutex);
}

static void settle_fresh(void *context)
{
    settle(context, FRESH_SECONDS);
}

/* llama.cpp's server says more of its one model elsewhere. */
static bool is_llama(struct openai_list *list)
{
    pthread_mutex_lock(&list->mutex);
    const json_t *entry = json_array_get(list->models, 0);
    const char *owner = json_string_value(json_object_get(entry, "owned_by"));
    bool one = json_array_size(list->models) == 1;
    pthread_mutex_unlock(&list->mutex);
    return one && owner && strcmp(owner, "llamacpp") == 0;
}

/* Once when it begins and once when it is over. A server without a list of models is reached. */
static void note_change(struct openai_list *list, enum loop_end end,
                        const struct treadle_error *error)
{
    bool failing = end == LOOP_FAILED && error->code != TREADLE_EREMOTE;
    struct log *log = list->server->means.log;
    if (end == LOOP_CANCELLED || failing == list->failing)
        return;
    list->failing = failing;
    if (failing)
        log_write(log, LOG_WARNING, "model_server_unreachable", "url", list->server->models_url,
                  "error", error->message, NULL);
    else
        log_write(log, LOG_INFO, "model_server_reached", "url", list->server->models_url, NULL);
}

static void on_done(void *context, enum loop_end end, const struct treadle_error *error)
{
    struct openai_list *list = context;
    buffer_clear(&list->body);
    note_change(list, end, error);
    if (end != LOOP_OK)
        settle(list, FAILED_SECONDS);
    else if (is_llama(list))
        openai_props_fetch(list->props, settle_fresh, list);
    else
        settle_fresh(list);
}

static const struct loop_handler list_handler = {
    .bytes = on_bytes, .end = on_end, .again = on_again, .done = on_done};

static void fetch(struct openai_list *list)
{
    struct loop_exchange exchange = openai_exchange(list->server);
    exchange.url = list->server->models_url;
    exchange.connect_seconds = CONNECT_SECONDS;
    exchange.first_seconds = exchange.idle_seconds = SILENCE_SECONDS;
    exchange.attempts = 1;
    exchange.handler = &list_handler;
    exchange.context = list;
    pthread_mutex_lock(&list->mutex);
    bool forget = list->forget;
    list->forget = false;
    pthread_mutex_unlock(&list->mutex);
    if (forget) {
        openai_facts_forget(list->server->facts);
        openai_props_forget(list->props);
    }
    if (loop_submit(list->server->means.loop, &exchange, NULL))
        settle(list, FAILED_SECONDS);
}

void openai_list_expire(struct openai_list *list, bool restarted)
{
    pthread_mutex_lock(&list->mutex);
    list->next = 0;
    list->forget |= restarted;
    pthread_mutex_unlock(&list->mutex);
}

static void wait_settled(struct openai_list *list)
{
    int rc = 0;
    while (!list->tried && !rc)
        rc = pthread_cond_timedwait(&list->settled, &list->mutex, &list->patience);
}

void openai_list_refresh(struct openai_list *list, bool wait)
{
    pthread_mutex_lock(&list->mutex);
    bool due = !list->fetching && clock_monotonic_us() >= list->next;
    list->fetching |= due;
    if (due && !list->patience.tv_sec) {
        clock_gettime(CLOCK_MONOTONIC, &list->patience);
        list->patience.tv_sec += WAIT_SECONDS;
    }
    pthread_mutex_unlock(&list->mutex);
    if (due)
        fetch(list);
    pthread_mutex_lock(&list->mutex);
    if (wait)
        wait_settled(list);
    pthread_mutex_unlock(&list->mutex);
}

int openai_list_copy(struct openai_list *list, struct arena *arena, struct model_info *out,
                     size_t room, size_t *count, struct treadle_error *error)
{
    int rc = 0;
    pthread_mutex_lock(&list->mutex);
    for (size_t i = 0; !rc && i < json_array_size(list->models) && *count < room; i++) {
        const json_t *entry = json_array_get(list->models, i);
        const char *owner = json_string_value(json_object_get(entry, "owned_by"));
        const json_t *created = json_object_get(entry, "created");
        struct model_info *info = &out[*count];
        info->id = arena_string(arena, json_string_value(json_object_get(entry, "id")));
        info->owned_by = arena_string(arena, owner && *owner ? owner : "model-server");
        info->created = json_is_integer(created) ? json_integer_value(created) : 0;
        rc = info->id && info->owned_by ? 0 : error_set_memory(error);
        *count += rc == 0;
    }
    pthread_mutex_unlock(&list->mutex);
    return rc;
}

/* Under the mutex. */
static const json_t *find_entry(const struct openai_list *list, const char *name)
{
    for (size_t i = 0; i < json_array_size(list->models); i++) {
        const json_t *entry = json_array_get(list->models, i);
        if (strcmp(json_string_value(json_object_get(entry, "id")), name) == 0)
            return entry;
    }
    return NULL;
}

bool openai_list_knows(struct openai_list *list, const char *name)
{
    openai_list_refresh(list, false);
    pthread_mutex_lock(&list->mutex);
    bool known = find_entry(list, name) != NULL;
    pthread_mutex_unlock(&list->mutex);
    return known;
}

/* ---- Context sizes -------------------------------------------------------------------------- */

int64_t openai_list_entry_context(const json_t *entry, int64_t configured)
{
    static const char *const trained[] = {"n_ctx_train", NULL};
    int64_t size = own_context(entry);
    if (!size)
        size = configured;
    return size ? size : first_count(json_object_get(entry, "meta"), trained);
}

int64_t openai_list_context(struct openai_list *list, const char *name, int64_t configured)
{
    openai_list_refresh(list, false);
    pthread_mutex_lock(&list->mutex);
    const json_t *entry = find_entry(list, name);
    /* A server with one model mostly answers to every name. */
    if (!entry && json_array_size(list->models) == 1)
        entry = json_array_get(list->models, 0);
    int64_t size = openai_list_entry_context(entry, configured);
    pthread_mutex_unlock(&list->mutex);
    return size;
}

/* ---- Life ----------------------------------------------------------------------------------- */

int openai_list_new(struct openai_list **out, struct openai *server, struct treadle_error *error)
{
    struct openai_list *list = calloc(1, sizeof *list);
    pthread_condattr_t attributes;
    if (!list)
        return error_set_memory(error);
    list->server = server;
    if (openai_props_new(&list->props, server, error)) {
        free(list);
        return error->code;
    }
    buffer_init(&list->body, LIST_BYTES);
    pthread_mutex_init(&list->mutex, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&list->settled, &attributes);
    pthread_condattr_destroy(&attributes);
    *out = list;
    return 0;
}

void openai_list_free(struct openai_list *list)
{
    if (!list)
        return;
    json_decref(list->models);
    openai_props_free(list->props);
    buffer_clear(&list->body);
    pthread_cond_destroy(&list->settled);
    pthread_mutex_destroy(&list->mutex);
    free(list);
}
