/*
 * Attachments: read with poppler's library for glib. PDFs and texts become pages; for any other
 * file a notice says that it was not read.
 */
#include "reader/attached.h"

#include <string.h>

enum {
    MOST_FILES = 500,
    HEAD = 64 /* bytes that show what a file is */
};

static const size_t most_bytes = (size_t)256 << 20; /* of all files together */

/* Bytes of a file, up to a limit, as long as they may be read. */
struct taken {
    GByteArray *bytes;
    size_t room;
    gboolean text; /* by its name */
};

static gboolean is_pdf(const struct taken *taken)
{
    return taken->bytes->len > 5 && memcmp(taken->bytes->data, "%PDF-", 5) == 0;
}

static gboolean is_readable(const struct taken *taken)
{
    return is_pdf(taken) || (taken->text && !memchr(taken->bytes->data, '\0', HEAD));
}

static gboolean take(const gchar *bytes, gsize length, gpointer data, GError **error)
{
    struct taken *taken = data;
    (void)error;
    if (length > taken->room)
        return FALSE;
    taken->room -= length;
    g_byte_array_append(taken->bytes, (const guint8 *)bytes, (guint)length);
    /* Films and similar files are skipped at once. */
    return taken->bytes->len < HEAD || is_readable(taken);
}

static gboolean is_text_name(const char *name)
{
    static const char *const endings[] = {".txt", ".md", ".csv", ".text"};
    size_t length = strlen(name);
    for (size_t i = 0; i < G_N_ELEMENTS(endings); i++)
        if (length > strlen(endings[i]) &&
            g_ascii_strcasecmp(name + length - strlen(endings[i]), endings[i]) == 0)
            return TRUE;
    return FALSE;
}

static gboolean add_one(struct words *words, PopplerAttachment *file, struct taken *taken)
{
    const char *name = file->name && g_utf8_validate(file->name, -1, NULL) ? file->name : "";
    g_byte_array_set_size(taken->bytes, 0);
    taken->text = is_text_name(name);
    if (!poppler_attachment_save_to_callback(file, take, taken, NULL))
        return FALSE;
    const char *bytes = (const char *)taken->bytes->data;
    size_t length = taken->bytes->len;
    gboolean text = length > 0 && taken->text && g_utf8_validate(bytes, (gssize)length, NULL);
    return (is_pdf(taken) || text) &&
           words_attach(words, *name ? name : "attachment", bytes, length);
}

void attached_add(struct words *words, PopplerDocument *document)
{
    struct taken taken = {.bytes = g_byte_array_new(), .room = most_bytes};
    GList *files = poppler_document_get_attachments(document);
    int count = 0;
    for (GList *at = files; at; at = at->next)
        if (++count > MOST_FILES || !add_one(words, at->data, &taken))
            words_leave_out(words);
    g_list_free_full(files, g_object_unref);
    g_byte_array_free(taken.bytes, TRUE);
}
