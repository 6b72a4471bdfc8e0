/*
 * Vectorising.
 *
 * The list of stores to look at is kept in memory. A file's text is read and its vectors are
 * computed without a lock of its index; they are written only if the file is still the same.
 */
#include "search/vectorise.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/error.h"
#include "base/thread.h"
#include "search/vectors.h"
#include "search/windows.h"

enum {
    BATCH = 16,
    MOST_MEMBERS = 8,
    WINDOWS_A_MEMBER = 200,
    TEXT_BYTES = 256 << 20,
    PAUSE_SECONDS = 30,
    LOWER_PRIORITY = 5
};

struct waiting_store {
    struct waiting_store *next;
    char id[SEARCH_ID_BYTES + 1];
};

struct vectorise {
    struct search *search;
    struct search_embedder embedder;
    pthread_t thread;
    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t wake;
    struct waiting_store *first;
    bool busy; /* with a store that was taken off the list */
    bool all;  /* the directory is to be searched for stores */
    bool stop;
    struct search_progress progress;
    atomic_bool stopping;
};

/* A file whose vectors are being made. */
struct work {
    struct arena *arena;
    struct index_db_file file;
    struct buffer text;
    struct window_chunk *chunks;
    size_t chunk_count;
    struct window *windows;
    size_t window_count;
    struct vectors_place *places;
    int8_t *vectors;
};

/* ---- The list ------------------------------------------------------------------------------- */

static void add_store(struct vectorise *vectorise, const char *store_id)
{
    struct waiting_store **at = &vectorise->first;
    while (*at && strcmp((*at)->id, store_id) != 0)
        at = &(*at)->next;
    if (*at || strlen(store_id) > SEARCH_ID_BYTES)
        return;
    struct waiting_store *store = calloc(1, sizeof *store);
    if (!store) {
        vectorise->all = true; /* then a look at all stores finds it */
        return;
    }
    memcpy(store->id, store_id, strlen(store_id));
    *at = store;
}

void vectorise_wake(struct vectorise *vectorise, const char *store_id)
{
    if (!vectorise)
        return;
    pthread_mutex_lock(&vectorise->mutex);
    add_store(vectorise, store_id);
    pthread_cond_signal(&vectorise->wake);
    pthread_mutex_unlock(&vectorise->mutex);
}

void vectorise_look(struct vectorise *vectorise)
{
    pthread_mutex_lock(&vectorise->mutex);
    vectorise->all = true;
    pthread_cond_signal(&vectorise->wake);
    pthread_mutex_unlock(&vectorise->mutex);
}

const struct search_embedder *vectorise_embedder(const struct vectorise *vectorise)
{
    return vectorise ? &vectorise->embedder : NULL;
}

void vectorise_progress(struct vectorise *vectorise, struct search_progress *out)
{
    *out = (struct search_progress){.version = NULL};
    if (!vectorise)
        return;
    pthread_mutex_lock(&vectorise->mutex);
    *out = vectorise->progress;
    out->version = vectorise->embedder.version;
    out->stores = vectorise->busy || vectorise->all;
    for (const struct waiting_store *at = vectorise->first; at; at = at->next)
        out->stores++;
    pthread_mutex_unlock(&vectorise->mutex);
}

/* ---- One file ------------------------------------------------------------------------------- */

static int read_chunk(void *context, const char *text, size_t length, int64_t overlap,
                      struct treadle_error *error)
{
    struct work *work = context;
    size_t from = overlap < 0 || (size_t)overlap > length ? length : (size_t)overlap;
    if (work->text.length)
        buffer_append_char(&work->text, '\n');
    struct window_chunk *chunk = &work->chunks[work->chunk_count++];
    chunk->start = work->text.length > from ? work->text.length - from : 0;
    buffer_append(&work->text, text + from, length - from);
    chunk->end = work->text.length;
    return work->text.failed ? error_set_memory(error) : 0;
}

