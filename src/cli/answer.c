/*
 * Answers. A marker is replaced wherever an annotation's text occurs, as the official clients do:
 * that holds whether a server counts positions in bytes, characters or UTF-16 units. Positions
 * only choose among annotations of the same text.
 */
#include "cli/answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli/show.h"

enum { ANSWER_LIMIT = 16 << 20 };

void answer_init(struct answer *answer)
{
    memset(answer, 0, sizeof *answer);
    buffer_init(&answer->text, ANSWER_LIMIT);
}

void answer_free(struct answer *answer)
{
    buffer_clear(&answer->text);
    for (size_t i = 0; i < answer->source_count; i++) {
        free(answer->sources[i].file_id);
        free(answer->sources[i].page_label);
    }
}

/* The source's number, 0 when there are too many. */
static size_t number_of(struct answer *answer, const struct treadle_file_citation *citation)
{
    int64_t page = citation->page.state == TREADLE_SET ? citation->page.value : 0;
    size_t i = 0;
    while (i < answer->source_count && (answer->sources[i].page != page ||
                                        !text_equal(answer->sources[i].file_id, citation->file_id)))
        i++;
    if (i == ANSWER_SOURCES)
        return 0;
    if (i < answer->source_count)
        return i + 1;
    char *file_id = strdup(citation->file_id);
    if (!file_id)
        return 0;
    /* A source without its label is still one. */
    char *label = citation->page_label ? strdup(citation->page_label) : NULL;
    answer->sources[answer->source_count++] = (struct answer_source){file_id, page, label};
    return i + 1;
}

/* The annotation whose text is at `at`. One text may be cited for several pages: then the one that
 * names this place is chosen. */
static const struct treadle_annotation *marker_at(const struct treadle_text *text, const char *at)
{
    const struct treadle_annotation *found = NULL;
    for (size_t i = 0; i < text->annotation_count; i++) {
        const struct treadle_annotation *annotation = &text->annotations[i];
        if (!annotation->text || !annotation->text[0] || !annotation->file_citation ||
            !annotation->file_citation->file_id || !text_starts_with(at, annotation->text))
            continue;
        if (annotation->start_index ==
            (int64_t)text_characters(text->value, (size_t)(at - text->value)))
            return annotation;
        if (!found)
            found = annotation;
    }
    return found;
}

static void add_plain(struct answer *answer, const char *start, size_t length)
{
    char *copy = strndup(start, length);
    if (copy)
        show_block(&answer->text, copy);
    else
        answer->text.failed = TREADLE_EMEMORY;
    free(copy);
}

static void add_text(struct answer *answer, const struct treadle_text *text)
{
    const char *plain = text->value, *at = text->value;
    while (*at) {
        const struct treadle_annotation *marker = marker_at(text, at);
        if (!marker) {
            at++;
            continue;
        }
        add_plain(answer, plain, (size_t)(at - plain));
        size_t number = number_of(answer, marker->file_citation);
        if (number)
            buffer_append_format(&answer->text, "[%zu]", number);
        at += strlen(marker->text);
        plain = at;
    }
    add_plain(answer, plain, (size_t)(at - plain));
}

void answer_add(struct answer *answer, const struct treadle_message *message)
{
    for (size_t i = 0; i < message->content_count; i++) {
        const struct treadle_content *content = &message->content[i];
        const char *refusal = content->refusal;
        if (!refusal && !(content->text && content->text->value))
            continue;
        if (answer->text.length)
            buffer_append_string(&answer->text, "\n\n");
        if (refusal)
            show_block(&answer->text, refusal);
        else
            add_text(answer, content->text);
    }
}

/* ---- Pieces --------------------------------------------------------------------------------- */

static void add_text_piece(struct answer *answer, const struct treadle_text_delta *piece)
{
    struct treadle_annotation annotations[ANSWER_SOURCES];
    struct treadle_file_citation citations[ANSWER_SOURCES];
    struct treadle_text text = {.value = piece->value ? piece->value : "",
                                .annotations = annotations};
    for (size_t i = 0; i < piece->annotation_count && i < ANSWER_SOURCES; i++) {
        const struct treadle_annotation_delta *added = &piece->annotations[i];
        if (!added->file_citation)
            continue;
        struct treadle_file_citation *citation = &citations[text.annotation_count];
        *citation = (struct treadle_file_citation){.file_id = added->file_citation->file_id,
                                                   .page = added->file_citation->page,
                                                   .page_label = added->file_citation->page_label};
        annotations[text.annotation_count++] = (struct treadle_annotation){
            .type = added->type, .text = added->text, .start_index = -1, .file_citation = citation};
    }
    add_text(answer, &text);
}

void answer_add_piece(struct answer *answer, const struct treadle_message_delta *piece)
{
    for (size_t i = 0; piece->delta && i < piece->delta->content_count; i++) {
        const struct treadle_content_delta *content = &piece->delta->content[i];
        if (!content->text && !content->refusal)
            continue;
        bool other = strcmp(answer->message, piece->id) != 0 || answer->part != content->index;
        if (answer->message[0] && other)
            buffer_append_string(&answer->text, "\n\n");
        snprintf(answer->message, sizeof answer->message, "%s", piece->id);
        answer->part = content->index;
        if (content->refusal)
            show_block(&answer->text, content->refusal);
        else
            add_text_piece(answer, content->text);
    }
}
