/*
 * The sources of an answer. A file that is gone, or without a name, is shown by its id.
 */
#include "cli/source_view.h"

#include <inttypes.h>
#include <stdio.h>

#include "cli/show.h"

static void print_source(struct session *session, size_t number, const struct answer_source *source)
{
    struct treadle_file_response *reply = NULL;
    struct buffer name;
    const char *shown = source->file_id;
    buffer_init(&name, 65536);
    if (!treadle_file_retrieve(&reply, session_client(session), source->file_id, NULL) &&
        reply->file.filename)
        shown = reply->file.filename;
    show_line(&name, shown);
    printf("[%zu] %s", number, name.data ? name.data : "?");
    if (source->page > 0)
        printf(", page %" PRId64, source->page);
    if (source->page > 0 && source->page_label) {
        buffer_reset(&name);
        show_line(&name, source->page_label);
        printf(" (%s)", name.data ? name.data : "");
    }
    putchar('\n');
    buffer_clear(&name);
    treadle_file_response_free(reply);
}

void source_view_print(struct session *session, const struct answer *answer)
{
    if (answer->source_count)
        printf("\nSources:\n");
    for (size_t i = 0; i < answer->source_count; i++)
        print_source(session, i + 1, &answer->sources[i]);
}
