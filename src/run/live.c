/*
 * Live runs: the table, and the pieces of what is being made. live_calls.c has the published calls,
 * live_follow.c changes and followers.
 */
#include "run/live.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "api/error.h"
#include "api/types.h"
#include "base/array.h"
#include "base/error.h"
#include "base/hash.h"
#include "run/live_internal.h"

enum {
    TABLE_SIZE = 4096,
    LARGEST_PIECES = 8 << 20,
    MOST_PIECES = 1 << 20,
    MOST_ANNOTATIONS = 1000
};

struct live_table {
    pthread_mutex_t mutex;
    struct live_run *buckets[TABLE_SIZE];
};

/* ---- The table ------------------------------------------------------------------------------ */

struct live_table *live_table_new(void)
{
    struct live_table *table = calloc(1, sizeof *table);
    if (table)
        pthread_mutex_init(&table->mutex, NULL);
    return table;
}

void live_table_free(struct live_table *table)
{
    if (!table)
        return;
    pthread_mutex_destroy(&table->mutex);
    free(table);
}

static struct live_run **find_place(struct live_table *table, const char *run_id)
{
    uint32_t hash = HASH_START_32;
    for (const char *at = run_id; *at; at++)
        hash = hash_step_32(hash, (unsigned char)*at);
    struct live_run **place = &table->buckets[hash % TABLE_SIZE];
    while (*place && strcmp((*place)->id, run_id) != 0)
        place = &(*place)->next;
    return place;
}

static struct live_run *make(struct live_table *table, const char *run_id)
{
    struct live_run *live = calloc(1, sizeof *live);
    if (!live || strlen(run_id) >= sizeof live->id) {
        free(live);
        return NULL;
    }
    memcpy(live->id, run_id, strlen(run_id) + 1);
    live->table = table;
    live->last = -1;
    live->last_slot = &live->slots;
    pthread_mutex_init(&live->mutex, NULL);
    pthread_cond_init(&live->settled, NULL);
    buffer_init(&live->text, LARGEST_PIECES);
    buffer_init(&live->frames, LARGEST_FRAMES);
    buffer_init(&live->content, LARGEST_PIECES);
    buffer_init(&live->refusal, LARGEST_PIECES);
    return live;
}

struct live_run *live_open(struct live_table *table, const char *run_id)
{
    pthread_mutex_lock(&table->mutex);
    struct live_run **place = find_place(table, run_id);
    if (!*place)
        *place = make(table, run_id);
    struct live_run *live = *place;
    if (live)
        live->references++;
    pthread_mutex_unlock(&table->mutex);
    return live;
}

void live_close(struct live_run *live)
{
    if (!live)
        return;
    struct live_table *table = live->table;
    pthread_mutex_lock(&table->mutex);
    bool last = --live->references == 0;
    if (last)
        *find_place(table, live->id) = live->next;
    pthread_mutex_unlock(&table->mutex);
    if (!last)
        return;
    buffer_clear(&live->text);
    buffer_clear(&live->frames);
    buffer_clear(&live->content);
    buffer_clear(&live->refusal);
    live_forget_calls(live);
    arena_free(live->subject_arena);
    free(live->calls);
    free(live->pieces);
    pthread_cond_destroy(&live->settled);
    pthread_mutex_destroy(&live->mutex);
    free(live);
}

/* ---- Owners --------------------------------------------------------------------------------- */

int live_own(struct live_table *table, const char *run_id, struct live_owner *owner)
{
    struct live_run *live = live_open(table, run_id);
    if (!live)
        return TREADLE_EMEMORY;
    owner->live = live;
    atomic_store(&owner->over, false);
    pthread_mutex_lock(&live->mutex);
    owner->turn = ++live->turn;
    owner->next = live->owners;
    live->owners = owner;
    pthread_mutex_unlock(&live->mutex);
    return 0;
}

void live_disown(struct live_owner *owner)
{
    struct live_run *live = owner->live;
    pthread_mutex_lock(&live->mutex);
    struct live_owner **at = &live->owners;
    while (*at != owner)
        at = &(*at)->next;
    *at = owner->next;
    pthread_mutex_unlock(&live->mutex);
    live_close(live);
}

bool live_is_last(const struct live_owner *owner)
{
    pthread_mutex_lock(&owner->live->mutex);
    bool last = owner->turn == owner->live->turn;
    pthread_mutex_unlock(&owner->live->mutex);
    return last;
}

bool live_is_owned(struct live_table *table, const char *run_id)
{
    if (!table)
        return false;
    pthread_mutex_lock(&table->mutex);
    struct live_run *live = *find_place(table, run_id);
    if (live)
        live->references++;
    pthread_mutex_unlock(&table->mutex);
    if (!live)
        return false;
    pthread_mutex_lock(&live->mutex);
    bool owned = live->owners != NULL;
    pthread_mutex_unlock(&live->mutex);
    live_close(live);
    return owned;
}

/* ---- Pieces --------------------------------------------------------------------------------- */

