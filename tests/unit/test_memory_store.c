/*
 * Memory runs out in the store: opening says so and leaves nothing; a write that fails has not
 * happened, one that worked has.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "db_fixture.h"
#include "failing_memory.h"

enum { UNLIKE = 1 };

struct scene {
    struct fixture fixture;
    struct db *db;
    int64_t rows; /* that must be there */
};

static int set_up(void **state)
{
    static struct scene scene;
    struct treadle_error error;
    assert_int_equal(fixture_make(&scene.fixture), 0);
    assert_int_equal(db_open_sqlite(&scene.db, scene.fixture.path, fixture_migrations, &error), 0);
    *state = &scene;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *scene = *state;
    db_close(scene->db);
    return fixture_remove(&scene->fixture);
}

static int write_row(void *argument)
{
    struct scene *scene = argument;
    struct fixture_row row = {.number = scene->rows + 1, .filling = 100};
    struct treadle_error error;
    int rc = db_write(scene->db, fixture_insert, &row, &error);
    scene->rows += rc == 0;
    return rc;
}

static int read_rows(void *argument)
{
    struct scene *scene = argument;
    struct treadle_error error;
    int64_t count = -1;
    int rc = db_read(scene->db, fixture_count_work, &count, &error);
    return !rc && count != scene->rows ? UNLIKE : rc;
}

static void writes(void **state)
{
    struct scene *scene = *state;
    unsigned wrong = 0;
    /* Some more rows, so that failures meet other moments than the first ones. */
    for (int i = 0; i < 5; i++) {
        wrong += memory_exhaust("write", write_row, NULL, scene);
        wrong += memory_exhaust("read", read_rows, NULL, scene);
        assert_int_equal(fixture_count(scene->db), scene->rows);
    }
    assert_int_equal(wrong, 0);
    assert_false(memory_leaks());
}

static int open_again(void *argument)
{
    struct scene *scene = argument;
    struct treadle_error error;
    struct db *db = NULL;
    int rc = db_open_sqlite(&db, scene->fixture.path, fixture_migrations, &error);
    db_close(db);
    return rc;
}

static void opening(void **state)
{
    struct scene *scene = *state;
    db_close(scene->db);
    scene->db = NULL;
    unsigned wrong = memory_exhaust("open", open_again, NULL, scene);
    struct treadle_error error;
    assert_int_equal(db_open_sqlite(&scene->db, scene->fixture.path, fixture_migrations, &error),
                     0);
    assert_int_equal(fixture_count(scene->db), scene->rows);
    assert_int_equal(wrong, 0);
    assert_false(memory_leaks());
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(writes), cmocka_unit_test(opening)};
    memory_prepare();
    return cmocka_run_group_tests_name("memory_store", tests, set_up, tear_down);
}
