/*
 * Vectors.
 *
 * A file's part begins at a multiple of 64 bytes: its places, padded to such a multiple, then its
 * vectors. Parts are appended after the last one that the index names.
 */
#include "search/vectors.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

enum { ALIGNMENT = 64, MOST_WINDOWS = 1 << 20, MOST_DIMENSIONS = 4096 };

static size_t align(size_t length)
{
    return (length + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static size_t places_bytes(size_t count)
{
    return align(count * sizeof(struct vectors_place));
}

static int open_file(struct search *search, const struct search_index *index, int flags,
                     struct treadle_error *error)
{
    char *path;
    int rc = search_index_vectors_path(search, index->store_id, &path, error);
    if (rc)
        return rc;
    int descriptor = open(path, flags | O_CLOEXEC, 0600);
    if (descriptor < 0)
        descriptor = error_set_errno(error, errno == ENOENT ? TREADLE_ENOTFOUND : TREADLE_EIO,
                                     errno, "Opening %s", path);
    free(path);
    return descriptor;
}

/* ---- Writing -------------------------------------------------------------------------------- */

static int write_at(int descriptor, const void *bytes, size_t length, int64_t offset,
                    struct treadle_error *error)
{
    const char *at = bytes;
    while (length) {
        ssize_t wrote = pwrite(descriptor, at, length, offset);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote <= 0)
            return error_set_errno(error, TREADLE_EIO, errno, "Writing vectors");
        at += wrote;
        offset += wrote;
        length -= (size_t)wrote;
    }
    return 0;
}

static int write_part(int descriptor, const struct vectors_of_file *vectors, int64_t place,
                      int64_t end, struct treadle_error *error)
{
    int rc = write_at(descriptor, vectors->places, vectors->count * sizeof *vectors->places, place,
                      error);
    if (!rc)
        rc = write_at(descriptor, vectors->vectors, vectors->count * vectors->dimensions,
                      place + (int64_t)places_bytes(vectors->count), error);
    /* Written to its end, or a map of the file would be too short. */
    struct stat status;
    if (!rc && (fstat(descriptor, &status) ||
                (status.st_size < end && ftruncate(descriptor, end)) || fdatasync(descriptor)))
        rc = error_set_errno(error, TREADLE_EIO, errno, "Writing vectors");
    return rc;
}

int vectors_add(struct search *search, struct search_index *index,
                const struct vectors_of_file *vectors, struct treadle_error *error)
{
    struct index_db_vectors row = {
        .file = vectors->file,
        .version = vectors->version,
        .dimensions = (int64_t)vectors->dimensions,
        .windows = (int64_t)vectors->count,
        .bytes =
            (int64_t)(places_bytes(vectors->count) + align(vectors->count * vectors->dimensions)),
    };
    int rc = index_db_vectors_end(index->writer, &row.place, error);
    if (!rc && vectors->count) {
        int descriptor = open_file(search, index, O_RDWR | O_CREAT, error);
        if (descriptor < 0)
            return descriptor;
        rc = write_part(descriptor, vectors, row.place, row.place + row.bytes, error);
        close(descriptor);
    }
    return rc ? rc : index_db_put_vectors(index->writer, &row, error);
}

/* Vectors that are not completely in the file count as not made. */
int vectors_check(struct search *search, struct search_index *index, struct treadle_error *error)
{
    struct treadle_error ignored;
    struct stat status = {.st_size = 0};
    int64_t end = 0;
    int rc = index_db_vectors_end(index->writer, &end, error);
    if (rc || !end)
        return rc;
    int descriptor = open_file(search, index, O_RDONLY, &ignored);
    if (descriptor >= 0) {
        rc = fstat(descriptor, &status) ? error_set_errno(error, TREADLE_EIO, errno, "Reading") : 0;
        close(descriptor);
    }
    if (!rc && status.st_size < end)
        rc = index_db_forget_vectors(index->writer, error);
    return rc;
}

/* ---- Freeing space -------------------------------------------------------------------------- */

static void punch(int descriptor, int64_t from, int64_t to)
{
    if (to > from)
        (void)fallocate(descriptor, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, from, to - from);
}

struct trimming {
    int descriptor;
    int64_t at; /* what is used ends here */
};

static int trim_before(void *context, const struct index_db_vectors *vectors,
                       struct treadle_error *error)
{
    struct trimming *trimming = context;
    (void)error;
    punch(trimming->descriptor, trimming->at, vectors->place);
    trimming->at = vectors->place + vectors->bytes;
    return 0;
}

/* A map of the file may be in use, so the file never gets shorter: holes are made in it. */
void vectors_trim(struct search *search, struct search_index *index)
{
    struct treadle_error ignored;
    struct stat status;
    struct trimming trimming = {.descriptor = open_file(search, index, O_RDWR, &ignored)};
    if (trimming.descriptor < 0)
        return;
    if (index_db_each_vectors(index->writer, NULL, 0, trim_before, &trimming, &ignored) == 0 &&
        fstat(trimming.descriptor, &status) == 0)
        punch(trimming.descriptor, trimming.at, status.st_size);
    close(trimming.descriptor);
}

void vectors_remove(struct search *search, const struct search_index *index)
{
    struct treadle_error ignored;
    char *path;
    if (search_index_vectors_path(search, index->store_id, &path, &ignored))
        return;
    unlink(path);
    free(path);
}

/* ---- Reading -------------------------------------------------------------------------------- */

void vectors_close(struct vectors_map *map)
{
    if (map->bytes)
        munmap(map->bytes, map->length);
    *map = (struct vectors_map){.bytes = NULL};
}

/* Maps the file again where it has grown. 0 also when there is none: nothing is mapped then. */
static int map_file(struct search *search, struct search_index *index, size_t needed,
                    struct treadle_error *error)
{
    struct vectors_map *map = &index->map;
    struct stat status;
    if (needed <= map->length)
        return 0;
    vectors_close(map);
    int descriptor = open_file(search, index, O_RDONLY, error);
    if (descriptor < 0)
        return descriptor == TREADLE_ENOTFOUND ? 0 : descriptor;
    if (fstat(descriptor, &status) == 0 && status.st_size > 0) {
        void *bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_SHARED, descriptor, 0);
        if (bytes != MAP_FAILED)
            *map = (struct vectors_map){bytes, (size_t)status.st_size};
    }
    close(descriptor);
    return 0;
}

