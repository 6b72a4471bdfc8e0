/*
 * Removal. What was added again, under the same ids, stays: the functions of search check that.
 */
#include "search/removal.h"

#include "base/error.h"

int removal_do(struct search *search, struct blob_store *blobs, const struct removal *removal,
               struct treadle_error *error)
{
    switch (removal->kind) {
    case REMOVAL_CONTENTS:
        return blob_remove(blobs, removal->id, error);
    case REMOVAL_INDEX:
        return search_remove_store(search, removal->id, error);
    case REMOVAL_TEXT:
        return search_remove_file(search, removal->id, removal->file, error);
    }
    return error_set(error, TREADLE_EUNSUPPORTED, "a removal of an unknown kind");
}