bool live_enter(struct live_owner *owner)
{
    struct live_run *live = owner->live;
    pthread_mutex_lock(&live->mutex);
    if (!live->slots && !atomic_load(&owner->over))
        return true;
    pthread_mutex_unlock(&live->mutex);
    return false;
}

bool live_await(struct live_owner *owner)
{
    struct live_run *live = owner->live;
    pthread_mutex_lock(&live->mutex);
    while (live->slots && !atomic_load(&owner->over))
        pthread_cond_wait(&live->settled, &live->mutex);
    if (!atomic_load(&owner->over))
        return true;
    pthread_mutex_unlock(&live->mutex);
    return false;
}

void live_leave(struct live_owner *owner)
{
    live_send_frames(owner->live);
    live_unlock(owner->live);
}

int live_begin(struct live_run *live, const char *subject, struct treadle_error *error)
{
    struct arena *arena = arena_new(0);
    if (!arena || strlen(subject) >= sizeof live->subject) {
        arena_free(arena);
        return error_set_memory(error);
    }
    arena_free(live->subject_arena);
    live->subject_arena = arena;
    live->annotations = NULL;
    live->annotation_count = live->annotation_room = 0;
    memcpy(live->subject, subject, strlen(subject) + 1);
    buffer_reset(&live->content);
    buffer_reset(&live->refusal);
    live->opened[0] = live->opened[1] = false;
    live->refusal_index = 0;
    live_forget_calls(live);
    return 0;
}

static int add_piece(struct live_run *live, const struct piece *piece, const char *text,
                     struct treadle_error *error)
{
    if (live->piece_count >= MOST_PIECES)
        return error_set(error, TREADLE_ELIMIT, ERROR_ANSWER_TOO_LARGE);
    struct piece *pieces =
        array_grow(live->pieces, live->piece_count, &live->piece_room, sizeof *pieces);
    if (!pieces)
        return error_set_memory(error);
    live->pieces = pieces;
    if (buffer_append(&live->text, text, piece->length))
        return buffer_error(&live->text, ERROR_ANSWER_TOO_LARGE, error);
    live->pieces[live->piece_count] = *piece;
    live->pieces[live->piece_count].start = (uint32_t)(live->text.length - piece->length);
    live->pieces[live->piece_count++].number = ++live->last;
    live->unsaved = true;
    live_frame_piece(live, &live->pieces[live->piece_count - 1], &live->frames);
    return live->frames.failed ? buffer_error(&live->frames, ERROR_ANSWER_TOO_LARGE, error) : 0;
}

int live_add_text(struct live_run *live, enum piece_kind kind, unsigned index, const char *text,
                  size_t length, struct treadle_error *error)
{
    struct piece piece = {.kind = kind, .index = (uint16_t)index, .length = (uint32_t)length};
    int rc = 0;
    if (kind == PIECE_ARGUMENTS) {
        rc = live_keep_arguments(live, index, text, length, error);
        return rc ? rc : add_piece(live, &piece, text, error);
    }
    bool *opened = &live->opened[kind == PIECE_REFUSAL];
    piece.opens = !*opened;
    struct buffer *whole = kind == PIECE_TEXT ? &live->content : &live->refusal;
    if (buffer_append(whole, text, length))
        return buffer_error(whole, ERROR_ANSWER_TOO_LARGE, error);
    *opened = true;
    if (kind == PIECE_REFUSAL)
        live->refusal_index = index;
    return add_piece(live, &piece, text, error);
}

/* A piece that is a whole object. */
static int add_object(struct live_run *live, uint8_t kind, const struct buffer *text,
                      struct treadle_error *error)
{
    const struct piece piece = {.kind = kind, .length = (uint32_t)text->length};
    return text->failed ? buffer_error(text, ERROR_ANSWER_TOO_LARGE, error)
                        : add_piece(live, &piece, text->data, error);
}

/* Copies what a citation points to. */
static int own_citation(struct treadle_file_citation *citation, struct arena *arena)
{
    const char *quote = citation->quote;
    citation->file_id = arena_string(arena, citation->file_id);
    citation->quote = arena_string(arena, quote);
    return citation->file_id && (citation->quote || !quote) ? 0 : TREADLE_EMEMORY;
}

/* The content keeps what was published, so an end that does not come from the execution can write
 * it. */
static int keep_annotation(struct live_run *live, const struct treadle_annotation *annotation,
                           struct treadle_error *error)
{
    struct arena *arena = live->subject_arena;
    struct treadle_annotation *annotations =
        array_grow_in(arena, live->annotations, live->annotation_count, &live->annotation_room,
                      sizeof *annotations);
    if (!annotations)
        return error_set_memory(error);
    live->annotations = annotations;
    struct treadle_annotation *kept = &live->annotations[live->annotation_count];
    struct treadle_file_citation *citation = arena_alloc(arena, sizeof *citation);
    *kept = *annotation;
    kept->text = arena_string(arena, annotation->text);
    kept->file_citation = citation;
    if (!kept->text || !citation)
        return error_set_memory(error);
    *citation = *annotation->file_citation;
    if (own_citation(citation, arena))
        return error_set_memory(error);
    live->annotation_count++;
    return 0;
}