/* False where the row cannot be right: then its vectors are ignored. */
static bool read_row(const struct index_db_vectors *row, struct vectors_of_file *out, size_t *place,
                     size_t *end)
{
    if (row->dimensions <= 0 || row->dimensions > MOST_DIMENSIONS || row->windows < 0 ||
        row->windows > MOST_WINDOWS || row->place < 0 || row->place % ALIGNMENT ||
        row->place > INT64_MAX / 2)
        return false;
    out->file = row->file;
    out->dimensions = (size_t)row->dimensions;
    out->count = (size_t)row->windows;
    *place = (size_t)row->place;
    *end = *place + places_bytes(out->count) + align(out->count * out->dimensions);
    return row->bytes == (int64_t)(*end - *place);
}

struct visiting {
    struct search *search;
    struct search_index *index;
    const char *version;
    vectors_visit visit;
    void *context;
};

static int visit_row(void *context, const struct index_db_vectors *row, struct treadle_error *error)
{
    const struct visiting *visiting = context;
    struct vectors_of_file vectors = {.version = visiting->version};
    size_t place, end;
    if (!read_row(row, &vectors, &place, &end) || !vectors.count)
        return 0;
    int rc = map_file(visiting->search, visiting->index, end, error);
    if (rc || end > visiting->index->map.length)
        return rc;
    const char *bytes = visiting->index->map.bytes;
    vectors.places = (const struct vectors_place *)(const void *)(bytes + place);
    vectors.vectors = (const int8_t *)bytes + place + places_bytes(vectors.count);
    return visiting->visit(visiting->context, &vectors, error);
}

int vectors_each(struct search *search, struct search_index *index, const char *version,
                 int64_t file, vectors_visit visit, void *context, struct treadle_error *error)
{
    struct visiting visiting = {search, index, version, visit, context};
    return index_db_each_vectors(index->reader, version, file, visit_row, &visiting, error);
}
