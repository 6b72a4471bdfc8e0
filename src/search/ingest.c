/*
 * Ingest: each thread claims a row under a mutex, works without it, and writes the outcome in one
 * transaction with the vector store's counts. One more thread watches the rows that are being read
 * (queue.h). A row that was removed or cancelled in between is missing when the outcome is written;
 * what was indexed for it is then removed, unless the file was added again. A failure that may pass
 * has no outcome, so the row stays in_progress and is claimed again.
 */
#include "search/ingest.h"

#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "api/types.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/thread.h"
#include "search/queue.h"
#include "store/pending_file_record.h"
#include "store/vector_store_file_record.h"
#include "store/vector_store_record.h"

enum { RETRY_SECONDS = 2, REVIEW_MS = 100 };

struct ingest {
    struct ingest_options options;
    struct fork_server *readers;
    atomic_bool stop;
    atomic_flag announced;
    _Atomic(const char *) sandbox; /* NULL: not known yet */
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    unsigned long wakes; /* guarded by mutex, as the next */
    struct queue queue;
    size_t started; /* threads that read */
    size_t thread_count;
    pthread_t threads[QUEUE_READINGS];
    pthread_t reviewer;
    bool reviewed; /* that thread was started */
};

/* One row in work. */
struct work {
    struct ingest *ingest;
    struct arena *arena;
    struct queue_reading reading;
    struct pending_file file;
    int64_t usage;
    struct treadle_file_notice *notices;
    size_t notice_count;
    struct treadle_error problem; /* code 0: success */
    bool lasting;                 /* trying again does not help: the contents are damaged */
    bool found;                   /* the row is still there */
    bool wanted;                  /* the file is to be searchable, by this row or another */
};

/* ---- Claiming ------------------------------------------------------------------------------- */

static int load_row(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct work *work = argument;
    int rc = pending_file_record_load(session, work->reading.seq, work->arena, &work->file, error);
    if (rc)
        return rc == TREADLE_ENOTFOUND ? 0 : rc;
    work->found = work->file.row_problem.code == 0;
    work->problem = work->file.file_problem;
    return 0;
}

/* A row that cannot be read would be the next one for ever. The status is a column beside the row's
 * text, so such a row can still be marked as failed. */
static int set_aside(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct work *work = argument;
    struct treadle_vector_store store;
    int rc = pending_file_record_fail(session, work->reading.seq, error);
    if (rc)
        return rc;
    /* If the store cannot be read either, its counts stay as they are, and `treadle check` reports
     * them. */
    rc = vector_store_load(session, NULL, work->file.store_id, work->arena, &store, error);
    if (rc)
        return rc == TREADLE_EMEMORY || rc == TREADLE_EIO ? rc : 0;
    vector_store_count(&store, TREADLE_VECTOR_STORE_FILE_IN_PROGRESS,
                       TREADLE_VECTOR_STORE_FILE_FAILED, 0);
    return vector_store_save(session, &store, work->arena, error);
}

/* Skips a row that cannot be read. */
static int pass_over(struct work *work, struct treadle_error *error)
{
    log_write(work->ingest->options.log, LOG_ERROR, "ingest_row", "file", work->file.file_id,
              "vector_store", work->file.store_id, "error", work->file.row_problem.message, NULL);
    int rc = db_write(work->ingest->options.db, set_aside, work, error);
    if (!rc)
        work->ingest->wakes++;
    return rc;
}

/* 1 with a row to work on, 0 when there is none at present, a negative code when the database
 * fails. Called with the mutex held. */
static int claim(struct ingest *ingest, struct work *work, bool patient)
{
    struct treadle_error error;
    int rc = work->arena ? queue_take(&ingest->queue, patient, &work->reading, &error)
                         : error_set_memory(&error);
    if (!rc && work->reading.seq)
        rc = db_read(ingest->options.db, load_row, work, &error);
    if (!rc && work->file.row_problem.code)
        rc = pass_over(work, &error);
    if (rc)
        log_write(ingest->options.log, LOG_ERROR, "ingest_claim", "error", error.message, NULL);
    if (!work->found)
        queue_leave(&ingest->queue, &work->reading);
    return rc ? rc : work->found;
}

/* ---- Working -------------------------------------------------------------------------------- */

