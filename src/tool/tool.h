/*
 * Tools: what a run may call. A kind of tool is a row and a file. The row is a `static const struct
 * tool_kind`, a table of functions, in the kind's file; the file is listed in tool.c. The engine,
 * the endpoints and the command line know that table and nothing else of a kind. A slot may be NULL
 * where its comment says what that means.
 *
 * A run calls the slots in this order: `open` finds what the tools work on, `ready` waits for it,
 * `use` notes that it is used, and `offer` lists the functions for the model. Each call begins with
 * its first piece (`begin`) and is executed when all of it has come (`run`), unless the client
 * gives the output. Where the run has waited and is executed again, `recall` makes the result again
 * from the database.
 *
 * Slots return 0 or a negative code with the error set. Everything that they make is in the arena
 * of the context. The arguments of a call are hostile: a model has written them.
 */
#ifndef TOOL_TOOL_H
#define TOOL_TOOL_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "model/model.h"
#include "store/db.h"
#include "tool/citation.h"
#include "treadle/objects.h"

struct search;
struct tool_kind;

/* What kinds work with. A kind that lacks a part that it needs offers nothing. */
struct tool_services {
    struct db *db;
    struct search *search;
};

/* The run that calls tools. */
struct tool_context {
    const struct tool_services *services;
    const char *project;
    const struct treadle_run *run;
    const char *question; /* what the user said last; NULL: nothing */
    int64_t room;         /* tokens that the run's model holds; 0: unknown */
    struct arena *arena;  /* of the whole execution; used by one thread at a time */
};

/* A function that is offered to a model, and the tool of the run that it belongs to. */
struct tool_offer {
    const struct tool_kind *kind;
    const struct treadle_tool *tool;
    void *state; /* what `open` has made */
    struct model_tool model;
};

/* A call of an offered function. */
struct tool_call {
    const struct tool_kind *kind;
    const struct treadle_tool *tool; /* NULL where the model invented the name, and when recalled */
    void *state;
    const char *name;                  /* by which the model calls it */
    const char *arguments;             /* those that have come so far, JSON text; never NULL */
    unsigned turn;                     /* the first number of its markers */
    size_t first_source;               /* the second number of its first marker */
    struct treadle_tool_call recorded; /* the call as its step has it: id and type are set */
};

/* The result of a call. */
struct tool_result {
    const char *text; /* for the model; NULL: nothing but the passages */
    const struct model_passage *passages;
    size_t passage_count;
    const struct citation_source *sources; /* what the model may cite from now on */
    size_t source_count;
};

/* With these `run` reports while it works. They may block for moments. A result other than 0 means
 * that the run is over, or that it reports too much: `run` returns it. */
struct tool_progress {
    void *context;
    /* Sends a piece of the call to the followers of the run, after `recorded` was changed by it;
     * index, id and type are filled in. For pieces that are few: all of `recorded` is copied. */
    int (*report)(void *context, struct treadle_tool_call_delta *delta,
                  struct treadle_error *error);
    /* Whether the run is over, so that the result is not needed. */
    bool (*cancelled)(void *context);
};

/* What the endpoints offer to a kind that checks resources, within their transaction. Each may
 * refuse with an error of the protocol. */
struct tool_host {
    void *context;
    struct arena *arena;
    int (*check_file)(void *context, const char *file_id, struct treadle_error *error);
    int (*check_store)(void *context, const char *store_id, struct treadle_error *error);
    /* Creates a vector store; `helper` may be NULL. */
    int (*make_store)(void *context, const struct treadle_vector_store_helper *helper,
                      const char **out, struct treadle_error *error);
    int (*add_to_store)(void *context, const char *store_id, const char *file_id,
                        struct treadle_error *error);
};

struct tool_kind {
    enum treadle_tool_type type;
    bool single; /* is offered once, however often the run's tools name it */

    /* ---- In requests ---- */

