/*
 * Fuzz target: what is read from the store: rows of objects, and rows of a run's events, which a
 * newer server, a damaged disk or somebody's editor may have written.
 *
 * A case whose first line is "events" is the body of a row of events, after a number; any other
 * begins with the name of a table. Whatever it says, reading must end, with a value or an error,
 * and an object that was read must print to text that reads as the same object.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/db_fixture.h"
#include "../unit/field_types.h"
#include "base/error.h"
#include "run/run_log.h"
#include "store/run_event_record.h"
#include "store/schema.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void require(bool condition)
{
    if (!condition)
        abort();
}

/* ---- Events --------------------------------------------------------------------------------- */

struct heard {
    int64_t last;
    size_t bytes;
};

static int hear(void *context, int64_t number, enum treadle_event_type type, const char *data)
{
    struct heard *heard = context;
    require(number > heard->last && type != 0 && data != NULL);
    heard->bytes += strlen(data);
    return heard->bytes > 1 << 20 ? TREADLE_ELIMIT : 0;
}

struct row {
    const char *body;
    int64_t after;
};

/* The row is read within the transaction that writes it, which is then undone. */
static int read_and_undo(struct db_session *session, void *argument, struct treadle_error *error)
{
    const struct row *row = argument;
    struct heard heard = {.last = row->after};
    const struct run_log_reader reader = {&heard, hear};
    require(run_event_record_insert(session, "run_1", 1, INT64_MAX, row->body, error) == 0);
    int rc = run_log_read(session, "run_1", row->after, true, &reader, error);
    require(rc == 0 || rc == TREADLE_ELIMIT || error->code == rc);
    return error_set(error, TREADLE_ESTATE, "undone");
}

static struct fixture fixture;
static struct db *db;

static void close_store(void)
{
    db_close(db);
    fixture_remove(&fixture);
}

static void read_events(const char *text, size_t length)
{
    struct treadle_error error;
    if (!db) {
        require(fixture_make(&fixture) == 0);
        require(db_open_sqlite(&db, fixture.path, schema_migrations, &error) == 0);
        atexit(close_store);
    }
    char *body = strndup(text + (length > 0), length - (length > 0));
    require(body != NULL);
    db_write(db, read_and_undo, &(struct row){body, length ? text[0] : 0}, &error);
    free(body);
}

/* ---- Objects -------------------------------------------------------------------------------- */

static void read_object(const struct treadle_type *type, const char *text, size_t length)
{
    struct treadle_error error;
    struct arena *arena = arena_new(0);
    void *object = arena_alloc(arena, type->size), *again = arena_alloc(arena, type->size);
    require(object && again);
    if (field_parse(type, text, length, FIELD_TOLERANT, arena, object, &error) == 0) {
        const char *first = field_text(type, object, arena);
        require(first != NULL);
        require(field_parse(type, first, strlen(first), FIELD_TOLERANT, arena, again, &error) == 0);
        const char *second = field_text(type, again, arena);
        require(second && strcmp(first, second) == 0);
    }
    arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    static const char events[] = "events";
    const struct treadle_type *all[FIELD_TYPES_MOST];
    size_t count = field_types(all);
    const uint8_t *end = memchr(bytes, '\n', length);
    if (!end)
        return 0;
    size_t name = (size_t)(end - bytes);
    const char *text = (const char *)end + 1;
    length -= name + 1;
    if (name == strlen(events) && memcmp(bytes, events, name) == 0) {
        read_events(text, length);
        return 0;
    }
    const struct treadle_type *type = all[name % count];
    for (size_t i = 0; i < count; i++)
        if (strlen(all[i]->name) == name && memcmp(all[i]->name, bytes, name) == 0)
            type = all[i];
    read_object(type, text, length);
    return 0;
}
