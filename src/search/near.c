/*
 * Near.
 *
 * A window knows where it begins in the first chunk that holds it. Chunks overlap, so in a later
 * one it begins earlier, by as much as lies between the starts of the two.
 */
#include "search/near.h"

#include "base/error.h"

enum { MOST_WINDOWS = 64 };

/* Where the window lies in the chunk's text; false where it does not. */
static bool place(const struct meaning_window *window, size_t shift, size_t length,
                  struct search_near *out)
{
    size_t end = window->start + window->length;
    size_t start = window->start > shift ? window->start - shift : 0;
    if (end <= shift || start >= length)
        return false;
    end = end - shift < length ? end - shift : length;
    *out = (struct search_near){start, end - start, window->score};
    return end > start;
}

static int read_windows(struct search *search, const struct meaning *meaning,
                        struct search_index *index, int64_t file, int64_t number, size_t length,
                        struct search_near *out, size_t *count, struct treadle_error *error)
{
    struct meaning_window windows[MOST_WINDOWS];
    size_t found = 0, shift = 0, kept = 0;
    int64_t from = number;
    int rc =
        meaning_look(search, meaning, index, file, number, windows, MOST_WINDOWS, &found, error);
    for (size_t i = 0; i < found && !rc; i++) {
        if (windows[i].first != from) {
            from = windows[i].first;
            shift = 0;
            if (from < number)
                rc = index_db_measure(index->reader, file, from, number, &shift, error);
        }
        if (!rc && place(&windows[i], shift, length, &out[kept]))
            kept++;
    }
    if (!rc)
        *count = kept;
    return rc;
}

int near_find(struct search *search, const struct meaning *meaning, struct search_index *index,
              int64_t file, int64_t number, size_t length, struct arena *arena,
              const struct search_near **out, size_t *count, struct treadle_error *error)
{
    struct search_near near[MOST_WINDOWS];
    size_t found = 0;
    pthread_mutex_lock(&index->reading);
    int rc = read_windows(search, meaning, index, file, number, length, near, &found, error);
    pthread_mutex_unlock(&index->reading);
    if (rc)
        return rc;
    struct search_near *made = arena_array(arena, found + 1, sizeof *made);
    if (!made)
        return error_set_memory(error);
    for (size_t i = 0; i < found; i++)
        made[i] = near[i];
    *out = made;
    *count = found;
    return 0;
}
