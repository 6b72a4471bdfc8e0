/*
 * Messages with images as they are sent to models, on a real store.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <string.h>
#include <unistd.h>

#include "db_fixture.h"
#include "engine/content.h"
#include "model/image.h"
#include "store/file_record.h"
#include "store/schema.h"

struct scene {
    struct fixture fixture;
    struct db *db;
    struct blob_store *blobs;
    struct arena *arena;
    const struct treadle_message *message;
    const char *file, *project, *out;
    struct treadle_error error;
    int64_t bytes; /* of the file */
};

static int setup(void **state)
{
    struct scene *scene = calloc(1, sizeof *scene);
    char directory[PATH_MAX];
    assert_int_equal(fixture_make(&scene->fixture), 0);
    snprintf(directory, sizeof directory, "%s/blobs", scene->fixture.directory);
    assert_int_equal(
        db_open_sqlite(&scene->db, scene->fixture.path, schema_migrations, &scene->error), 0);
    assert_int_equal(blob_open(&scene->blobs, directory, &scene->error), 0);
    scene->arena = arena_new(256 << 20);
    *state = scene;
    return 0;
}

static int teardown(void **state)
{
    struct scene *scene = *state;
    db_close(scene->db);
    blob_close(scene->blobs);
    arena_free(scene->arena);
    assert_int_equal(fixture_remove(&scene->fixture), 0);
    free(scene);
    return 0;
}

static int insert_file(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct scene *scene = argument;
    const struct treadle_file file = {.id = scene->file,
                                      .filename = "x.png",
                                      .bytes = scene->bytes,
                                      .purpose = TREADLE_PURPOSE_VISION,
                                      .status = TREADLE_FILE_PROCESSED};
    return file_record_insert(session, scene->project, &file, NULL, scene->arena, error);
}

/* Adds a file that begins with these bytes and is filled with zeros up to its length. */
static void add_file(struct scene *scene, const char *id, const char *project, const char *bytes,
                     size_t length)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/upload", blob_temporary_directory(scene->blobs));
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, strlen(bytes), file), strlen(bytes));
    assert_int_equal(ftruncate(fileno(file), (off_t)length), 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(blob_adopt(scene->blobs, id, path, NULL, &scene->error), 0);
    scene->file = id;
    scene->project = project;
    scene->bytes = (int64_t)length;
    assert_int_equal(db_write(scene->db, insert_file, scene, &scene->error), 0);
}

static int print(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct scene *scene = argument;
    return content_print(session, scene->blobs, "p", scene->message, scene->arena, &scene->out,
                         error);
}

static json_t *print_parts(struct scene *scene, struct treadle_content *parts, size_t count)
{
    const struct treadle_message message = {.content = parts, .content_count = count};
    scene->message = &message;
    scene->out = "unset";
    assert_int_equal(db_read(scene->db, print, scene, &scene->error), 0);
    if (!scene->out)
        return NULL;
    json_t *value = json_loads(scene->out, 0, NULL);
    assert_int_equal(json_array_size(value), count);
    return value;
}

static const char *part_text(const json_t *parts, size_t index)
{
    const json_t *part = json_array_get(parts, index);
    assert_string_equal(json_string_value(json_object_get(part, "type")), "text");
    return json_string_value(json_object_get(part, "text"));
}

static const json_t *part_image(const json_t *parts, size_t index)
{
    const json_t *part = json_array_get(parts, index);
    assert_string_equal(json_string_value(json_object_get(part, "type")), "image_url");
    return json_object_get(part, "image_url");
}

static void text_alone_is_no_content(void **state)
{
    struct treadle_text text = {.value = "Hello"};
    struct treadle_content part = {.type = TREADLE_CONTENT_TEXT, .text = &text};
    assert_null(print_parts(*state, &part, 1));
}

