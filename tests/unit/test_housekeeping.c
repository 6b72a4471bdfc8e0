/*
 * Housekeeping on a real store: what is due goes away with all that belongs to it, what is not
 * stays, removals that were noted are done, and what no row knows is moved aside.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "api/types.h"
#include "base/clock.h"
#include "db_fixture.h"
#include "server/housekeeping.h"
#include "store/code_file_record.h"
#include "store/file_record.h"
#include "store/record.h"
#include "store/removal_record.h"
#include "store/schema.h"
#include "store/upload_record.h"
#include "store/vector_store_record.h"

enum { LEVEL_INSIDE = 3 };

struct scene {
    struct fixture store;
    struct housekeeping_options options;
    struct housekeeping *housekeeping;
    struct arena *arena;
    struct treadle_error error;
};

static int setup(void **state)
{
    char path[PATH_MAX];
    struct scene *scene = calloc(1, sizeof *scene);
    struct treadle_error *error = &scene->error;
    assert_int_equal(fixture_make(&scene->store), 0);
    assert_int_equal(
        db_open_sqlite(&scene->options.db, scene->store.path, schema_migrations, error), 0);
    snprintf(path, sizeof path, "%s/files", scene->store.directory);
    assert_int_equal(blob_open(&scene->options.blobs, path, error), 0);
    snprintf(path, sizeof path, "%s/indexes", scene->store.directory);
    assert_int_equal(search_open(&scene->options.search, path, error), 0);
    scene->arena = arena_new(0);
    *state = scene;
    return 0;
}

static int teardown(void **state)
{
    struct scene *scene = *state;
    housekeeping_close(scene->housekeeping);
    search_close(scene->options.search);
    blob_close(scene->options.blobs);
    db_close(scene->options.db);
    arena_free(scene->arena);
    assert_int_equal(fixture_remove(&scene->store), 0);
    free(scene);
    return 0;
}

static void start(struct scene *scene)
{
    search_attach(scene->options.search, scene->options.db);
    assert_int_equal(housekeeping_open(&scene->housekeeping, &scene->options, &scene->error), 0);
}

/* ---- Blobs ---------------------------------------------------------------------------------- */

static void make_blob(struct scene *scene, const char *id)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/t_%s", blob_temporary_directory(scene->options.blobs), id);
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    assert_true(file >= 0);
    assert_int_equal(write(file, id, strlen(id)), (ssize_t)strlen(id));
    close(file);
    assert_int_equal(blob_adopt(scene->options.blobs, id, path, NULL, &scene->error), 0);
    assert_int_equal(blob_settle(scene->options.blobs, id, &scene->error), 0);
}

static bool has_blob(struct scene *scene, const char *id)
{
    uint64_t length;
    int descriptor;
    if (blob_read(scene->options.blobs, id, &descriptor, &length, &scene->error))
        return false;
    close(descriptor);
    return true;
}

/* ---- Rows ----------------------------------------------------------------------------------- */

struct row {
    struct scene *scene;
    const char *id;
    int64_t expires_at; /* 0: never */
    bool found;
};

static int add_file(struct db_session *session, void *argument, struct treadle_error *error)
{
    const struct row *row = argument;
    const struct treadle_file file = {
        .id = row->id,
        .filename = "a.txt",
        .purpose = TREADLE_PURPOSE_ASSISTANTS,
        .status = TREADLE_FILE_PROCESSED,
        .expires_at = {row->expires_at ? TREADLE_SET : TREADLE_NULL, row->expires_at},
    };
    return file_record_insert(session, "p", &file, NULL, row->scene->arena, error);
}

static int add_upload(struct db_session *session, void *argument, struct treadle_error *error)
{
    const struct row *row = argument;
    const struct upload_record record = {.upload = {.id = row->id,
                                                    .bytes = 4,
                                                    .expires_at = row->expires_at,
                                                    .filename = "a.txt",
                                                    .purpose = TREADLE_PURPOSE_ASSISTANTS,
                                                    .status = TREADLE_UPLOAD_PENDING}};
    char part[64];
    snprintf(part, sizeof part, "part_%s", row->id);
    int rc = upload_record_insert(session, "p", &record, row->scene->arena, error);
    return rc ? rc : upload_record_add_part(session, row->id, part, 4, error);
}