int live_add_annotation(struct live_run *live, unsigned index,
                        const struct treadle_annotation *annotation, struct treadle_error *error)
{
    struct buffer text;
    size_t ordinal = live->annotation_count;
    int rc = keep_annotation(live, annotation, error);
    if (!rc && buffer_append_string(&live->content, annotation->text))
        rc = buffer_error(&live->content, ERROR_ANSWER_TOO_LARGE, error);
    live->opened[0] = true;
    if (rc)
        return rc;
    buffer_init(&text, LARGEST_PIECES);
    run_log_print_annotation(live->subject, index, ordinal, annotation, &text);
    rc = add_object(live, PIECE_MESSAGE, &text, error);
    buffer_clear(&text);
    return rc;
}

static int add_call_delta(struct live_run *live, const struct treadle_tool_call_delta *call,
                          struct treadle_error *error)
{
    struct treadle_tool_call_delta copy = *call;
    struct treadle_step_details_delta details = {
        .type = TREADLE_STEP_TOOL_CALLS, .tool_calls = &copy, .tool_call_count = 1};
    struct treadle_run_step_change change = {.step_details = &details};
    const struct treadle_run_step_delta delta = {.id = live->subject, .delta = &change};
    struct buffer text;
    buffer_init(&text, LARGEST_PIECES);
    field_print(&treadle_run_step_delta_type, &delta, &text);
    int rc = add_object(live, PIECE_STEP, &text, error);
    buffer_clear(&text);
    return rc;
}

int live_add_call(struct live_run *live, const struct treadle_tool_call *call,
                  const char **(*arguments_of)(struct treadle_tool_call *call),
                  const struct treadle_tool_call_delta *delta, struct treadle_error *error)
{
    if (live_keep_call(live, call, arguments_of))
        return error_set_memory(error);
    return add_call_delta(live, delta, error);
}

int live_change_call(struct live_run *live, const struct treadle_tool_call *call,
                     const struct treadle_tool_call_delta *delta, struct treadle_error *error)
{
    int rc = live_keep_change(live, (size_t)delta->index, call, error);
    return rc ? rc : add_call_delta(live, delta, error);
}

bool live_is_unsaved(struct live_run *live)
{
    pthread_mutex_lock(&live->mutex);
    bool unsaved = live->unsaved;
    pthread_mutex_unlock(&live->mutex);
    return unsaved;
}

/* ---- Content -------------------------------------------------------------------------------- */

static int copy_annotations(const struct live_run *live, struct arena *arena,
                            struct treadle_text *text)
{
    text->annotation_count = live->annotation_count;
    text->annotations = arena_array(arena, live->annotation_count, sizeof *text->annotations);
    for (size_t i = 0; text->annotations && i < live->annotation_count; i++) {
        struct treadle_annotation *copy = &text->annotations[i];
        struct treadle_file_citation *citation = arena_alloc(arena, sizeof *citation);
        *copy = live->annotations[i];
        copy->text = arena_string(arena, copy->text);
        if (!citation || !copy->text)
            return TREADLE_EMEMORY;
        *citation = *live->annotations[i].file_citation;
        copy->file_citation = citation;
        if (own_citation(citation, arena))
            return TREADLE_EMEMORY;
    }
    return text->annotations ? 0 : TREADLE_EMEMORY;
}

static int copy_parts(const struct live_run *live, struct arena *arena,
                      struct treadle_content **out, size_t *count)
{
    size_t made = 0;
    struct treadle_content *parts = arena_array(arena, 2, sizeof *parts);
    struct treadle_text *text = arena_alloc(arena, sizeof *text);
    if (!parts || !text)
        return TREADLE_EMEMORY;
    if (live->opened[0]) {
        text->value = arena_copy(arena, live->content.data, live->content.length);
        if (!text->value || copy_annotations(live, arena, text))
            return TREADLE_EMEMORY;
        parts[made++] = (struct treadle_content){.type = TREADLE_CONTENT_TEXT, .text = text};
    }
    if (live->opened[1]) {
        const char *refusal = arena_copy(arena, live->refusal.data, live->refusal.length);
        if (!refusal)
            return TREADLE_EMEMORY;
        parts[made++] =
            (struct treadle_content){.type = TREADLE_CONTENT_REFUSAL, .refusal = refusal};
    }
    *out = parts;
    *count = made;
    return 0;
}

int live_copy_content(struct live_run *live, const char *message_id, struct arena *arena,
                      struct treadle_content **out, size_t *count, struct treadle_error *error)
{
    int rc = 0;
    pthread_mutex_lock(&live->mutex);
    if (strcmp(live->subject, message_id) != 0) {
        *out = NULL;
        *count = 0;
    } else {
        rc = copy_parts(live, arena, out, count);
        live->unsaved = rc != 0;
    }
    pthread_mutex_unlock(&live->mutex);
    return rc ? error_set_memory(error) : 0;
}
