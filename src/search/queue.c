/*
 * Queue: chooses by look-ups in two indexes of the waiting rows, by level and by age.
 */
#include "search/queue.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "store/pending_file_record.h"

enum {
    LAST_LEVEL = 3,
    MOST_PROJECTS = 100, /* looked at for one choice */
    LONGEST_PAUSE = 60,  /* seconds between two attempts */
    MOST_KILLS = 5       /* attempts at a file whose reader is killed each time */
};

static const int64_t second_us = 1000000;
static const int64_t give_up_us = 3600 * second_us;

/* Processor time is not measured, so this is time by the clock. */
static const int64_t allowed_us[LAST_LEVEL] = {2 * second_us, 16 * second_us, 128 * second_us};

int queue_level(int64_t bytes)
{
    return bytes <= 1 << 20 ? 0 : bytes <= 32 << 20 ? 1 : 2;
}

/* ---- Choosing ------------------------------------------------------------------------------- */

/* One choice in progress. */
struct choice {
    struct queue *queue;
    const struct queue_reading *self; /* a reading that asks whether it may continue, or NULL */
    bool patient;
    int64_t seq; /* 0: none yet */
    int level;
    size_t rivals; /* of its project, being read */
    char project[QUEUE_PROJECT];
};

static bool is_delayed(const struct queue *queue, int64_t seq)
{
    int64_t now = queue->delay_count ? clock_monotonic_us() : 0;
    for (size_t i = 0; queue->delay_count && i < QUEUE_DELAYS; i++)
        if (queue->delays[i].seq == seq)
            return queue->delays[i].due_us > now;
    return false;
}

static bool is_read_by_another(const struct choice *choice, int64_t seq)
{
    for (size_t i = 0; i < QUEUE_READINGS; i++) {
        const struct queue_reading *reading = choice->queue->readings[i];
        if (reading && reading != choice->self && reading->seq == seq)
            return true;
    }
    return false;
}

static size_t count_rivals(const struct choice *choice, const char *project)
{
    size_t count = 0;
    for (size_t i = 0; i < QUEUE_READINGS; i++) {
        const struct queue_reading *reading = choice->queue->readings[i];
        count += reading && reading != choice->self && strcmp(reading->project, project) == 0;
    }
    return count;
}

/* The first of a project's files, in the order of this thread, that may be read now. */
static bool consider(void *context, int64_t seq, int level)
{
    struct choice *choice = context;
    if (is_delayed(choice->queue, seq) || is_read_by_another(choice, seq))
        return true;
    choice->seq = seq;
    choice->level = level;
    return false;
}

static int first_file(struct db_session *session, struct choice *choice, const char *project,
                      struct treadle_error *error)
{
    int rc = pending_file_record_each(session, project, choice->patient, consider, choice, error);
    if (rc || !choice->seq)
        return rc;
    choice->rivals = count_rivals(choice, project);
    snprintf(choice->project, sizeof choice->project, "%s", project);
    return 0;
}

static int choose(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct choice *best = argument;
    const char *start = best->queue->last_project;
    char project[QUEUE_PROJECT], next[QUEUE_PROJECT];
    bool wrapped = false;
    snprintf(project, sizeof project, "%s", start);
    for (int i = 0; i < MOST_PROJECTS; i++) {
        struct choice choice = *best;
        int rc = pending_file_record_next_project(session, project, next, sizeof next, error);
        if (rc < 0 || (rc == 0 && wrapped))
            return rc;
        if (rc == 0) {
            wrapped = true;
            project[0] = '\0';
            continue;
        }
        if (wrapped && strcmp(next, start) > 0)
            return 0;
        memcpy(project, next, sizeof project);
        choice.seq = 0;
        rc = first_file(session, &choice, project, error);
        if (rc < 0)
            return rc;
        if (choice.seq && (!best->seq || choice.rivals < best->rivals))
            *best = choice;
        if (best->seq && best->rivals == 0)
            return 0;
    }
    return 0;
}

int queue_take(struct queue *queue, bool patient, struct queue_reading *out,
               struct treadle_error *error)
{
    struct choice choice = {.queue = queue, .patient = patient};
    int rc = db_read(queue->db, choose, &choice, error);
    if (rc)
        return rc;
    out->seq = choice.seq;
    if (!choice.seq)
        return 0;
    out->level = choice.level < 0 || choice.level > LAST_LEVEL ? LAST_LEVEL : choice.level;
    out->first_level = out->level;
    out->since_us = clock_monotonic_us();
    out->patient = patient;
    atomic_init(&out->stop, false);
    atomic_init(&out->yields, false);
    memcpy(out->project, choice.project, sizeof out->project);
    memcpy(queue->last_project, choice.project, sizeof queue->last_project);
    for (size_t i = 0; i < QUEUE_READINGS; i++) {
        if (!queue->readings[i]) {
            queue->readings[i] = out;
            return 0;
        }
    }
    return error_set(error, TREADLE_ELIMIT, "too many files are read at once");
}