static void images_go_in_with_their_detail(void **state)
{
    struct scene *scene = *state;
    struct treadle_text text = {.value = "What is \"this\"?\n"};
    struct treadle_image_file file = {.file_id = "file-png", .detail = TREADLE_IMAGE_DETAIL_LOW};
    struct treadle_image_url url = {.url = "https://a.example/x.png?a=\"b\"",
                                    .detail = TREADLE_IMAGE_DETAIL_HIGH};
    struct treadle_image_url plain = {.url = "https://a.example/y.png", .detail = 0};
    struct treadle_content parts[] = {{.type = TREADLE_CONTENT_TEXT, .text = &text},
                                      {.type = TREADLE_CONTENT_IMAGE_FILE, .image_file = &file},
                                      {.type = TREADLE_CONTENT_IMAGE_URL, .image_url = &url},
                                      {.type = TREADLE_CONTENT_IMAGE_URL, .image_url = &plain}};
    add_file(scene, "file-png", "p", "\x89PNG\r\n\x1a\n", 9);
    json_t *value = print_parts(scene, parts, 4);
    assert_string_equal(part_text(value, 0), text.value);
    const json_t *image = part_image(value, 1);
    assert_string_equal(json_string_value(json_object_get(image, "url")),
                        "data:image/png;base64,iVBORw0KGgoA");
    assert_string_equal(json_string_value(json_object_get(image, "detail")), "low");
    image = part_image(value, 2);
    assert_string_equal(json_string_value(json_object_get(image, "url")), url.url);
    assert_string_equal(json_string_value(json_object_get(image, "detail")), "high");
    assert_string_equal(json_string_value(json_object_get(part_image(value, 3), "detail")), "auto");
    json_decref(value);
}

static void what_cannot_be_shown_is_said(void **state)
{
    struct scene *scene = *state;
    struct treadle_image_file files[] = {{.file_id = "file-gone", .detail = 0},
                                         {.file_id = "file-text", .detail = 0},
                                         {.file_id = "file-other", .detail = 0},
                                         {.file_id = "file-large", .detail = 0},
                                         {.file_id = "file-empty", .detail = 0}};
    static const char *const notes[] = {"no longer there", "is no PNG", "no longer there",
                                        "too large", "is no PNG"};
    struct treadle_content parts[5] = {{.type = TREADLE_CONTENT_IMAGE_FILE}};
    add_file(scene, "file-text", "p", "Hello", 5);
    add_file(scene, "file-other", "q", "\x89PNG\r\n\x1a\n", 9);
    add_file(scene, "file-large", "p", "\xff\xd8\xff", IMAGE_BYTES + 1);
    add_file(scene, "file-empty", "p", "", 0);
    for (size_t i = 0; i < 5; i++)
        parts[i].image_file = &files[i];
    json_t *value = print_parts(scene, parts, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_non_null(strstr(part_text(value, i), notes[i]));
        assert_non_null(strstr(part_text(value, i), files[i].file_id));
    }
    json_decref(value);
}

static void images_are_bounded_together(void **state)
{
    struct scene *scene = *state;
    struct treadle_image_file file = {.file_id = "file-big", .detail = 0};
    struct treadle_content parts[2] = {{.image_file = &file}, {.image_file = &file}};
    add_file(scene, "file-big", "p", "\xff\xd8\xff", IMAGE_BYTES);
    json_t *value = print_parts(scene, parts, 2);
    assert_int_equal(json_string_length(json_object_get(part_image(value, 0), "url")),
                     strlen("data:image/jpeg;base64,") + (IMAGE_BYTES + 2) / 3 * 4);
    assert_non_null(strstr(part_text(value, 1), "together"));
    json_decref(value);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(text_alone_is_no_content, setup, teardown),
        cmocka_unit_test_setup_teardown(images_go_in_with_their_detail, setup, teardown),
        cmocka_unit_test_setup_teardown(what_cannot_be_shown_is_said, setup, teardown),
        cmocka_unit_test_setup_teardown(images_are_bounded_together, setup, teardown),
    };
    return cmocka_run_group_tests_name("content", tests, NULL, NULL);
}
