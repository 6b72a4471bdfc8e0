/*
 * The log of a run: printing and reading its lines.
 *
 * "E NUMBER TYPE[,TYPE] OBJECT" is an event, "R NUMBER TYPE[,TYPE] ID MEMBERS" one whose object is
 * made from its row (run_log_object.h), "P NUMBER KIND SUBJECT INDEX OPENS LENGTH,… TEXT" are
 * pieces, with the text as a JSON string; neither holds a line break. Types are words of the wire,
 * which no version changes.
 */
#include "run/run_log.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "api/json.h"
#include "api/json_scan.h"
#include "api/types.h"
#include "base/error.h"
#include "run/run_log_object.h"
#include "store/run_event_record.h"

enum { LARGEST_ROW = 64 << 20 };

/* ---- Printing ------------------------------------------------------------------------------- */

void run_log_print_event(int64_t number, const enum treadle_event_type types[2], const char *data,
                         struct buffer *out)
{
    size_t start = out->length;
    buffer_append_format(out, "R %" PRId64 " %s", number, event_names[types[0]]);
    if (types[1])
        buffer_append_format(out, ",%s", event_names[types[1]]);
    buffer_append_char(out, ' ');
    if (!out->failed && !run_log_shorten(types[0], data, out)) {
        out->data[start] = 'E';
        buffer_append_string(out, data);
    }
    buffer_append_char(out, '\n');
}

/* JSON strings are printed from terminated text, and a piece is in the middle of one. */
static void print_text(const char *text, size_t length, struct buffer *out)
{
    struct buffer copy;
    buffer_init(&copy, LARGEST_ROW);
    buffer_append(&copy, text, length);
    if (copy.failed)
        out->failed = copy.failed;
    else
        json_print_string(copy.data, out);
    buffer_clear(&copy);
}

void run_log_print_pieces(const struct run_pieces *pieces, struct buffer *out)
{
    buffer_append_format(out, "P %" PRId64 " %c %s %u %d ", pieces->first, (char)pieces->kind,
                         pieces->subject, pieces->index, pieces->opens);
    for (size_t i = 0; i < pieces->count; i++)
        buffer_append_format(out, i ? ",%" PRIu32 : "%" PRIu32, pieces->lengths[i]);
    buffer_append_char(out, ' ');
    print_text(pieces->text, pieces->length, out);
    buffer_append_char(out, '\n');
}

static void print_message_delta(enum piece_kind kind, const char *subject, unsigned index,
                                bool opens, const char *text, struct buffer *out)
{
    struct treadle_annotation_delta none;
    struct treadle_text_delta piece = {.value = text, .annotations = opens ? &none : NULL};
    struct treadle_content_delta part = {
        .index = index,
        .type = kind == PIECE_TEXT ? TREADLE_CONTENT_TEXT : TREADLE_CONTENT_REFUSAL,
        .text = &piece,
        .refusal = text,
    };
    struct treadle_message_change change = {.content = &part, .content_count = 1};
    const struct treadle_message_delta delta = {.id = subject, .delta = &change};
    field_print(&treadle_message_delta_type, &delta, out);
}

static void print_step_delta(const char *subject, unsigned index, const char *text,
                             struct buffer *out)
{
    struct treadle_function_call_delta function = {.arguments = text};
    struct treadle_tool_call_delta call = {
        .index = index, .type = TREADLE_TOOL_FUNCTION, .function = &function};
    struct treadle_step_details_delta details = {
        .type = TREADLE_STEP_TOOL_CALLS, .tool_calls = &call, .tool_call_count = 1};
    struct treadle_run_step_change change = {.step_details = &details};
    const struct treadle_run_step_delta delta = {.id = subject, .delta = &change};
    field_print(&treadle_run_step_delta_type, &delta, out);
}

void run_log_print_delta(enum piece_kind kind, const char *subject, unsigned index, bool opens,
                         const char *text, size_t length, struct buffer *out)
{
    char small[256];
    char *copy = length < sizeof small ? small : malloc(length + 1);
    if (!copy) {
        out->failed = TREADLE_EMEMORY;
        return;
    }
    memcpy(copy, text, length);
    copy[length] = '\0';
    if (kind == PIECE_ARGUMENTS)
        print_step_delta(subject, index, copy, out);
    else
        print_message_delta(kind, subject, index, opens, copy, out);
    if (copy != small)
        free(copy);
}