    /* Fills in settings of the tool that were left out and that replies show. NULL: none. */
    int (*normalise)(struct treadle_tool *tool, struct arena *arena);
    /* Checks the kind's part of the resources and puts it, complete, into `kept`. NULL: it has
     * none. */
    int (*resolve)(const struct tool_host *host, const struct treadle_tool_resources *sent,
                   struct treadle_tool_resources *kept, struct treadle_error *error);
    /* Adds what resources show of an enabled tool, also where there is nothing in them. NULL:
     * nothing. 0 or TREADLE_EMEMORY. */
    int (*show_resources)(struct treadle_tool_resources *shown, struct arena *arena);
    /* Gives the file of a message's attachment to the tool, and changes the thread's resources.
     * NULL: it accepts no files. */
    int (*attach)(const struct tool_host *host, struct treadle_tool_resources *resources,
                  const char *file_id, struct treadle_error *error);

    /* ---- In a run ---- */

    /* Finds what the tool works on; called once where the run has a tool of the kind, and must be
     * quick. `state` left NULL: there is nothing, and nothing is offered. NULL: it needs
     * nothing. */
    int (*open)(const struct tool_context *context, void **state, struct treadle_error *error);
    /* Whether that is ready. Asked again every moment until it is, or for `patience_us`. NULL: at
     * once. */
    int (*ready)(const struct tool_context *context, void *state, bool *out,
                 struct treadle_error *error);
    int64_t patience_us;
    /* Notes that it is used, within a write. NULL: nothing is noted. */
    int (*use)(struct db_session *session, const struct tool_context *context, void *state,
               struct treadle_error *error);
    /* The functions for the model, once for each run: fills at most `room` and returns their
     * number. The model calls them by their names. NULL: the tool is known, but cannot be
     * called. */
    size_t (*offer)(const struct tool_context *context, const struct treadle_tool *tool,
                    void *state, struct model_tool *out, size_t room);

    /* ---- In a call ---- */

    /* MUST be there where `offer` is. The call's first piece has come: sets `recorded` to what its
     * step shows from now on, and `delta` to what is published of it. */
    int (*begin)(const struct tool_context *context, struct tool_call *call,
                 struct treadle_tool_call_delta *delta, struct treadle_error *error);
    /* Where the arguments are in a recorded call. They are published as they come, like those of
     * functions. NULL: the arguments are not shown. */
    const char **(*arguments)(struct treadle_tool_call *recorded);
    /* Executes the call on a worker: adds its result to `recorded`, sets `out`, and appends to
     * `memory` what `recall` needs beside `recorded`, one JSON value or nothing. Any negative code
     * fails the run, TREADLE_ENOTFOUND and TREADLE_ESTATE too. NULL: the client gives the output,
     * and the run waits for it. */
    int (*run)(const struct tool_context *context, struct tool_call *call,
               const struct tool_progress *progress, struct tool_result *out, struct buffer *memory,
               struct treadle_error *error);
    /* MUST be there where `offer` is. Makes the result again from `recorded`, which has all that
     * the step has, and sets the call's name and arguments. `memory` is JSON text, NULL where
     * nothing was appended or it is lost. */
    int (*recall)(const struct tool_context *context, struct tool_call *call, const char *memory,
                  struct tool_result *out, struct treadle_error *error);

    /* ---- For people ---- */

    /* MUST be there. Appends a few words about what a call did. Members of `recorded` may be
     * missing: it comes from any server. */
    void (*describe)(const struct treadle_tool_call *recorded, bool in_progress,
                     struct buffer *out);
};

/* All kinds, up to a NULL, in the order in which they are offered. */
extern const struct tool_kind *const tool_kinds[];

/* The kind of calls whose name the model invented: the result says so, and the run continues. */
extern const struct tool_kind tool_unknown;

/* The kind of that type; NULL where no kind has it. */
const struct tool_kind *tool_kind_find(const struct tool_kind *const *kinds,
                                       enum treadle_tool_type type);

#endif