/* A store that was last used so long ago that it expires then, with one file in it. */
static int add_store(struct db_session *session, void *argument, struct treadle_error *error)
{
    const struct row *row = argument;
    struct arena *arena = row->scene->arena;
    struct treadle_expires_after policy = {.days = 1};
    struct treadle_file_counts counts = {.completed = 1, .total = 1};
    const struct treadle_vector_store_file file = {.id = "file-inside",
                                                   .vector_store_id = row->id,
                                                   .usage_bytes = 7,
                                                   .status = TREADLE_VECTOR_STORE_FILE_COMPLETED};
    struct treadle_vector_store store = {
        .id = row->id,
        .usage_bytes = 7,
        .file_counts = &counts,
        .expires_after = &policy,
        .last_active_at = {TREADLE_SET, clock_seconds()},
    };
    const struct record_value values[] = {{.column = "id", .text = row->id},
                                          {.column = "project", .text = "p"},
                                          {.column = "body", .text = ""}};
    const struct record_value inside[] = {
        {.column = "store", .text = row->id},
        {.column = "file", .text = "file-inside"},
        {.column = "project", .text = "p"},
        {.column = "status", .text = "completed"},
        {.column = "body", .text = field_text(&treadle_vector_store_file_type, &file, arena)},
        {.column = "level", .kind = RECORD_INTEGER, .integer = LEVEL_INSIDE}};
    const struct record_key keys[] = {{"id", row->id}};
    const struct record_value due = {
        .column = "expires_at", .kind = RECORD_INTEGER, .integer = row->expires_at};
    int rc = record_insert(session, "vector_stores", values, 3, error);
    if (!rc)
        rc = record_insert(session, "vector_store_files", inside, 6, error);
    if (!rc)
        rc = vector_store_save(session, &store, arena, error);
    if (!rc && row->expires_at) {
        store.last_active_at.value = row->expires_at - 86400;
        store.status = TREADLE_VECTOR_STORE_COMPLETED;
        store.expires_at = (struct treadle_integer){TREADLE_SET, row->expires_at};
        const struct record_value body = {
            .column = "body", .text = field_text(&treadle_vector_store_type, &store, arena)};
        rc = record_update(session, "vector_stores", keys, 1, &body, 1, error);
        if (!rc)
            rc = record_update(session, "vector_stores", keys, 1, &due, 1, error);
    }
    return rc;
}

/* An assistant and a thread that give three files to the code interpreter. */
static int add_holders(struct db_session *session, void *argument, struct treadle_error *error)
{
    const struct row *row = argument;
    struct arena *arena = row->scene->arena;
    const char *ids[] = {"file-first", row->id, "file-last"};
    struct treadle_code_interpreter_resources code = {.file_ids = ids, .file_id_count = 3};
    struct treadle_tool_resources resources = {.code_interpreter = &code};
    const struct treadle_assistant assistant = {
        .id = "asst_a", .model = "m", .tool_resources = &resources};
    const struct treadle_thread thread = {.id = "thread_a", .tool_resources = &resources};
    struct record_value values[] = {
        {.column = "id", .text = "asst_a"},
        {.column = "project", .text = "p"},
        {.column = "body", .text = field_text(&treadle_assistant_type, &assistant, arena)}};
    int rc = record_insert(session, "assistants", values, 3, error);
    values[0].text = "thread_a";
    values[2].text = field_text(&treadle_thread_type, &thread, arena);
    if (!rc)
        rc = record_insert(session, "threads", values, 3, error);
    if (!rc)
        rc = code_file_record_index(session, CODE_HOLDER_ASSISTANT, "asst_a", &resources, error);
    if (!rc)
        rc = code_file_record_index(session, CODE_HOLDER_THREAD, "thread_a", &resources, error);
    return rc;
}