void run_log_print_annotation(const char *subject, unsigned index, size_t ordinal,
                              const struct treadle_annotation *annotation, struct buffer *out)
{
    struct treadle_file_citation_delta citation = {.file_id = annotation->file_citation->file_id,
                                                   .quote = annotation->file_citation->quote,
                                                   .page = annotation->file_citation->page,
                                                   .page_label =
                                                       annotation->file_citation->page_label};
    struct treadle_annotation_delta added = {
        .index = (int64_t)ordinal,
        .type = annotation->type,
        .text = annotation->text,
        .start_index = TREADLE_VALUE(annotation->start_index),
        .end_index = TREADLE_VALUE(annotation->end_index),
        .file_citation = &citation,
    };
    struct treadle_text_delta text = {
        .value = annotation->text, .annotations = &added, .annotation_count = 1};
    struct treadle_content_delta part = {
        .index = index, .type = TREADLE_CONTENT_TEXT, .text = &text};
    struct treadle_message_change change = {.content = &part, .content_count = 1};
    const struct treadle_message_delta delta = {.id = subject, .delta = &change};
    field_print(&treadle_message_delta_type, &delta, out);
}

/* No log has so many; there is room to count on. */
#define LARGEST_NUMBER (INT64_MAX / 2)

/* ---- Reading -------------------------------------------------------------------------------- */

struct reading {
    const struct run_log_reader *reader;
    int64_t after;
    struct run_log_rows rows;
    struct treadle_error *error;
};

static int damaged(struct reading *reading)
{
    return error_set(reading->error, TREADLE_EIO, "the log of a run is damaged");
}

/* The next word of a line; NULL at its end. */
static char *next_word(char **line)
{
    char *word = *line;
    size_t length = strcspn(word, " ");
    if (!length)
        return NULL;
    *line = word + length + (word[length] != '\0');
    word[length] = '\0';
    return word;
}

static bool next_number(char **line, int64_t *out)
{
    const char *word = next_word(line);
    char *end = NULL;
    *out = word ? strtoll(word, &end, 10) : 0;
    return word && *end == '\0' && *out >= 0 && *out <= LARGEST_NUMBER;
}

static enum treadle_event_type find_type(const char *name, size_t length)
{
    for (int i = 1; event_names[i]; i++)
        if (strlen(event_names[i]) == length && memcmp(event_names[i], name, length) == 0)
            return (enum treadle_event_type)i;
    return 0;
}

/* Hands an event to the reader once for each of its types; its object is the rest of the line. */
static int hand_over_types(struct reading *reading, int64_t number, const char *names,
                           const char *object)
{
    int rc = 0;
    for (; *names && !rc; number++) {
        size_t length = strcspn(names, ",");
        enum treadle_event_type type = find_type(names, length);
        if (!type)
            return damaged(reading);
        if (number > reading->after)
            rc = reading->reader->event(reading->reader->context, number, type, object);
        names += length + (names[length] == ',');
    }
    return rc;
}

/* Whether the object is still there of which the event brings a part; true for events that bring
 * none. */
static int has_subject(struct reading *reading, enum treadle_event_type type, const char *data,
                       bool *out)
{
    struct json_scan scan = json_scan_open(data);
    struct json_span name, value;
    char id[IDENT_SIZE];
    *out = true;
    if (type != TREADLE_EVENT_MESSAGE_DELTA || !json_scan_member(&scan, &name, &value) ||
        value.length < 2 || value.length > sizeof id)
        return 0;
    memcpy(id, value.text + 1, value.length - 2);
    id[value.length - 2] = '\0';
    return run_log_has(&reading->rows, type, id, out, reading->error);
}

static int read_event(struct reading *reading, char *line)
{
    int64_t number;
    bool found;
    char *names = next_number(&line, &number) ? next_word(&line) : NULL;
    if (!names)
        return damaged(reading);
    enum treadle_event_type type = find_type(names, strcspn(names, ","));
    int rc = has_subject(reading, type, line, &found);
    return rc || !found ? rc : hand_over_types(reading, number, names, line);
}

