/*
 * A live run, as the files of live runs share it. May be used by these alone.
 */
#ifndef RUN_LIVE_INTERNAL_H
#define RUN_LIVE_INTERNAL_H

#include <pthread.h>

#include "base/ident.h"
#include "run/live.h"

enum { LARGEST_FRAMES = 16 << 20 };

/* Pieces that are objects and not text, beside those of enum piece_kind. */
enum { PIECE_MESSAGE = 'm', PIECE_STEP = 's' };

struct piece {
    int64_t number;
    uint32_t start, length; /* in the run's text */
    uint16_t index;
    uint8_t kind;
    bool opens;
};

/* A call as published so far. */
struct live_call {
    struct treadle_tool_call call;
    struct arena *arena; /* of the call, once it has changed; NULL: the subject's */
    size_t changes;
    struct buffer arguments;                                      /* the pieces that were sent */
    const char **(*arguments_of)(struct treadle_tool_call *call); /* their place; or NULL */
};

struct live_run {
    struct live_run *next; /* in the table; guarded by its lock, as is the next */
    size_t references;
    struct live_table *table;
    char id[IDENT_SIZE];
    pthread_mutex_t mutex;  /* guards what follows */
    pthread_cond_t settled; /* all changes are settled, or a turn is over */
    uint64_t turn;          /* the last that began */
    struct live_owner *owners;
    int64_t last; /* the highest number given out */
    char subject[IDENT_SIZE];
    struct buffer text; /* of the pieces that are not in the database */
    struct piece *pieces;
    size_t piece_count, piece_room;
    struct buffer frames;           /* printed, to be sent when the owner leaves */
    struct buffer content, refusal; /* of the subject, where it is a message, so far */
    bool opened[2];                 /* whether there is a piece of text, of a refusal */
    unsigned refusal_index;
    struct treadle_annotation *annotations; /* of the content */
    size_t annotation_count, annotation_room;
    struct live_call *calls; /* of the subject, where it is a step, so far */
    size_t call_count, call_room;
    struct arena *subject_arena; /* of annotations and calls */
    bool unsaved;
    struct live_slot *slots, **last_slot; /* changes that are not settled, by number */
    struct live_follower *followers;
    struct live_follower *dismissed; /* to be ended when the lock is released */
};

/* The calls of the subject: kept as they are sent, and forgotten with it. Under the lock. */
int live_keep_call(struct live_run *live, const struct treadle_tool_call *call,
                   const char **(*arguments_of)(struct treadle_tool_call *call));
int live_keep_change(struct live_run *live, size_t index, const struct treadle_tool_call *call,
                     struct treadle_error *error);
int live_keep_arguments(struct live_run *live, size_t index, const char *text, size_t length,
                        struct treadle_error *error);
void live_forget_calls(struct live_run *live);

/* How many pieces from that one on are one text, and `length` becomes its length. */
size_t live_count_joined(const struct live_run *live, size_t at, size_t *length);

/* Appends the frame of a piece. */
void live_frame_piece(const struct live_run *live, const struct piece *piece, struct buffer *out);

/* Sends the frames to the followers. Under the lock. */
void live_send_frames(struct live_run *live);

/* Takes the follower out of the list. Under the lock. */
void live_dismiss(struct live_run *live, struct live_follower **at);

/* Releases the lock, and ends the followers that were dismissed. The caller has a reference. */
void live_unlock(struct live_run *live);

#endif