static void add(struct scene *scene, db_work work, const char *id, int64_t expires_at)
{
    struct row row = {scene, id, expires_at, false};
    assert_int_equal(db_write(scene->options.db, work, &row, &scene->error), 0);
}

static int look_file(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct row *row = argument;
    const struct record_key keys[] = {{"id", row->id}};
    const char *id;
    int rc = record_text(session, "files", "id", keys, 1, row->scene->arena, &id, error);
    row->found = rc == 0;
    return rc == TREADLE_ENOTFOUND ? 0 : rc;
}

static bool has_file(struct scene *scene, const char *id)
{
    struct row row = {scene, id, 0, false};
    assert_int_equal(db_read(scene->options.db, look_file, &row, &scene->error), 0);
    return row.found;
}

struct reading {
    struct scene *scene;
    const char *id;
    struct upload_record upload;
    struct upload_parts parts;
    struct treadle_vector_store store;
    struct treadle_assistant assistant;
    struct treadle_thread thread;
    int64_t pending;
    int64_t level;
};

static int read_upload(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct reading *reading = argument;
    struct arena *arena = reading->scene->arena;
    const char *next = NULL;
    int rc = upload_record_load(session, NULL, reading->id, arena, &reading->upload, error);
    if (!rc)
        rc = upload_record_parts(session, reading->id, arena, &reading->parts, error);
    if (!rc)
        rc = upload_record_next_due(session, INT64_MAX, arena, &next, error);
    reading->pending = next && strcmp(next, reading->id) == 0;
    return rc;
}

static int read_store(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct reading *reading = argument;
    return vector_store_load(session, NULL, reading->id, reading->scene->arena, &reading->store,
                             error);
}

static int read_holders(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct reading *reading = argument;
    struct arena *arena = reading->scene->arena;
    const struct record_key assistant[] = {{"id", "asst_a"}}, thread[] = {{"id", "thread_a"}};
    int rc = record_load(session, "assistants", &treadle_assistant_type, assistant, 1, arena,
                         &reading->assistant, error);
    return rc ? rc
              : record_load(session, "threads", &treadle_thread_type, thread, 1, arena,
                            &reading->thread, error);
}

static struct reading read_back(struct scene *scene, db_work work, const char *id)
{
    struct reading reading = {.scene = scene, .id = id};
    assert_int_equal(db_read(scene->options.db, work, &reading, &scene->error), 0);
    return reading;
}

/* Waits up to five seconds. */
#define WAIT_UNTIL(condition)                                                                      \
    do {                                                                                           \
        const struct timespec pause = {0, 10 * 1000000L};                                          \
        for (int tries = 0; tries < 500 && !(condition); tries++)                                  \
            nanosleep(&pause, NULL);                                                               \
        assert_true(condition);                                                                    \
    } while (0)

/* ---- Tests ---------------------------------------------------------------------------------- */

static void a_file_goes_with_all_that_names_it(void **state)
{
    struct scene *scene = *state;
    int64_t now = clock_seconds();
    add(scene, add_file, "file-inside", now - 1);
    add(scene, add_file, "file-later", now + 1000);
    add(scene, add_file, "file-never", 0);
    add(scene, add_store, "vs_a", 0);
    make_blob(scene, "file-inside");
    make_blob(scene, "file-later");
    start(scene);
    WAIT_UNTIL(!has_file(scene, "file-inside"));
    WAIT_UNTIL(!has_blob(scene, "file-inside"));
    struct treadle_vector_store store = read_back(scene, read_store, "vs_a").store;
    assert_int_equal(store.file_counts->total, 0);
    assert_int_equal(store.file_counts->completed, 0);
    assert_int_equal(store.usage_bytes, 0);
    assert_true(has_file(scene, "file-later"));
    assert_true(has_blob(scene, "file-later"));
    assert_true(has_file(scene, "file-never"));
}

static void check_list(const struct treadle_tool_resources *resources)
{
    const struct treadle_code_interpreter_resources *code = resources->code_interpreter;
    assert_int_equal(code->file_id_count, 2);
    assert_string_equal(code->file_ids[0], "file-first");
    assert_string_equal(code->file_ids[1], "file-last");
}