static int index_document(struct work *work, const struct document *document,
                          struct treadle_error *error)
{
    const struct treadle_chunking_strategy *strategy = work->file.row.chunking_strategy;
    struct search_file file = {.store_id = work->file.store_id,
                               .file_id = work->file.file_id,
                               .filename = work->file.filename,
                               .stop = &work->reading.stop};
    if (strategy && strategy->static_chunking) {
        file.chunk_tokens = (size_t)strategy->static_chunking->max_chunk_size_tokens;
        file.overlap_tokens = (size_t)strategy->static_chunking->chunk_overlap_tokens;
    }
    return search_add(work->ingest->options.search, &file, document, &work->usage, error);
}

static int keep_notices(struct work *work, const struct document *document,
                        struct treadle_error *error)
{
    if (document->notice_count == 0)
        return 0;
    struct treadle_file_notice *notices =
        arena_array(work->arena, document->notice_count, sizeof *notices);
    if (!notices)
        return error_set_memory(error);
    for (size_t i = 0; i < document->notice_count; i++) {
        const struct document_notice *notice = &document->notices[i];
        notices[i] = (struct treadle_file_notice){
            .code = notice->code,
            .message = arena_string(work->arena, notice->message),
            .pages = arena_string(work->arena, notice->pages),
            .page_count = (int64_t)notice->page_count,
        };
        if (!notices[i].message || !notices[i].pages)
            return error_set_memory(error);
    }
    work->notices = notices;
    work->notice_count = document->notice_count;
    return 0;
}

/* Whether the row or the file was deleted while it was read, which is no fault. */
static bool is_gone(struct work *work)
{
    struct treadle_error error;
    bool wanted = true;
    return !queue_wants(&work->ingest->queue, &work->reading, &wanted, &error) && !wanted;
}

static void work_on(struct work *work)
{
    struct ingest *ingest = work->ingest;
    struct document_options options = ingest->options.document;
    struct document *document = NULL;
    struct treadle_error *error = &work->problem;
    char pages[16] = "", milliseconds[24];
    uint64_t length;
    int descriptor = -1;
    int64_t start = clock_monotonic_us();
    options.stop = &work->reading.stop;
    int rc = work->problem.code;
    work->lasting = rc != 0;
    if (!rc)
        rc = blob_read(ingest->options.blobs, work->file.file_id, &descriptor, &length, error);
    if (!rc)
        rc = blob_verify(descriptor, work->file.file_id, &work->file.sum, error);
    work->lasting = work->lasting || (rc == TREADLE_EIO && descriptor >= 0);
    if (!rc)
        rc = document_read(&document, descriptor, work->file.filename, &options, error);
    if (!rc)
        rc = keep_notices(work, document, error);
    if (!rc) {
        snprintf(pages, sizeof pages, "%d", document->page_count);
        rc = index_document(work, document, error);
    }
    if (!rc)
        work->problem.code = 0;
    document_free(document);
    if (descriptor >= 0)
        close(descriptor);
    /* Returns memory to the system: a large document takes many times what an idle server needs. */
    malloc_trim(0);
    snprintf(milliseconds, sizeof milliseconds, "%lld",
             (long long)(clock_monotonic_us() - start) / 1000);
    if (rc && rc != TREADLE_ESTATE && is_gone(work)) {
        work->problem.code = rc = TREADLE_ESTATE;
        atomic_store(&work->reading.stop, true);
    }
    bool stopped = rc == TREADLE_ESTATE;
    log_write(ingest->options.log, rc && !stopped ? LOG_WARNING : LOG_INFO,
              stopped ? "ingest_stop" : "ingest", "file", work->file.file_id, "vector_store",
              work->file.store_id, "pages", pages, "ms", milliseconds, "error",
              rc ? work->problem.message : NULL, NULL);
}

/* ---- The outcome ---------------------------------------------------------------------------- */

static const char *error_word(int code)
{
    switch (code) {
    case TREADLE_EUNSUPPORTED:
        return "unsupported_file";
    case TREADLE_EPARSE:
    case TREADLE_ELIMIT:
    case TREADLE_ETIMEOUT:
        return "invalid_file";
    default:
        return "server_error";
    }
}

/* The row is read again, since its attributes may have been changed in between. */
static int write_row(struct db_session *session, struct work *work, struct treadle_error *error)
{
    struct treadle_last_error last_error = {.code = error_word(work->problem.code),
                                            .message = work->problem.message};
    bool failed = work->problem.code != 0;
    int rc = vector_store_file_record_load(session, NULL, work->file.store_id, work->file.file_id,
                                           work->arena, &work->file.row, error);
    if (rc)
        return rc;
    work->file.row.status =
        failed ? TREADLE_VECTOR_STORE_FILE_FAILED : TREADLE_VECTOR_STORE_FILE_COMPLETED;
    work->file.row.usage_bytes = failed ? 0 : work->usage;
    work->file.row.last_error = failed ? &last_error : NULL;
    work->file.row.notices = failed ? NULL : work->notices;
    work->file.row.notice_count = failed ? 0 : work->notice_count;
    return vector_store_file_record_save(session, &work->file.row, work->arena, error);
}