/* The first file without vectors of that version. TREADLE_ENOTFOUND when there is none. */
static int read_file(const struct vectorise *vectorise, struct index_db *db, struct work *work,
                     struct treadle_error *error)
{
    int rc = index_db_next_file(db, vectorise->embedder.version, work->arena, &work->file, error);
    if (rc)
        return rc;
    work->chunks = arena_array(work->arena, (size_t)work->file.chunks + 1, sizeof *work->chunks);
    if (!work->chunks)
        return error_set_memory(error);
    return index_db_each_text(db, work->file.file, work->file.chunks, read_chunk, work, error);
}

static int cut(struct work *work, struct treadle_error *error)
{
    struct language *language = NULL;
    int rc = language_new(&language, work->file.language, error);
    if (!rc)
        rc = window_cut(language, work->text.length ? work->text.data : "", work->text.length,
                        work->chunks, work->chunk_count, work->arena, &work->windows,
                        &work->window_count, error);
    language_free(language);
    return rc;
}

/* Questions and reading come first. */
static void lower_priority(void)
{
    setpriority(PRIO_PROCESS, (id_t)gettid(), LOWER_PRIORITY);
}

static void report(struct vectorise *vectorise, size_t done, size_t total)
{
    pthread_mutex_lock(&vectorise->mutex);
    vectorise->progress.windows_done = done;
    vectorise->progress.windows = total;
    pthread_mutex_unlock(&vectorise->mutex);
}

/* What the threads that work on one file share. */
struct team {
    struct vectorise *vectorise;
    struct work *work;
    atomic_size_t next; /* the first window that no thread has taken */
    atomic_int result;  /* 0, or the error of one of them */
    pthread_mutex_t mutex;
    struct treadle_error *error; /* guarded by the mutex */
};

static int encode_batch(struct team *team, void *session, size_t first, size_t count,
                        struct treadle_error *error)
{
    const struct search_embedder *embedder = &team->vectorise->embedder;
    struct work *work = team->work;
    struct search_text texts[BATCH];
    float scales[BATCH];
    for (size_t i = 0; i < count; i++) {
        const struct window *window = &work->windows[first + i];
        texts[i] =
            (struct search_text){work->text.data + window->start, window->end - window->start};
    }
    int rc = embedder->encode(session, texts, count, work->vectors + first * embedder->dimensions,
                              scales, error);
    for (size_t i = 0; i < count && !rc; i++) {
        const struct window *window = &work->windows[first + i];
        size_t chunk = work->chunks[window->first].start;
        work->places[first + i] = (struct vectors_place){
            .first = window->first,
            .last = window->last,
            .start = (uint32_t)(window->start > chunk ? window->start - chunk : 0),
            .length = (uint32_t)(window->end - window->start),
            .scale = scales[i],
        };
    }
    return rc;
}

static int encode_batches(struct team *team, struct treadle_error *error)
{
    const struct search_embedder *embedder = &team->vectorise->embedder;
    size_t count = team->work->window_count, first;
    void *session = NULL;
    int rc = embedder->begin(embedder->context, true, &session, error);
    while (!rc && !atomic_load(&team->result) &&
           (first = atomic_fetch_add(&team->next, BATCH)) < count) {
        report(team->vectorise, first, count);
        rc = atomic_load(&team->vectorise->stopping)
                 ? error_set(error, TREADLE_ESTATE, "The server stops.")
                 : encode_batch(team, session, first, count - first < BATCH ? count - first : BATCH,
                                error);
    }
    if (session)
        embedder->end(session);
    return rc;
}

static void *run_member(void *argument)
{
    struct team *team = argument;
    struct treadle_error error;
    lower_priority();
    int rc = encode_batches(team, &error);
    pthread_mutex_lock(&team->mutex);
    if (rc && !atomic_exchange(&team->result, rc))
        *team->error = error;
    pthread_mutex_unlock(&team->mutex);
    return NULL;
}

