/*
 * Heading paths: a heading ends all of its level and below.
 */
#include "search/heading.h"

#include "base/text.h"

enum { HEADING_BYTES = 300 /* of one heading, within the path */ };

static void enter(struct heading_path *path, struct search_unit *unit)
{
    size_t level =
        (size_t)unit->level < HEADING_LEVELS ? (size_t)unit->level - 1 : HEADING_LEVELS - 1;
    if (unit->goes_on)
        return;
    path->levels[level] = unit;
    for (size_t deeper = level + 1; deeper < HEADING_LEVELS; deeper++)
        path->levels[deeper] = NULL;
}

void heading_path_advance(struct heading_path *path, const struct search_units *units, size_t first,
                          size_t last)
{
    struct search_unit *items = units->items;
    for (; path->done < first; path->done++)
        if (items[path->done].level)
            enter(path, &items[path->done]);
    for (; path->done < last && items[path->done].level; path->done++)
        enter(path, &items[path->done]);
}

void heading_path_print(const struct heading_path *path, struct buffer *out)
{
    for (size_t level = 0; level < HEADING_LEVELS; level++) {
        const struct search_unit *unit = path->levels[level];
        if (!unit)
            continue;
        if (out->length)
            buffer_append_string(out, " > ");
        size_t length =
            unit->length > HEADING_BYTES ? text_cut(unit->text, HEADING_BYTES) : unit->length;
        buffer_append(out, unit->text, length);
    }
}

int heading_path_terms(const struct heading_path *path, struct language *language,
                       struct buffer *out, struct treadle_error *error)
{
    for (size_t level = 0; level < HEADING_LEVELS; level++) {
        struct search_unit *unit = path->levels[level];
        int rc = unit ? search_unit_terms(unit, language, error) : 0;
        if (rc)
            return rc;
        if (unit)
            buffer_append(out, unit->terms, unit->terms_length);
    }
    return 0;
}