static int write_outcome(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct work *work = argument;
    struct treadle_vector_store store;
    int64_t seq = 0;
    int rc = vector_store_file_record_live(session, work->file.store_id, work->file.file_id, &seq,
                                           error);
    if (rc)
        return rc;
    work->wanted = seq != 0;
    work->found = work->wanted && seq == work->reading.seq;
    if (!work->found)
        return 0;
    work->wanted = work->problem.code == 0;
    rc = write_row(session, work, error);
    if (!rc)
        rc = vector_store_load(session, NULL, work->file.store_id, work->arena, &store, error);
    if (rc)
        return rc;
    vector_store_count(&store, TREADLE_VECTOR_STORE_FILE_IN_PROGRESS, work->file.row.status,
                       work->file.row.usage_bytes);
    return vector_store_save(session, &store, work->arena, error);
}

/* Waits for a wake, for so long at most when it is not 0. Called with the mutex held. */
static void wait_for_wake(struct ingest *ingest, unsigned milliseconds)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += milliseconds / 1000;
    until.tv_nsec += (long)(milliseconds % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    if (atomic_load(&ingest->stop))
        return;
    if (milliseconds)
        pthread_cond_timedwait(&ingest->wake, &ingest->mutex, &until);
    else
        pthread_cond_wait(&ingest->wake, &ingest->mutex);
}

/* A full disk must not leave a file in_progress for ever, so the outcome is written again until
 * that succeeds. */
static void finish(struct work *work)
{
    struct ingest *ingest = work->ingest;
    struct treadle_error error;
    while (db_write(ingest->options.db, write_outcome, work, &error)) {
        log_write(ingest->options.log, LOG_ERROR, "ingest_outcome", "file", work->file.file_id,
                  "error", error.message, NULL);
        pthread_mutex_lock(&ingest->mutex);
        wait_for_wake(ingest, RETRY_SECONDS * 1000);
        pthread_mutex_unlock(&ingest->mutex);
        if (atomic_load(&ingest->stop))
            return;
    }
    if (work->wanted)
        return;
    int rc;
    do
        rc = search_remove_file(ingest->options.search, work->file.store_id, work->file.file_id,
                                &error);
    while (rc > 0 && !atomic_load(&ingest->stop));
    if (rc < 0)
        log_write(ingest->options.log, LOG_WARNING, "ingest_remove", "file", work->file.file_id,
                  "error", error.message, NULL);
}

/* ---- Threads -------------------------------------------------------------------------------- */

/* Trying the sandbox takes a moment, which the start of a server should not wait for. */
static void announce_sandbox(struct ingest *ingest)
{
    if (atomic_flag_test_and_set(&ingest->announced))
        return;
    const char *sandbox = document_sandbox(&ingest->options.document);
    const char *advice = document_sandbox_advice(sandbox);
    atomic_store(&ingest->sandbox, sandbox);
    log_write(ingest->options.log, advice ? LOG_WARNING : LOG_INFO, "sandbox", "readers", sandbox,
              "advice", advice, NULL);
}

const char *ingest_sandbox(const struct ingest *ingest)
{
    return atomic_load(&ingest->sandbox);
}

/* Whether the work has an outcome. It has none when the server stops, when the row is gone, when
 * the reading yields to another file, and when it is tried again. */
static bool has_outcome(struct work *work)
{
    struct ingest *ingest = work->ingest;
    unsigned seconds = 0;
    char pause[16];
    if (atomic_load(&ingest->stop))
        return false;
    if (work->problem.code == TREADLE_ESTATE && atomic_load(&work->reading.stop))
        return false;
    if (work->lasting)
        return true;
    pthread_mutex_lock(&ingest->mutex);
    bool again = queue_retry(&ingest->queue, work->reading.seq, work->problem.code, &seconds);
    pthread_mutex_unlock(&ingest->mutex);
    if (!again)
        return true;
    snprintf(pause, sizeof pause, "%u", seconds);
    log_write(ingest->options.log, LOG_WARNING, "ingest_retry", "file", work->file.file_id,
              "seconds", pause, "error", work->problem.message, NULL);
    return false;
}