/* As many threads as there are processors share a file of many windows. */
static int encode(struct vectorise *vectorise, struct work *work, struct treadle_error *error)
{
    struct team team = {
        .vectorise = vectorise, .work = work, .mutex = PTHREAD_MUTEX_INITIALIZER, .error = error};
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    size_t most = processors > 1 && processors < MOST_MEMBERS ? (size_t)processors : MOST_MEMBERS;
    size_t wanted = work->window_count / WINDOWS_A_MEMBER;
    pthread_t members[MOST_MEMBERS];
    work->places = calloc(work->window_count + 1, sizeof *work->places);
    work->vectors = calloc(work->window_count + 1, vectorise->embedder.dimensions);
    if (!work->places || !work->vectors)
        return error_set_memory(error);
    wanted = wanted < most ? wanted : most;
    size_t others = wanted > 1 ? thread_start(members, wanted - 1, run_member, &team) : 0;
    run_member(&team);
    for (size_t i = 0; i < others; i++)
        pthread_join(members[i], NULL);
    pthread_mutex_destroy(&team.mutex);
    return atomic_load(&team.result);
}

/* Whether the row still belongs to that file: another file may have got its number. */
static int check_file(struct index_db *db, const struct work *work, struct treadle_error *error)
{
    int64_t file;
    int rc = index_db_find_file(db, work->file.file_id, &file, error);
    return rc ? rc : file == work->file.file ? 0 : TREADLE_ENOTFOUND;
}

static int store_vectors(struct vectorise *vectorise, struct search_index *index,
                         const struct work *work, struct treadle_error *error)
{
    const struct vectors_of_file vectors = {
        .file = work->file.file,
        .version = vectorise->embedder.version,
        .dimensions = vectorise->embedder.dimensions,
        .count = work->window_count,
        .places = work->places,
        .vectors = work->vectors,
    };
    pthread_mutex_lock(&index->writing);
    int rc = index_db_begin(index->writer, error);
    if (!rc) {
        rc = check_file(index->writer, work, error);
        if (!rc)
            rc = vectors_add(vectorise->search, index, &vectors, error);
        rc = index_db_end(index->writer, rc, error);
    }
    pthread_mutex_unlock(&index->writing);
    /* A store that was deleted in between must not leave anything. */
    if (search_index_is_removed(vectorise->search, index))
        vectors_remove(vectorise->search, index);
    return rc == TREADLE_ENOTFOUND ? 0 : rc;
}

static int do_file(struct vectorise *vectorise, struct search_index *index, struct work *work,
                   struct treadle_error *error)
{
    pthread_mutex_lock(&index->reading);
    int rc = read_file(vectorise, index->reader, work, error);
    pthread_mutex_unlock(&index->reading);
    if (!rc)
        rc = cut(work, error);
    if (!rc)
        rc = encode(vectorise, work, error);
    return rc ? rc : store_vectors(vectorise, index, work, error);
}

/* ---- One store ------------------------------------------------------------------------------ */

static int next_file(struct vectorise *vectorise, struct search_index *index,
                     struct treadle_error *error)
{
    struct work work = {.arena = arena_new(0)};
    if (!work.arena)
        return error_set_memory(error);
    buffer_init(&work.text, TEXT_BYTES);
    int rc = do_file(vectorise, index, &work, error);
    buffer_clear(&work.text);
    free(work.places);
    free(work.vectors);
    arena_free(work.arena);
    return rc;
}

static int do_store(struct vectorise *vectorise, const char *store_id, struct treadle_error *error)
{
    struct search_index *index = NULL;
    int rc = search_index_acquire(vectorise->search, store_id, false, &index, error);
    if (rc || !index)
        return rc;
    pthread_mutex_lock(&index->writing);
    rc = vectors_check(vectorise->search, index, error);
    pthread_mutex_unlock(&index->writing);
    while (!rc && !search_index_is_removed(vectorise->search, index))
        rc = next_file(vectorise, index, error);
    search_index_release(vectorise->search, index);
    return rc == TREADLE_ENOTFOUND ? 0 : rc;
}

