/*
 * Images of a request.
 */
#include "openai/openai_images.h"

#include <stdlib.h>
#include <string.h>

#include "api/json.h"
#include "base/buffer.h"
#include "base/error.h"
#include "model/image.h"

enum { MOST_IMAGES = 64, MOST_BYTES = 48 << 20 };

struct image {
    char *url;
    char *data; /* as it is put in; NULL: it cannot be */
    char note[256];
};

struct openai_images {
    struct fetcher *fetcher;
    const atomic_bool *cancelled;
    struct image items[MOST_IMAGES];
    size_t count, next;
    size_t bytes; /* of all data */
    void (*done)(void *context);
    void *context;
};

/* The address of a part that is an image; NULL for others. */
static const char *url_of(const json_t *part)
{
    const char *type = json_string_value(json_object_get(part, "type"));
    if (!type || strcmp(type, "image_url") != 0)
        return NULL;
    return json_string_value(json_object_get(json_object_get(part, "image_url"), "url"));
}

static const struct image *find_image(const struct openai_images *images, const char *url)
{
    for (size_t i = 0; url && i < images->count; i++)
        if (strcmp(images->items[i].url, url) == 0)
            return &images->items[i];
    return NULL;
}

/* ---- Gathering ------------------------------------------------------------------------------ */

static int add_image(struct openai_images *images, const char *url)
{
    if (!url || find_image(images, url) || images->count == MOST_IMAGES ||
        !fetcher_may(images->fetcher, url))
        return 0;
    struct image *image = &images->items[images->count];
    image->url = strdup(url);
    if (!image->url)
        return TREADLE_EMEMORY;
    images->count++;
    return 0;
}

static int add_images(struct openai_images *images, const char *content)
{
    json_t *parts = NULL;
    struct treadle_error ignored; /* what is no content has no images */
    int rc = json_read(content, strlen(content), JSON_READ_REPEATED, &parts, &ignored);
    rc = rc == TREADLE_EMEMORY ? rc : 0;
    for (size_t i = 0; !rc && i < json_array_size(parts); i++)
        rc = add_image(images, url_of(json_array_get(parts, i)));
    json_decref(parts);
    return rc;
}

int openai_images_new(struct openai_images **out, struct fetcher *fetcher,
                      const struct model_request *request, struct treadle_error *error)
{
    struct openai_images *images = calloc(1, sizeof *images);
    int rc = images ? 0 : TREADLE_EMEMORY;
    if (images) {
        images->fetcher = fetcher;
        images->cancelled = request->cancelled;
    }
    for (size_t i = 0; !rc && i < request->message_count; i++)
        if (request->messages[i].content && strstr(request->messages[i].content, "http"))
            rc = add_images(images, request->messages[i].content);
    if (rc || !images->count) {
        openai_images_free(images);
        images = NULL;
    }
    if (rc)
        return error_set_memory(error);
    *out = images;
    return 0;
}

void openai_images_free(struct openai_images *images)
{
    for (size_t i = 0; images && i < images->count; i++) {
        free(images->items[i].url);
        free(images->items[i].data);
    }
    free(images);
}

/* ---- Fetching ------------------------------------------------------------------------------- */

static void fetch_next(struct openai_images *images);

static void keep(struct openai_images *images, struct image *image,
                 const struct fetch_outcome *outcome)
{
    struct buffer data;
    buffer_init(&data, MOST_BYTES - images->bytes);
    image_print(&data, outcome->type, outcome->bytes, outcome->length);
    images->bytes += data.failed ? 0 : data.length;
    image->data = buffer_take(&data);
    if (!image->data)
        snprintf(image->note, sizeof image->note, "The images are too large together.");
    buffer_clear(&data);
}

static void on_fetched(void *context, const struct fetch_outcome *outcome)
{
    struct openai_images *images = context;
    struct image *image = &images->items[images->next++];
    if (outcome->error)
        snprintf(image->note, sizeof image->note, "%.255s", outcome->error->message);
    else
        keep(images, image, outcome);
    fetch_next(images);
}

static void fetch_next(struct openai_images *images)
{
    const struct fetch_sink sink = {images, on_fetched};
    bool cancelled = images->cancelled && atomic_load(images->cancelled);
    if (images->next < images->count && !cancelled)
        fetcher_fetch(images->fetcher, images->items[images->next].url, images->cancelled, &sink);
    else
        images->done(images->context);
}

void openai_images_fetch(struct openai_images *images, void (*done)(void *context), void *context)
{
    images->done = done;
    images->context = context;
    fetch_next(images);
}

/* ---- Putting in ----------------------------------------------------------------------------- */

static json_t *note_part(const struct image *image)
{
    return json_pack("{s:s, s:o}", "type", "text", "text",
                     json_sprintf("[An image was here. %s]", image->note));
}

int openai_images_inline(const struct openai_images *images, json_t *content)
{
    int failed = 0;
    for (size_t i = 0; images && !failed && i < json_array_size(content); i++) {
        json_t *part = json_array_get(content, i);
        const struct image *image = find_image(images, url_of(part));
        if (image && image->data)
            failed = json_object_set_new(json_object_get(part, "image_url"), "url",
                                         json_string_nocheck(image->data));
        else if (image)
            failed = json_array_set_new(content, i, note_part(image));
    }
    return failed;
}
