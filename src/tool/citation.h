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

/* What is done about statements of a model that cites nothing. */
enum citation_matching {
    CITATION_AS_WRITTEN, /* nothing */
    CITATION_SENTENCES,  /* each sentence that a passage says gets that passage's marker */
    CITATION_PARAGRAPHS  /* the same at the ends of paragraphs, for a model that was shown markers
                            and may yet write one */
};

struct citation_options {
    const struct citation_source *sources;
    size_t source_count;
    size_t first_matched; /* of the sources: those from there on are matched with statements */
    enum citation_matching matching;
};

/* Each marker of a source gets an annotation with its place in characters, its file, and the page
 * that fits the statement before it best. A marker counts by its numbers, in square brackets and
 * with blanks, too. Once the model has cited, nothing is matched any more. Made in the arena, as is
 * what it needs; the sources and the target must stay. NULL when memory runs out. */
struct citation_walk *citation_begin(const struct citation_options *options,
                                     const struct citation_target *target, struct arena *arena);

/* Passes on what is known to be text or a marker; the rest is held back until more comes. */
int citation_feed(struct citation_walk *walk, const char *text, size_t length,
                  struct treadle_error *error);

/* Passes on what was held back: the text ends here. */
int citation_finish(struct citation_walk *walk, struct treadle_error *error);

/* How many annotations there were. */
size_t citation_count(const struct citation_walk *walk);

/* Frees what is not in the arena, and passes on nothing: the target may be gone. Accepts NULL. */
void citation_free(struct citation_walk *walk);

#endif
