/*
 * Input of imports: files in which people have saved objects, as places in memory that the system
 * maps, so that files may be larger than the memory; and the objects that are found in them.
 *
 * What a file is, is decided by its content: one object, one a line, an array, or a page of a list.
 * What an object is, is decided by its member "object", else by its id, else by its members.
 */
#ifndef CLI_IMPORT_INPUT_H
#define CLI_IMPORT_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

/* In the order in which they are stored. */
enum import_item_kind {
    IMPORT_FILE,
    IMPORT_VECTOR_STORE,
    IMPORT_VECTOR_STORE_FILE,
    IMPORT_ASSISTANT,
    IMPORT_THREAD,
    IMPORT_MESSAGE,
    IMPORT_RUN,
    IMPORT_RUN_STEP,
    IMPORT_KINDS
};

extern const char *const import_item_names[IMPORT_KINDS];

/* An object that was found. */
struct import_item {
    enum import_item_kind kind;
    bool dropped;       /* another one with its id came later */
    const char *id;     /* "" where it has none */
    const char *thread; /* of messages, runs and steps; of a vector store file its store */
    int64_t created_at;
    size_t order;     /* of its place in the input */
    const char *text; /* within the input */
    size_t length;
    char role; /* 'u', 'a' or 0 */
};

enum { IMPORT_SHOWN = 3 };

/* Something that was not understood. */
struct import_doubt {
    const char *path;
    size_t offset;
    const char *why;
};

struct import_input {
    struct arena *arena;
    struct import_item *items;
    size_t count, room;
    const char **contents; /* directories with contents of files */
    size_t content_count, content_room;
    size_t doubt_count;
    struct import_doubt doubts[IMPORT_SHOWN]; /* the first */
    size_t cut_pages, conversations, repeated;
    struct import_mapping *mappings;
};

void import_input_init(struct import_input *input);
void import_input_clear(struct import_input *input);

/* Reads a file, all files named *.json, *.jsonl and *.ndjson below a directory, or "-", the
 * standard input. Prints an error and returns a negative code where a file cannot be read. */
int import_input_read(struct import_input *input, const char *path);

/* Drops repeated objects, and puts all into the order in which they are stored: each thread's
 * objects after each other, oldest first. */
int import_input_sort(struct import_input *input);

#endif