static void a_file_goes_from_every_list_of_the_code_interpreter(void **state)
{
    struct scene *scene = *state;
    add(scene, add_file, "file-code", clock_seconds() - 1);
    add(scene, add_holders, "file-code", 0);
    start(scene);
    WAIT_UNTIL(!has_file(scene, "file-code"));
    struct reading holders = read_back(scene, read_holders, NULL);
    check_list(holders.assistant.tool_resources);
    check_list(holders.thread.tool_resources);
}

static void an_upload_expires_with_its_parts(void **state)
{
    struct scene *scene = *state;
    int64_t now = clock_seconds();
    add(scene, add_upload, "upload_old", now);
    add(scene, add_upload, "upload_new", now + 1000);
    make_blob(scene, "part_upload_old");
    make_blob(scene, "part_upload_new");
    /* It is expired for every reader, also before it is swept. */
    assert_int_equal(read_back(scene, read_upload, "upload_old").upload.upload.status,
                     TREADLE_UPLOAD_EXPIRED);
    start(scene);
    WAIT_UNTIL(!has_blob(scene, "part_upload_old"));
    struct reading old = read_back(scene, read_upload, "upload_old");
    assert_int_equal(old.upload.upload.status, TREADLE_UPLOAD_EXPIRED);
    assert_int_equal(old.parts.count, 0);
    assert_false(old.pending);
    struct reading new = read_back(scene, read_upload, "upload_new");
    assert_int_equal(new.upload.upload.status, TREADLE_UPLOAD_PENDING);
    assert_int_equal(new.parts.count, 1);
    assert_true(new.pending);
    assert_true(has_blob(scene, "part_upload_new"));
}

static void a_vector_store_expires_and_keeps_its_list(void **state)
{
    struct scene *scene = *state;
    int64_t now = clock_seconds();
    add(scene, add_file, "file-inside", 0);
    add(scene, add_store, "vs_old", now - 5);
    add(scene, add_file, "file-other", 0);
    start(scene);
    WAIT_UNTIL(read_back(scene, read_store, "vs_old").store.status == TREADLE_VECTOR_STORE_EXPIRED);
    struct treadle_vector_store store = read_back(scene, read_store, "vs_old").store;
    assert_int_equal(store.expires_at.value, now - 5);
    assert_int_equal(store.file_counts->total, 1);
}

static void many_things_go_at_once(void **state)
{
    struct scene *scene = *state;
    char id[32];
    for (int i = 0; i < 200; i++) {
        snprintf(id, sizeof id, "file-%03d", i);
        add(scene, add_file, id, 1 + i);
        make_blob(scene, id);
    }
    start(scene);
    WAIT_UNTIL(!has_blob(scene, "file-199"));
    for (int i = 0; i < 200; i++) {
        snprintf(id, sizeof id, "file-%03d", i);
        assert_false(has_file(scene, id));
        assert_false(has_blob(scene, id));
    }
}

static bool is_aside(const struct scene *scene, const char *name)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", scene->store.directory, name);
    return access(path, F_OK) == 0;
}

static void blobs_that_no_row_knows_are_moved_aside(void **state)
{
    struct scene *scene = *state;
    add(scene, add_file, "file-known", 0);
    add(scene, add_upload, "upload_x", clock_seconds() + 1000);
    make_blob(scene, "file-known");
    make_blob(scene, "part_upload_x");
    make_blob(scene, "file-lost");
    make_blob(scene, "part_lost");
    start(scene);
    WAIT_UNTIL(!has_blob(scene, "file-lost") && !has_blob(scene, "part_lost"));
    housekeeping_close(scene->housekeeping);
    scene->housekeeping = NULL;
    assert_true(has_blob(scene, "file-known"));
    assert_true(has_blob(scene, "part_upload_x"));
    assert_true(is_aside(scene, "files/aside/file-lost"));
    assert_true(is_aside(scene, "files/aside/part_lost"));
}

