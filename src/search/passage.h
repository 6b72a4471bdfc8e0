/*
 * Passages: the runs of units that are ranked.
 */
#ifndef SEARCH_PASSAGE_H
#define SEARCH_PASSAGE_H

#include "base/buffer.h"
#include "search/chunk.h"
#include "search/heading.h"

/* Where a passage's texts start in the common buffer. */
struct passage_texts {
    size_t heading, above, body;
};

/* The passages of one chunk. */
struct passages {
    struct search_passage *items;
    struct passage_texts *offsets; /* one each */
    size_t count, room;
    struct buffer texts;
    struct heading_path path;
    size_t next; /* the first unit that is in no passage yet */
};

/* The units that a chunk has, up to where its passages go. */
struct passage_range {
    const size_t *starts; /* of each unit from `first` on, in the chunk's text */
    size_t first, until;
};

void passages_init(struct passages *passages);
void passages_clear(struct passages *passages);

/* Replaces the passages by those of the next chunk, which begin where the last chunk's ended. Terms
 * of units that no later passage needs are dropped. */
int passages_cut(struct passages *passages, const struct search_units *units,
                 const struct passage_range *range, struct language *language,
                 struct treadle_error *error);

#endif
