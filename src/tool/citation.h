/*
 * Citations: from the markers in a model's text to the annotations of a message.
 */
#ifndef TOOL_CITATION_H
#define TOOL_CITATION_H

#include "base/arena.h"
#include "model/model.h"
#include "search/search.h"
#include "treadle/objects.h"

/* What may be cited: passages and the results that they came from, in the same order. */
struct citation_source {
    const struct model_passage *passage;
    const struct search_result *result;
};

/* The receiver of a message's text, without the markers that belong to no passage. Annotations are
 * valid during the call. */
struct citation_target {
    void *context;
    int (*text)(void *context, const char *text, size_t length, struct treadle_error *error);
    /* A marker, which is also the annotation's text. */
    int (*annotation)(void *context, const struct treadle_annotation *annotation,
                      struct treadle_error *error);
};

/* One message that is coming from the model. */
struct citation_walk;

/* Each marker of a source gets an annotation with its place in characters, its file, and the page
 * that fits the statement before it best. Made in the arena, as is what it needs; the sources and
 * the target must stay. NULL when memory runs out. */
struct citation_walk *citation_begin(const struct citation_source *sources, size_t source_count,
                                     const struct citation_target *target, struct arena *arena);

/* Passes on what is known to be text or a marker; the rest is held back until more comes. */
int citation_feed(struct citation_walk *walk, const char *text, size_t length,
                  struct treadle_error *error);

/* Passes on what was held back: the text ends here. */
int citation_finish(struct citation_walk *walk, struct treadle_error *error);

/*
 * Frees what is not in the arena, and passes on nothing: the target may be gone. Accepts NULL.
 */
void citation_free(struct citation_walk *walk);

#endif
