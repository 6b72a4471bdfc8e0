/*
 * Snapshots of a store's parts: contents of files that are removed meanwhile, databases that are
 * written to meanwhile, whole directories.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "store/blob.h"
#include "store/db.h"
#include "store/sqlite_copy.h"
#include "store/tree.h"

struct place {
    char home[64];
};

static const char *in(const struct place *place, const char *name)
{
    static char paths[8][256];
    static size_t next;
    char *path = paths[next++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", place->home, name);
    return path;
}

static int set_up(void **state)
{
    struct place *place = calloc(1, sizeof *place);
    snprintf(place->home, sizeof place->home, "/tmp/treadle-snapshot-XXXXXX");
    assert_non_null(mkdtemp(place->home));
    *state = place;
    return 0;
}

static int tear_down(void **state)
{
    struct place *place = *state;
    struct treadle_error error;
    assert_int_equal(tree_remove(place->home, &error), 0);
    assert_int_not_equal(access(place->home, F_OK), 0);
    free(place);
    return 0;
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void assert_file(const char *path, const char *text)
{
    char bytes[256];
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    bytes[fread(bytes, 1, sizeof bytes - 1, file)] = '\0';
    fclose(file);
    assert_string_equal(bytes, text);
}

static void add_blob(struct blob_store *blobs, const char *id)
{
    char path[512];
    struct treadle_error error;
    snprintf(path, sizeof path, "%s/%s", blob_temporary_directory(blobs), "upload");
    write_file(path, id);
    assert_int_equal(blob_adopt(blobs, id, path, NULL, &error), 0);
}

static void blobs_removed_meanwhile_are_kept(void **state)
{
    struct place *place = *state;
    struct blob_store *blobs, *copy;
    struct treadle_error error;
    int descriptor;
    uint64_t length;
    assert_int_equal(blob_open(&blobs, in(place, "files"), &error), 0);
    add_blob(blobs, "file-stays01");
    add_blob(blobs, "file-leaves02");
    add_blob(blobs, "file-before03");
    assert_int_equal(blob_remove(blobs, "file-before03", &error), 0);
    assert_int_equal(mkdir(in(place, "copy"), 0700), 0);
    assert_int_equal(blob_snapshot_begin(blobs, in(place, "copy"), &error), 0);
    assert_int_equal(blob_snapshot_begin(blobs, in(place, "copy"), &error), TREADLE_EBUSY);
    assert_int_equal(blob_remove(blobs, "file-leaves02", &error), 0);
    add_blob(blobs, "file-comes04");
    assert_int_equal(blob_snapshot_end(blobs, &error), 0);
    assert_int_equal(blob_read(blobs, "file-leaves02", &descriptor, &length, &error),
                     TREADLE_ENOTFOUND);
    assert_int_equal(blob_remove(blobs, "file-stays01", &error), 0);
    blob_close(blobs);
    assert_int_equal(blob_open(&copy, in(place, "copy"), &error), 0);
    const char *const kept[] = {"file-stays01", "file-leaves02", "file-comes04"};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(blob_read(copy, kept[i], &descriptor, &length, &error), 0);
        assert_int_equal(length, strlen(kept[i]));
        close(descriptor);
    }
    assert_int_equal(blob_read(copy, "file-before03", &descriptor, &length, &error),
                     TREADLE_ENOTFOUND);
    blob_close(copy);
}

static int insert(struct db_session *session, void *argument, struct treadle_error *error)
{
    (void)argument;
    return db_execute(session, "INSERT INTO things DEFAULT VALUES", error);
}

static int count(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct db_statement *statement;
    int rc = db_prepare(session, &statement, "SELECT COUNT(*) FROM things", error);
    if (!rc)
        rc = db_step(statement, error);
    if (rc < 0)
        return rc;
    *(int64_t *)argument = db_column_integer(statement, 0);
    return 0;
}

static void a_database_is_copied_as_it_is(void **state)
{
    static const char *const migrations[] = {"CREATE TABLE things (id INTEGER PRIMARY KEY)", NULL};
    struct place *place = *state;
    struct treadle_error error;
    struct db *db, *copy;
    struct stat status;
    int64_t found = 0;
    assert_int_equal(db_open_sqlite(&db, in(place, "a.db"), migrations, &error), 0);
    for (int i = 0; i < 100; i++)
        assert_int_equal(db_write(db, insert, NULL, &error), 0);
    assert_int_equal(db_copy(db, in(place, "b.db"), &error), 0);
    assert_int_equal(db_write(db, insert, NULL, &error), 0);
    /* Nothing is written over. */
    assert_int_equal(db_copy(db, in(place, "b.db"), &error), TREADLE_EIO);
    db_close(db);
    assert_int_equal(stat(in(place, "b.db"), &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(db_open_sqlite(&copy, in(place, "b.db"), migrations, &error), 0);
    assert_int_equal(db_read(copy, count, &found, &error), 0);
    assert_int_equal(found, 100);
    db_close(copy);
    assert_int_equal(sqlite_copy(in(place, "none"), in(place, "c.db"), &error), TREADLE_ENOTFOUND);
    assert_int_not_equal(access(in(place, "c.db"), F_OK), 0);
}

static void what_is_no_database_leaves_no_copy(void **state)
{
    struct place *place = *state;
    struct treadle_error error;
    write_file(in(place, "text"), "This is a text and no database, and it is long enough.");
    assert_int_equal(sqlite_copy(in(place, "text"), in(place, "copy"), &error), TREADLE_EIO);
    assert_int_not_equal(access(in(place, "copy"), F_OK), 0);
}

static void trees_are_copied_without_links(void **state)
{
    struct place *place = *state;
    struct treadle_error error;
    assert_int_equal(mkdir(in(place, "tree"), 0755), 0);
    assert_int_equal(mkdir(in(place, "tree/below"), 0755), 0);
    write_file(in(place, "tree/one"), "1");
    write_file(in(place, "tree/below/two"), "22");
    assert_int_equal(symlink("/etc/passwd", in(place, "tree/link")), 0);
    assert_int_equal(mkdir(in(place, "copy"), 0700), 0); /* empty, so it may be used */
    assert_int_equal(tree_copy(in(place, "tree"), in(place, "copy"), &error), 0);
    assert_file(in(place, "copy/one"), "1");
    assert_file(in(place, "copy/below/two"), "22");
    assert_int_not_equal(access(in(place, "copy/link"), F_OK), 0);
    assert_int_equal(tree_copy(in(place, "tree"), in(place, "copy"), &error), TREADLE_EIO);
    assert_int_equal(tree_copy(in(place, "none"), in(place, "other"), &error), TREADLE_EIO);
    assert_int_equal(tree_remove(in(place, "none"), &error), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(blobs_removed_meanwhile_are_kept, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_database_is_copied_as_it_is, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_no_database_leaves_no_copy, set_up, tear_down),
        cmocka_unit_test_setup_teardown(trees_are_copied_without_links, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("snapshot", tests, NULL, NULL);
}