static void make_text(struct scene *scene, const char *store_id, const char *file_id)
{
    struct document_block block = {.text = "The walrus sleeps.", .length = 18, .page = 1};
    const struct document document = {.blocks = &block, .block_count = 1};
    const struct search_file file = {.store_id = store_id, .file_id = file_id, .filename = "a"};
    int64_t usage;
    assert_int_equal(search_add(scene->options.search, &file, &document, &usage, &scene->error), 0);
}

static bool has_text(struct scene *scene, const char *store_id, const char *file_id)
{
    const char *text;
    return search_text(scene->options.search, store_id, file_id, scene->arena, &text,
                       &scene->error) == 0;
}

static bool has_index(const struct scene *scene, const char *store_id)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/indexes/%s.sqlite", scene->store.directory, store_id);
    return access(path, F_OK) == 0;
}

static void indexes_that_no_row_knows_are_moved_aside(void **state)
{
    struct scene *scene = *state;
    add(scene, add_file, "file-inside", 0);
    add(scene, add_store, "vs_known", 0);
    make_text(scene, "vs_known", "file-inside");
    make_text(scene, "vs_known", "file-gone");
    make_text(scene, "vs_gone", "file-inside");
    start(scene);
    WAIT_UNTIL(!has_index(scene, "vs_gone"));
    WAIT_UNTIL(!has_text(scene, "vs_known", "file-gone"));
    housekeeping_close(scene->housekeeping);
    scene->housekeeping = NULL;
    assert_true(has_text(scene, "vs_known", "file-inside"));
    assert_true(is_aside(scene, "indexes/aside/vs_gone.sqlite"));
}

/* What was moved aside for want of a row comes back when the row is there. */
static void contents_come_back_with_their_row(void **state)
{
    struct scene *scene = *state;
    make_blob(scene, "file-back");
    assert_int_equal(blob_set_aside(scene->options.blobs, "file-back", &scene->error), 0);
    assert_false(has_blob(scene, "file-back"));
    add(scene, add_file, "file-back", 0);
    start(scene);
    WAIT_UNTIL(has_blob(scene, "file-back"));
}

static void an_index_that_lost_a_file_reads_it_again(void **state)
{
    struct scene *scene = *state;
    add(scene, add_file, "file-inside", 0);
    add(scene, add_store, "vs_lost", 0);
    start(scene);
    WAIT_UNTIL(read_back(scene, read_store, "vs_lost").store.file_counts->in_progress == 1);
    struct treadle_vector_store store = read_back(scene, read_store, "vs_lost").store;
    assert_int_equal(store.file_counts->completed, 0);
    assert_int_equal(store.file_counts->total, 1);
    assert_int_equal(store.usage_bytes, 0);
    assert_int_equal(store.status, TREADLE_VECTOR_STORE_IN_PROGRESS);
}

static int note_removals(struct db_session *session, void *argument, struct treadle_error *error)
{
    (void)argument;
    int rc = removal_record_add(session, REMOVAL_CONTENTS, "file-leaves", NULL, error);
    if (!rc)
        rc = removal_record_add(session, REMOVAL_INDEX, "vs_leaves", NULL, error);
    if (!rc)
        rc = removal_record_add(session, REMOVAL_INDEX, "vs_stays", NULL, error);
    return rc ? rc : removal_record_add(session, REMOVAL_TEXT, "vs_stays", "file-leaves", error);
}

static int count_removals(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct reading *reading = argument;
    struct removal *items;
    size_t count = 0;
    int rc = removal_record_list(session, 0, 10, reading->scene->arena, &items, &count, error);
    reading->pending = (int64_t)count;
    return rc;
}

static void what_a_kill_left_of_a_removal_is_done(void **state)
{
    struct scene *scene = *state;
    add(scene, add_file, "file-inside", 0);
    add(scene, add_store, "vs_stays", 0);
    make_blob(scene, "file-leaves");
    make_text(scene, "vs_leaves", "file-leaves");
    make_text(scene, "vs_stays", "file-leaves");
    make_text(scene, "vs_stays", "file-inside");
    assert_int_equal(db_write(scene->options.db, note_removals, NULL, &scene->error), 0);
    start(scene);
    WAIT_UNTIL(read_back(scene, count_removals, NULL).pending == 0);
    assert_false(has_blob(scene, "file-leaves"));
    assert_false(has_index(scene, "vs_leaves"));
    assert_false(is_aside(scene, "files/aside/file-leaves"));
    assert_false(is_aside(scene, "indexes/aside/vs_leaves.sqlite"));
    assert_false(has_text(scene, "vs_stays", "file-leaves"));
    /* There is a row for it, so it is wanted. */
    assert_true(has_text(scene, "vs_stays", "file-inside"));
}