/* How long to wait before looking for work again. Called with the mutex held. */
static unsigned choose_pause(const struct ingest *ingest, int claimed)
{
    if (claimed < 0)
        return RETRY_SECONDS * 1000;
    return ingest->queue.delay_count ? 500 : 0;
}

static void *run(void *argument)
{
    struct ingest *ingest = argument;
    announce_sandbox(ingest);
    pthread_mutex_lock(&ingest->mutex);
    bool patient = ingest->started++ == 0 && ingest->options.threads != 1;
    while (!atomic_load(&ingest->stop)) {
        struct work work = {.ingest = ingest, .arena = arena_new(0)};
        unsigned long wakes = ingest->wakes;
        int claimed = claim(ingest, &work, patient);
        if (claimed <= 0) {
            arena_free(work.arena);
            if (wakes == ingest->wakes)
                wait_for_wake(ingest, choose_pause(ingest, claimed));
            continue;
        }
        /* The watching thread may be waiting for readings. */
        pthread_cond_broadcast(&ingest->wake);
        pthread_mutex_unlock(&ingest->mutex);
        work_on(&work);
        if (has_outcome(&work))
            finish(&work);
        pthread_mutex_lock(&ingest->mutex);
        queue_leave(&ingest->queue, &work.reading);
        arena_free(work.arena);
        ingest->wakes++;
        pthread_cond_broadcast(&ingest->wake);
    }
    pthread_mutex_unlock(&ingest->mutex);
    return NULL;
}

static bool is_reading(const struct ingest *ingest)
{
    for (size_t i = 0; i < QUEUE_READINGS; i++)
        if (ingest->queue.readings[i])
            return true;
    return false;
}

/* Watches the readings: stops those of files that were deleted or cancelled, and those that yield
 * to others. */
static void *review(void *argument)
{
    struct ingest *ingest = argument;
    struct treadle_error error;
    pthread_mutex_lock(&ingest->mutex);
    while (!atomic_load(&ingest->stop)) {
        wait_for_wake(ingest, is_reading(ingest) ? REVIEW_MS : 0);
        if (queue_review(&ingest->queue, &error))
            log_write(ingest->options.log, LOG_ERROR, "ingest_review", "error", error.message,
                      NULL);
    }
    for (size_t i = 0; i < QUEUE_READINGS; i++)
        if (ingest->queue.readings[i])
            atomic_store(&ingest->queue.readings[i]->stop, true);
    pthread_mutex_unlock(&ingest->mutex);
    return NULL;
}

int ingest_open(struct ingest **out, const struct ingest_options *options,
                struct treadle_error *error)
{
    struct ingest *ingest = calloc(1, sizeof *ingest);
    if (!ingest)
        return error_set_memory(error);
    size_t wanted = options->threads ? options->threads : 2;
    int rc = fork_server_open(&ingest->readers, options->document.reader, error);
    if (rc) {
        free(ingest);
        return rc;
    }
    ingest->options = *options;
    ingest->options.document.server = ingest->readers;
    ingest->queue.db = options->db;
    atomic_flag_clear(&ingest->announced);
    pthread_mutex_init(&ingest->mutex, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&ingest->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    ingest->reviewed = thread_start(&ingest->reviewer, 1, review, ingest) == 1;
    if (ingest->reviewed)
        ingest->thread_count = thread_start(
            ingest->threads, wanted < QUEUE_READINGS ? wanted : QUEUE_READINGS, run, ingest);
    if (!ingest->thread_count) {
        ingest_close(ingest);
        return error_set(error, TREADLE_EMEMORY, "no thread for reading files could be started");
    }
    *out = ingest;
    return 0;
}

void ingest_wake(struct ingest *ingest)
{
    pthread_mutex_lock(&ingest->mutex);
    ingest->wakes++;
    pthread_cond_broadcast(&ingest->wake);
    pthread_mutex_unlock(&ingest->mutex);
}

void ingest_close(struct ingest *ingest)
{
    if (!ingest)
        return;
    atomic_store(&ingest->stop, true);
    ingest_wake(ingest);
    if (ingest->reviewed)
        pthread_join(ingest->reviewer, NULL);
    for (size_t i = 0; i < ingest->thread_count; i++)
        pthread_join(ingest->threads[i], NULL);
    pthread_cond_destroy(&ingest->wake);
    pthread_mutex_destroy(&ingest->mutex);
    fork_server_close(ingest->readers);
    free(ingest);
}