/* ---- The thread ----------------------------------------------------------------------------- */

static int note_store(void *context, const char *store_id)
{
    vectorise_wake(context, store_id);
    return 0;
}

/* Takes the next store off the list into `id`; false when the thread is to end. */
static bool take_store(struct vectorise *vectorise, char id[SEARCH_ID_BYTES + 1], bool *look)
{
    pthread_mutex_lock(&vectorise->mutex);
    vectorise->busy = false;
    while (!vectorise->first && !vectorise->all && !vectorise->stop)
        pthread_cond_wait(&vectorise->wake, &vectorise->mutex);
    struct waiting_store *store = vectorise->first;
    *look = vectorise->all;
    if (!*look && store) {
        memcpy(id, store->id, sizeof store->id);
        vectorise->first = store->next;
        free(store);
    }
    vectorise->all = false;
    vectorise->busy = true;
    bool stop = vectorise->stop;
    pthread_mutex_unlock(&vectorise->mutex);
    return !stop;
}

static void set_problem(struct vectorise *vectorise, const char *message)
{
    pthread_mutex_lock(&vectorise->mutex);
    snprintf(vectorise->progress.problem, sizeof vectorise->progress.problem, "%s", message);
    vectorise->progress.windows_done = vectorise->progress.windows = 0;
    pthread_mutex_unlock(&vectorise->mutex);
}

/* The failure may pass: the disk is full, or the embedding server cannot be reached. */
static void pause_after(struct vectorise *vectorise, const char *store_id)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PAUSE_SECONDS;
    pthread_mutex_lock(&vectorise->mutex);
    add_store(vectorise, store_id);
    vectorise->busy = false;
    while (!vectorise->stop &&
           pthread_cond_timedwait(&vectorise->wake, &vectorise->mutex, &until) == 0)
        ;
    pthread_mutex_unlock(&vectorise->mutex);
}

static void *run(void *argument)
{
    struct vectorise *vectorise = argument;
    struct treadle_error error;
    char id[SEARCH_ID_BYTES + 1];
    bool look;
    lower_priority();
    while (take_store(vectorise, id, &look)) {
        if (look) {
            search_each_store(vectorise->search, note_store, vectorise, &error);
            continue;
        }
        int rc = do_store(vectorise, id, &error);
        set_problem(vectorise, rc ? error.message : "");
        if (rc)
            pause_after(vectorise, id);
    }
    return NULL;
}

int vectorise_start(struct vectorise **out, struct search *search,
                    const struct search_embedder *embedder, struct treadle_error *error)
{
    struct vectorise *vectorise = calloc(1, sizeof *vectorise);
    if (!vectorise)
        return error_set_memory(error);
    vectorise->search = search;
    vectorise->embedder = *embedder;
    vectorise->all = true;
    pthread_mutex_init(&vectorise->mutex, NULL);
    pthread_cond_init(&vectorise->wake, NULL);
    if (!thread_start(&vectorise->thread, 1, run, vectorise)) {
        pthread_cond_destroy(&vectorise->wake);
        pthread_mutex_destroy(&vectorise->mutex);
        free(vectorise);
        return error_set(error, TREADLE_EMEMORY, "A thread could not be started.");
    }
    *out = vectorise;
    return 0;
}

void vectorise_stop(struct vectorise *vectorise)
{
    if (!vectorise)
        return;
    atomic_store(&vectorise->stopping, true);
    pthread_mutex_lock(&vectorise->mutex);
    vectorise->stop = true;
    pthread_cond_signal(&vectorise->wake);
    pthread_mutex_unlock(&vectorise->mutex);
    pthread_join(vectorise->thread, NULL);
    while (vectorise->first) {
        struct waiting_store *store = vectorise->first;
        vectorise->first = store->next;
        free(store);
    }
    pthread_cond_destroy(&vectorise->wake);
    pthread_mutex_destroy(&vectorise->mutex);
    free(vectorise);
}