void queue_leave(struct queue *queue, struct queue_reading *reading)
{
    for (size_t i = 0; i < QUEUE_READINGS; i++)
        if (queue->readings[i] == reading)
            queue->readings[i] = NULL;
}

/* ---- Yielding ------------------------------------------------------------------------------- */

struct review {
    struct queue *queue;
    struct queue_reading *reading;
    bool wanted;
};

static int look_up(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct review *review = argument;
    return pending_file_record_wanted(session, review->reading->seq, &review->wanted, error);
}

int queue_wants(struct queue *queue, struct queue_reading *reading, bool *wanted,
                struct treadle_error *error)
{
    struct review review = {.queue = queue, .reading = reading};
    int rc = db_read(queue->db, look_up, &review, error);
    if (!rc)
        *wanted = review.wanted;
    return rc;
}

static int write_level(struct db_session *session, void *argument, struct treadle_error *error)
{
    const struct review *review = argument;
    return pending_file_record_set_level(session, review->reading->seq, review->reading->level,
                                         error);
}

/* Raises the level of a reading that took longer than its level allows. `over` becomes whether its
 * time is used up. */
static int raise_level(struct review *review, bool *over, struct treadle_error *error)
{
    struct queue_reading *reading = review->reading;
    int64_t took = clock_monotonic_us() - reading->since_us;
    int level = reading->level;
    int granted = reading->patient ? reading->first_level : 0;
    *over = granted < LAST_LEVEL && took >= allowed_us[granted];
    while (reading->level < LAST_LEVEL && took >= allowed_us[reading->level])
        reading->level++;
    return reading->level == level ? 0 : db_write(review->queue->db, write_level, review, error);
}

static int review_reading(struct queue *queue, struct queue_reading *reading, bool *yields,
                          struct treadle_error *error)
{
    struct review review = {.queue = queue, .reading = reading};
    bool over = false, wanted = true;
    int rc = queue_wants(queue, reading, &wanted, error);
    if (!wanted) {
        atomic_store(&reading->stop, true);
        return 0;
    }
    if (!rc)
        rc = raise_level(&review, &over, error);
    if (rc || !over || *yields)
        return rc;
    struct choice choice = {.queue = queue, .self = reading, .patient = reading->patient};
    rc = db_read(queue->db, choose, &choice, error);
    if (rc || !choice.seq || choice.seq == reading->seq)
        return rc;
    *yields = true;
    atomic_store(&reading->yields, true);
    atomic_store(&reading->stop, true);
    return 0;
}

int queue_review(struct queue *queue, struct treadle_error *error)
{
    bool yields = false;
    int rc = 0;
    for (size_t i = 0; i < QUEUE_READINGS; i++)
        yields = yields || (queue->readings[i] && atomic_load(&queue->readings[i]->yields));
    for (size_t i = 0; i < QUEUE_READINGS && !rc; i++)
        if (queue->readings[i] && !atomic_load(&queue->readings[i]->stop))
            rc = review_reading(queue, queue->readings[i], &yields, error);
    return rc;
}

/* ---- Trying again --------------------------------------------------------------------------- */

/* The row's delay, or a free entry; an entry that was due long ago belongs to a row that is
 * gone. */
static struct queue_delay *find_delay(struct queue *queue, int64_t seq, int64_t now)
{
    struct queue_delay *free = NULL;
    for (size_t i = 0; i < QUEUE_DELAYS; i++) {
        struct queue_delay *delay = &queue->delays[i];
        if (delay->seq == seq)
            return delay;
        if (!delay->seq || delay->due_us + give_up_us < now)
            free = delay;
    }
    return free;
}

static void forget(struct queue *queue, struct queue_delay *delay)
{
    queue->delay_count -= delay->seq != 0;
    *delay = (struct queue_delay){.seq = 0};
}

bool queue_retry(struct queue *queue, int64_t seq, int rc, unsigned *seconds)
{
    int64_t now = clock_monotonic_us();
    bool may_pass = rc == TREADLE_EIO || rc == TREADLE_EMEMORY || rc == TREADLE_EBUSY;
    if (!may_pass && !queue->delay_count)
        return false;
    struct queue_delay *delay = find_delay(queue, seq, now);
    *seconds = 1;
    if (!delay)
        return may_pass;
    if (delay->seq != seq)
        forget(queue, delay);
    bool spent = delay->seq && (now - delay->first_us > give_up_us ||
                                (rc == TREADLE_EBUSY && delay->attempts + 1 >= MOST_KILLS));
    if (!may_pass || spent) {
        forget(queue, delay);
        return false;
    }
    if (!delay->seq) {
        *delay = (struct queue_delay){.seq = seq, .first_us = now};
        queue->delay_count++;
    }
    for (unsigned i = 0; i < delay->attempts && *seconds < LONGEST_PAUSE; i++)
        *seconds *= 2;
    *seconds = *seconds < LONGEST_PAUSE ? *seconds : LONGEST_PAUSE;
    delay->attempts++;
    delay->due_us = now + *seconds * second_us;
    return true;
}