static void an_expired_store_gives_its_index_back(void **state)
{
    struct scene *scene = *state;
    add(scene, add_file, "file-inside", 0);
    add(scene, add_store, "vs_old", clock_seconds() - 5);
    make_text(scene, "vs_old", "file-inside");
    start(scene);
    WAIT_UNTIL(!has_index(scene, "vs_old"));
    assert_int_equal(read_back(scene, read_store, "vs_old").store.status,
                     TREADLE_VECTOR_STORE_EXPIRED);
}

static int give_life(struct db_session *session, void *argument, struct treadle_error *error)
{
    const struct row *row = argument;
    struct arena *arena = row->scene->arena;
    struct treadle_vector_store store;
    int rc = vector_store_load(session, NULL, row->id, arena, &store, error);
    store.expires_after = NULL;
    return rc ? rc : vector_store_save(session, &store, arena, error);
}

/* How long reading the one file is expected to take. */
static int read_level(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct reading *reading = argument;
    struct db_statement *statement;
    int rc = db_prepare(session, &statement, "SELECT level FROM vector_store_files", error);
    if (!rc && (rc = db_step(statement, error)) > 0)
        reading->level = db_column_integer(statement, 0);
    return rc < 0 ? rc : 0;
}

static void a_store_that_comes_to_life_again_is_read_again(void **state)
{
    struct scene *scene = *state;
    add(scene, add_file, "file-inside", 0);
    add(scene, add_store, "vs_old", clock_seconds() - 5);
    start(scene);
    WAIT_UNTIL(read_back(scene, read_store, "vs_old").store.status == TREADLE_VECTOR_STORE_EXPIRED);
    add(scene, give_life, "vs_old", 0);
    struct treadle_vector_store store = read_back(scene, read_store, "vs_old").store;
    assert_int_equal(store.status, TREADLE_VECTOR_STORE_IN_PROGRESS);
    assert_int_equal(store.file_counts->in_progress, 1);
    assert_int_equal(store.file_counts->completed, 0);
    assert_int_equal(read_back(scene, read_level, "vs_old").level, LEVEL_INSIDE);
}

static void ends_at_once(void **state)
{
    struct scene *scene = *state;
    start(scene);
    int64_t before = clock_monotonic_us();
    housekeeping_close(scene->housekeeping);
    scene->housekeeping = NULL;
    assert_true(clock_monotonic_us() - before < 900000);
    housekeeping_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_file_goes_with_all_that_names_it, setup, teardown),
        cmocka_unit_test_setup_teardown(a_file_goes_from_every_list_of_the_code_interpreter, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(an_upload_expires_with_its_parts, setup, teardown),
        cmocka_unit_test_setup_teardown(a_vector_store_expires_and_keeps_its_list, setup, teardown),
        cmocka_unit_test_setup_teardown(many_things_go_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(blobs_that_no_row_knows_are_moved_aside, setup, teardown),
        cmocka_unit_test_setup_teardown(indexes_that_no_row_knows_are_moved_aside, setup, teardown),
        cmocka_unit_test_setup_teardown(contents_come_back_with_their_row, setup, teardown),
        cmocka_unit_test_setup_teardown(an_index_that_lost_a_file_reads_it_again, setup, teardown),
        cmocka_unit_test_setup_teardown(what_a_kill_left_of_a_removal_is_done, setup, teardown),
        cmocka_unit_test_setup_teardown(an_expired_store_gives_its_index_back, setup, teardown),
        cmocka_unit_test_setup_teardown(a_store_that_comes_to_life_again_is_read_again, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(ends_at_once, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
