/*
 * Live runs: publishes changes to followers, in the order of their numbers. A change has a slot in
 * the queue of its run from its transaction until it is settled and all before it are published.
 * What a slot cannot publish at once is kept as frames.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "api/types.h"
#include "base/error.h"
#include "run/live_internal.h"

struct live_slot {
    struct live_slot *next;
    uint64_t turn;       /* in which the change is made */
    int64_t first, last; /* the numbers of its events */
    size_t pieces;       /* how many of the run's pieces it wrote */
    bool settled, over;
    struct buffer frames[2]; /* plain, and with the content of search results */
};

/* ---- Frames --------------------------------------------------------------------------------- */

void live_print_frame(int64_t number, enum treadle_event_type type, const char *data,
                      struct buffer *out)
{
    buffer_append_format(out, "id: %" PRId64 "\nevent: %s\ndata: ", number, event_names[type]);
    buffer_append_string(out, data);
    buffer_append(out, "\n\n", 2);
}

void live_frame_piece(const struct live_run *live, const struct piece *piece, struct buffer *out)
{
    bool step = piece->kind == PIECE_STEP || piece->kind == PIECE_ARGUMENTS;
    enum treadle_event_type type = step ? TREADLE_EVENT_STEP_DELTA : TREADLE_EVENT_MESSAGE_DELTA;
    buffer_append_format(out, "id: %" PRId64 "\nevent: %s\ndata: ", piece->number,
                         event_names[type]);
    if (piece->kind == PIECE_STEP || piece->kind == PIECE_MESSAGE)
        buffer_append(out, live->text.data + piece->start, piece->length);
    else
        run_log_print_delta((enum piece_kind)piece->kind, live->subject, piece->index, piece->opens,
                            live->text.data + piece->start, piece->length, out);
    buffer_append(out, "\n\n", 2);
}

/* ---- Publishing ----------------------------------------------------------------------------- */

static int hand_over(struct live_follower *follower, const char *bytes, size_t length)
{
    if (!length)
        return 0;
    if (follower->catching_up)
        return buffer_append(&follower->held, bytes, length);
    return follower->frames(follower->context, bytes, length);
}

void live_dismiss(struct live_run *live, struct live_follower **at)
{
    struct live_follower *follower = *at;
    *at = follower->next;
    buffer_clear(&follower->held);
    follower->next = live->dismissed;
    live->dismissed = follower;
}

/* The end of a follower may free it, and its reference with it: so not under the lock. */
void live_unlock(struct live_run *live)
{
    struct live_follower *dismissed = live->dismissed;
    live->dismissed = NULL;
    pthread_mutex_unlock(&live->mutex);
    while (dismissed) {
        struct live_follower *next = dismissed->next;
        dismissed->end(dismissed->context);
        dismissed = next;
    }
}

/* The run is over before the number that the follower asked for. */
static bool waits_for_nothing(const struct live_follower *follower, int64_t last, bool ends)
{
    return ends && last < follower->after && !follower->live->slots;
}

/* Sends frames up to that number, unless the follower has read them in the database. False when it
 * is to be dismissed. */
static bool send_frames(struct live_follower *follower, const struct buffer *frames, int64_t last,
                        bool ends)
{
    if (follower->held_end)
        return true;
    if (!follower->catching_up && last <= follower->after) {
        if (!waits_for_nothing(follower, last, ends))
            return true;
        follower->frames(follower->context, LIVE_DONE, strlen(LIVE_DONE));
        return false;
    }
    follower->after = last;
    if (frames->failed || hand_over(follower, frames->data, frames->length))
        return false;
    follower->held_end = ends && follower->catching_up;
    return !ends || follower->catching_up;
}

static void send_all(struct live_run *live, const struct buffer frames[2], int64_t last, bool ends)
{
    for (struct live_follower **at = &live->followers; *at;) {
        if (send_frames(*at, &frames[(*at)->content], last, ends))
            at = &(*at)->next;
        else
            live_dismiss(live, at);
    }
}

void live_send_frames(struct live_run *live)
{
    if (live->frames.length || live->frames.failed) {
        const struct buffer both[2] = {live->frames, live->frames};
        send_all(live, both, live->last, false);
    }
    buffer_reset(&live->frames);
}

/* ---- Changes -------------------------------------------------------------------------------- */

static bool continues(const struct piece *before, const struct piece *piece)
{
    return piece->kind == before->kind && piece->index == before->index && !piece->opens &&
           piece->number == before->number + 1;
}

size_t live_count_joined(const struct live_run *live, size_t at, size_t *length)
{
    const struct piece *piece = &live->pieces[at];
    size_t count = 1;
    *length = piece->length;
    if (piece->kind == PIECE_STEP || piece->kind == PIECE_MESSAGE)
        return 1;
    for (; at + count < live->piece_count && continues(&piece[count - 1], &piece[count]); count++)
        *length += piece[count].length;
    return count;
}

