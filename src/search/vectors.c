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

static const char table[] =
    "CREATE TABLE IF NOT EXISTS vectors(file INTEGER PRIMARY KEY, version TEXT NOT NULL,"
    " dimensions INTEGER NOT NULL, windows INTEGER NOT NULL, place INTEGER NOT NULL,"
    " bytes INTEGER NOT NULL)";

int vectors_prepare(sqlite3 *writer, struct treadle_error *error)
{
    return search_index_execute(writer, table, error);
}

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

static int one_integer(sqlite3 *db, const char *sql, int64_t *out, struct treadle_error *error)
{
    sqlite3_stmt *row;
    int rc = search_index_prepare(db, &row, sql, error);
    if (rc)
        return rc;
    if (sqlite3_step(row) == SQLITE_ROW)
        *out = sqlite3_column_int64(row, 0);
    else
        rc = search_index_error(db, "Reading", error);
    sqlite3_finalize(row);
    return rc;
}

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

static int insert_row(sqlite3 *db, const struct vectors_of_file *vectors, int64_t place,
                      int64_t bytes, struct treadle_error *error)
{
    sqlite3_stmt *row;
    int rc = search_index_prepare(db, &row,
                                  "INSERT OR REPLACE INTO vectors(file, version, dimensions,"
                                  " windows, place, bytes) VALUES(?, ?, ?, ?, ?, ?)",
                                  error);
    if (rc)
        return rc;
    sqlite3_bind_int64(row, 1, vectors->file);
    sqlite3_bind_text(row, 2, vectors->version, -1, SQLITE_STATIC);
    sqlite3_bind_int64(row, 3, (int64_t)vectors->dimensions);
    sqlite3_bind_int64(row, 4, (int64_t)vectors->count);
    sqlite3_bind_int64(row, 5, place);
    sqlite3_bind_int64(row, 6, bytes);
    if (sqlite3_step(row) != SQLITE_DONE)
        rc = search_index_error(db, "Writing", error);
    sqlite3_finalize(row);
    return rc;
}

int vectors_add(struct search *search, struct search_index *index,
                const struct vectors_of_file *vectors, struct treadle_error *error)
{
    int64_t place = 0;
    int64_t bytes =
        (int64_t)(places_bytes(vectors->count) + align(vectors->count * vectors->dimensions));
    int rc = one_integer(index->writer, "SELECT ifnull(max(place + bytes), 0) FROM vectors", &place,
                         error);
    if (!rc && vectors->count) {
        int descriptor = open_file(search, index, O_RDWR | O_CREAT, error);
        if (descriptor < 0)
            return descriptor;
        rc = write_part(descriptor, vectors, place, place + bytes, error);
        close(descriptor);
    }
    return rc ? rc : insert_row(index->writer, vectors, place, bytes, error);
}

/* Vectors that are not completely in the file count as not made. */
int vectors_check(struct search *search, struct search_index *index, struct treadle_error *error)
{
    struct treadle_error ignored;
    struct stat status = {.st_size = 0};
    int64_t end = 0;
    int rc = one_integer(index->writer,
                         "SELECT ifnull(max(place + bytes), 0) FROM vectors WHERE windows > 0",
                         &end, error);
    if (rc || !end)
        return rc;
    int descriptor = open_file(search, index, O_RDONLY, &ignored);
    if (descriptor >= 0) {
        rc = fstat(descriptor, &status) ? error_set_errno(error, TREADLE_EIO, errno, "Reading") : 0;
        close(descriptor);
    }
    if (!rc && status.st_size < end)
        rc = search_index_execute(index->writer, "DELETE FROM vectors", error);
    return rc;
}

/* ---- Freeing space -------------------------------------------------------------------------- */

static void punch(int descriptor, int64_t from, int64_t to)
{
    if (to > from)
        (void)fallocate(descriptor, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, from, to - from);
}

/* A map of the file may be in use, so the file never gets shorter: holes are made in it. */
void vectors_trim(struct search *search, struct search_index *index)
{
    struct treadle_error ignored;
    struct stat status;
    sqlite3_stmt *rows = NULL;
    int64_t at = 0;
    int descriptor = open_file(search, index, O_RDWR, &ignored);
    if (descriptor < 0)
        return;
    if (search_index_prepare(index->writer, &rows,
                             "SELECT place, place + bytes FROM vectors ORDER BY place",
                             &ignored) == 0) {
        int step;
        while ((step = sqlite3_step(rows)) == SQLITE_ROW) {
            punch(descriptor, at, sqlite3_column_int64(rows, 0));
            at = sqlite3_column_int64(rows, 1);
        }
        if (step == SQLITE_DONE && fstat(descriptor, &status) == 0)
            punch(descriptor, at, status.st_size);
    }
    sqlite3_finalize(rows);
    close(descriptor);
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
static bool read_row(sqlite3_stmt *row, struct vectors_of_file *out, size_t *place, size_t *end)
{
    int64_t dimensions = sqlite3_column_int64(row, 1), windows = sqlite3_column_int64(row, 2);
    int64_t at = sqlite3_column_int64(row, 3), bytes = sqlite3_column_int64(row, 4);
    if (dimensions <= 0 || dimensions > MOST_DIMENSIONS || windows < 0 || windows > MOST_WINDOWS ||
        at < 0 || at % ALIGNMENT || at > INT64_MAX / 2)
        return false;
    out->file = sqlite3_column_int64(row, 0);
    out->dimensions = (size_t)dimensions;
    out->count = (size_t)windows;
    *place = (size_t)at;
    *end = *place + places_bytes(out->count) + align(out->count * out->dimensions);
    return bytes == (int64_t)(*end - *place);
}

static int visit_row(struct search *search, struct search_index *index, sqlite3_stmt *row,
                     const char *version, vectors_visit visit, void *context,
                     struct treadle_error *error)
{
    struct vectors_of_file vectors = {.version = version};
    size_t place, end;
    if (!read_row(row, &vectors, &place, &end) || !vectors.count)
        return 0;
    int rc = map_file(search, index, end, error);
    if (rc || end > index->map.length)
        return rc;
    const char *bytes = index->map.bytes;
    vectors.places = (const struct vectors_place *)(const void *)(bytes + place);
    vectors.vectors = (const int8_t *)bytes + place + places_bytes(vectors.count);
    return visit(context, &vectors, error);
}

int vectors_each(struct search *search, struct search_index *index, const char *version,
                 vectors_visit visit, void *context, struct treadle_error *error)
{
    sqlite3_stmt *rows;
    int rc = search_index_prepare(index->reader, &rows,
                                  "SELECT file, dimensions, windows, place, bytes FROM vectors"
                                  " WHERE version = ? ORDER BY place",
                                  error);
    if (rc)
        return rc;
    sqlite3_bind_text(rows, 1, version, -1, SQLITE_STATIC);
    int step = SQLITE_DONE;
    while (!rc && (step = sqlite3_step(rows)) == SQLITE_ROW)
        rc = visit_row(search, index, rows, version, visit, context, error);
    if (!rc && step != SQLITE_DONE)
        rc = search_index_error(index->reader, "Reading", error);
    sqlite3_finalize(rows);
    return rc;
}