static int read_object(struct reading *reading, char *line)
{
    struct buffer object;
    int64_t number;
    bool found = false;
    char *names = next_number(&line, &number) ? next_word(&line) : NULL;
    const char *id = names ? next_word(&line) : NULL;
    enum treadle_event_type type = names ? find_type(names, strcspn(names, ",")) : 0;
    if (!id || !type)
        return damaged(reading);
    /* The reader may know both of its numbers already. */
    if (number + (strchr(names, ',') != NULL) <= reading->after)
        return 0;
    buffer_init(&object, LARGEST_ROW);
    int rc = run_log_restore(&reading->rows, type, id, line, &object, &found, reading->error);
    if (!rc && object.failed)
        rc = error_set_memory(reading->error);
    if (!rc && found)
        rc = hand_over_types(reading, number, names, object.data);
    buffer_clear(&object);
    return rc;
}

/* The number of the last piece, and how many bytes of the text are already known. */
static int64_t skip_known(char *lengths, int64_t first, int64_t after, size_t *bytes)
{
    int64_t number = first;
    *bytes = 0;
    for (char *at = lengths; *at; number++) {
        char *end;
        size_t length = strtoul(at, &end, 10);
        if (number <= after)
            *bytes += length;
        at = *end == ',' ? end + 1 : end + strlen(end);
    }
    return number - 1;
}

static enum treadle_event_type type_of(enum piece_kind kind)
{
    return kind == PIECE_ARGUMENTS ? TREADLE_EVENT_STEP_DELTA : TREADLE_EVENT_MESSAGE_DELTA;
}

static int hand_over_pieces(struct reading *reading, const struct run_pieces *pieces, int64_t last,
                            size_t known)
{
    struct buffer out;
    buffer_init(&out, LARGEST_ROW);
    run_log_print_delta(pieces->kind, pieces->subject, pieces->index,
                        pieces->opens && pieces->first > reading->after, pieces->text + known,
                        pieces->length - known, &out);
    int rc = out.failed ? error_set_memory(reading->error)
                        : reading->reader->event(reading->reader->context, last,
                                                 type_of(pieces->kind), out.data);
    buffer_clear(&out);
    return rc;
}

static int read_pieces(struct reading *reading, char *line)
{
    struct run_pieces pieces = {0};
    int64_t index = 0, opens = 0;
    size_t known;
    bool fine = next_number(&line, &pieces.first);
    const char *kind = next_word(&line);
    pieces.subject = next_word(&line);
    fine =
        fine && kind && pieces.subject && next_number(&line, &index) && next_number(&line, &opens);
    char *lengths = fine ? next_word(&line) : NULL;
    json_t *text = NULL;
    if (lengths &&
        json_read(line, strlen(line), JSON_READ_STRICT, &text, reading->error) == TREADLE_EMEMORY)
        return TREADLE_EMEMORY;
    if (!json_is_string(text)) {
        json_decref(text);
        return damaged(reading);
    }
    bool found = true;
    int64_t last = skip_known(lengths, pieces.first, reading->after, &known);
    pieces.kind = (enum piece_kind)kind[0];
    pieces.index = (unsigned)index;
    pieces.opens = opens != 0;
    pieces.text = json_string_value(text);
    pieces.length = json_string_length(text);
    int rc =
        run_log_has(&reading->rows, type_of(pieces.kind), pieces.subject, &found, reading->error);
    if (!rc && known > pieces.length)
        rc = damaged(reading);
    else if (!rc && found && last > reading->after)
        rc = hand_over_pieces(reading, &pieces, last, known);
    json_decref(text);
    return rc;
}

static int read_lines(struct reading *reading, char *body)
{
    int rc = 0;
    for (char *line = body; *line && !rc;) {
        char *end = line + strcspn(line, "\n");
        char *next = *end ? end + 1 : end;
        *end = '\0';
        if (line[0] == 'E' && line[1] == ' ')
            rc = read_event(reading, line + 2);
        else if (line[0] == 'R' && line[1] == ' ')
            rc = read_object(reading, line + 2);
        else if (line[0] == 'P' && line[1] == ' ')
            rc = read_pieces(reading, line + 2);
        else
            rc = damaged(reading);
        line = next;
    }
    return rc;
}

static int read_row(void *context, const char *row, struct treadle_error *error)
{
    char *body = strdup(row);
    int rc = body ? read_lines(context, body) : error_set_memory(error);
    free(body);
    return rc;
}

int run_log_read(struct db_session *session, const char *run_id, int64_t after, bool content,
                 const struct run_log_reader *reader, struct treadle_error *error)
{
    struct reading reading = {.reader = reader,
                              .after = after,
                              .rows = {.session = session, .content = content},
                              .error = error};
    int rc = run_event_record_each(session, run_id, after, read_row, &reading, error);
    run_log_rows_clear(&reading.rows);
    return rc;
}