/* Prints the pieces, those of one text that follow each other as one line. */
static int print_pieces(const struct live_run *live, struct buffer *out)
{
    uint32_t *lengths = calloc(live->piece_count + 1, sizeof *lengths);
    if (!lengths)
        return TREADLE_EMEMORY;
    for (size_t i = 0, count; i < live->piece_count; i += count) {
        const struct piece *piece = &live->pieces[i];
        const char *text = live->text.data + piece->start;
        size_t length;
        count = live_count_joined(live, i, &length);
        if (piece->kind == PIECE_STEP || piece->kind == PIECE_MESSAGE) {
            const enum treadle_event_type types[2] = {
                piece->kind == PIECE_STEP ? TREADLE_EVENT_STEP_DELTA : TREADLE_EVENT_MESSAGE_DELTA};
            char *data = strndup(text, length);
            if (data)
                run_log_print_event(piece->number, types, data, out);
            else
                out->failed = TREADLE_EMEMORY;
            free(data);
            continue;
        }
        for (size_t j = 0; j < count; j++)
            lengths[j] = piece[j].length;
        run_log_print_pieces(&(struct run_pieces){(enum piece_kind)piece->kind, piece->number,
                                                  live->subject, piece->index, piece->opens, text,
                                                  length, lengths, count},
                             out);
    }
    free(lengths);
    return out->failed;
}

/* Whether a change before this one, not settled yet, has already written the pieces. */
static bool pieces_are_written(const struct live_run *live)
{
    for (const struct live_slot *slot = live->slots; slot; slot = slot->next)
        if (slot->pieces)
            return true;
    return false;
}

struct live_slot *live_hold(struct live_run *live)
{
    struct live_slot *slot = calloc(1, sizeof *slot);
    if (!slot)
        return NULL;
    buffer_init(&slot->frames[0], LARGEST_FRAMES);
    buffer_init(&slot->frames[1], LARGEST_FRAMES);
    pthread_mutex_lock(&live->mutex);
    slot->turn = live->turn;
    *live->last_slot = slot;
    live->last_slot = &slot->next;
    pthread_mutex_unlock(&live->mutex);
    return slot;
}

int64_t live_last(struct live_run *live)
{
    pthread_mutex_lock(&live->mutex);
    int64_t last = live->last;
    pthread_mutex_unlock(&live->mutex);
    return last;
}

int live_reserve(struct live_run *live, struct live_slot *slot, int64_t last, size_t count,
                 struct buffer *pieces, int64_t *from, int64_t *first, struct treadle_error *error)
{
    int rc = 0;
    pthread_mutex_lock(&live->mutex);
    if (live->last < last)
        live->last = last;
    slot->first = live->last + 1;
    *first = *from = slot->first;
    if (live->piece_count && !pieces_are_written(live)) {
        rc = print_pieces(live, pieces);
        *from = live->pieces[0].number;
        slot->pieces = live->piece_count;
    }
    live->last += (int64_t)count;
    slot->last = live->last;
    pthread_mutex_unlock(&live->mutex);
    return rc ? error_set(error, rc, "The log of the run cannot be written.") : 0;
}

static void print_events(struct live_slot *slot, const struct live_event *events, size_t count)
{
    int64_t number = slot->first;
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < 2 && events[i].types[j]; j++, number++) {
            const char *detail = events[i].detail ? events[i].detail : events[i].data;
            live_print_frame(number, events[i].types[j], events[i].data, &slot->frames[0]);
            live_print_frame(number, events[i].types[j], detail, &slot->frames[1]);
        }
    }
    for (size_t i = 0; i < 2 && slot->over; i++)
        buffer_append_string(&slot->frames[i], LIVE_DONE);
}

/* Publishes what is settled up to the first slot that is not. Under the lock. */
static void advance(struct live_run *live)
{
    for (struct live_slot *slot; (slot = live->slots) && slot->settled;) {
        live->slots = slot->next;
        if (!live->slots)
            live->last_slot = &live->slots;
        send_all(live, slot->frames, slot->last, slot->over);
        buffer_clear(&slot->frames[0]);
        buffer_clear(&slot->frames[1]);
        free(slot);
    }
}

/* Under the lock. */
static void end_turns(struct live_run *live, uint64_t last)
{
    for (struct live_owner *at = live->owners; at; at = at->next)
        if (at->turn <= last)
            atomic_store(&at->over, true);
}

/* Forgets pieces that are in the database now. No piece was added since they were written. */
static void forget_pieces(struct live_run *live)
{
    live->piece_count = 0;
    buffer_reset(&live->text);
    live->unsaved = false;
}

void live_settle(struct live_run *live, struct live_slot *slot, const struct live_event *events,
                 size_t count, bool over)
{
    pthread_mutex_lock(&live->mutex);
    slot->settled = true;
    slot->over = events && over;
    if (events && live->followers)
        print_events(slot, events, count);
    if (events && slot->pieces)
        forget_pieces(live);
    slot->pieces = 0;
    if (slot->over)
        end_turns(live, slot->turn);
    advance(live);
    pthread_cond_broadcast(&live->settled);
    for (struct live_owner *at = live->slots ? NULL : live->owners; at; at = at->next)
        at->wake(at->context);
    live_unlock(live);
}
