/*
 * Live runs: their followers. One that joins is sent first what the database has, by its owner,
 * then what was held back meanwhile, then everything as it comes.
 */
#include <stdlib.h>
#include <string.h>

#include "run/live_internal.h"

enum { LARGEST_HELD = 8 << 20 };

/* Under the lock. */
static void join(struct live_run *live, struct live_follower *follower)
{
    buffer_init(&follower->held, LARGEST_HELD);
    follower->live = live;
    follower->next = live->followers;
    live->followers = follower;
}

/* Frames of the pieces after a number; neighbours of one text become one frame. */
static void hold_pieces(const struct live_run *live, int64_t after, struct buffer *out)
{
    size_t i = 0;
    while (i < live->piece_count && live->pieces[i].number <= after)
        i++;
    for (size_t count; i < live->piece_count; i += count) {
        size_t length;
        struct piece joined = live->pieces[i];
        count = live_count_joined(live, i, &length);
        joined.number = live->pieces[i + count - 1].number;
        joined.length = (uint32_t)length;
        live_frame_piece(live, &joined, out);
    }
}

/* Pieces that are not in the database are held back first: a follower that reads the database next
 * finds everything else there, or is sent it. */
void live_follow(struct live_run *live, struct live_follower *follower, int64_t after)
{
    pthread_mutex_lock(&live->mutex);
    join(live, follower);
    follower->catching_up = true;
    hold_pieces(live, after, &follower->held);
    pthread_mutex_unlock(&live->mutex);
}

void live_follow_change(struct live_run *live, struct live_follower *follower, int64_t after)
{
    pthread_mutex_lock(&live->mutex);
    join(live, follower);
    follower->after = after;
    pthread_mutex_unlock(&live->mutex);
}

/* Where the frames after a number start. */
static const char *skip_frames(const char *held, int64_t after)
{
    const char *at = held;
    while (at && *at && strtoll(at + strlen("id: "), NULL, 10) <= after) {
        at = strstr(at, "\n\n");
        at = at ? at + 2 : NULL;
    }
    return at ? at : "";
}

static struct live_follower **find_follower(struct live_run *live, struct live_follower *follower)
{
    struct live_follower **at = &live->followers;
    while (*at && *at != follower)
        at = &(*at)->next;
    return at;
}

void live_catch_up(struct live_follower *follower, int64_t after, bool ended)
{
    struct live_run *live = follower->live;
    pthread_mutex_lock(&live->mutex);
    struct live_follower **at = find_follower(live, follower);
    if (*at) {
        const char *rest =
            !ended && follower->held.length ? skip_frames(follower->held.data, after) : "";
        bool ends = ended || follower->held_end;
        follower->catching_up = false;
        if (follower->after < after)
            follower->after = after;
        int rc = follower->held.failed;
        if (!rc && *rest)
            rc = follower->frames(follower->context, rest, strlen(rest));
        if (!rc && ended)
            follower->frames(follower->context, LIVE_DONE, strlen(LIVE_DONE));
        if (rc || ends)
            live_dismiss(live, at);
        else
            buffer_clear(&follower->held);
    }
    live_unlock(live);
}

void live_unfollow(struct live_follower *follower)
{
    struct live_run *live = follower->live;
    pthread_mutex_lock(&live->mutex);
    struct live_follower **at = find_follower(live, follower);
    if (*at)
        live_dismiss(live, at);
    live_unlock(live);
}

void live_forget(struct live_follower *follower)
{
    live_close(follower->live);
}
