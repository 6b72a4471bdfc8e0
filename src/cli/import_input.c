/*
 * Input of imports: mapping, and finding objects.
 */
#include "cli/import_input.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/json_scan.h"
#include "base/array.h"
#include "cli/cli.h"

enum { DEEPEST = 3, LARGEST_OBJECT = 16 << 20 };

const char *const import_item_names[IMPORT_KINDS] = {
    [IMPORT_FILE] = "files",
    [IMPORT_VECTOR_STORE] = "vector_stores",
    [IMPORT_VECTOR_STORE_FILE] = "vector_store_files",
    [IMPORT_ASSISTANT] = "assistants",
    [IMPORT_THREAD] = "threads",
    [IMPORT_MESSAGE] = "messages",
    [IMPORT_RUN] = "runs",
    [IMPORT_RUN_STEP] = "run_steps",
};

struct import_mapping {
    struct import_mapping *next;
    char *bytes;
    size_t size;
};

static int out_of_memory(void)
{
    cli_complain("out of memory");
    return TREADLE_EMEMORY;
}

void import_input_init(struct import_input *input)
{
    *input = (struct import_input){.arena = arena_new(SIZE_MAX)};
}

void import_input_clear(struct import_input *input)
{
    for (struct import_mapping *mapping = input->mappings, *next; mapping; mapping = next) {
        next = mapping->next;
        munmap(mapping->bytes, mapping->size);
        free(mapping);
    }
    free(input->items);
    free(input->contents);
    arena_free(input->arena);
}

/* ---- Objects -------------------------------------------------------------------------------- */

/* The members by which an object is recognised. */
struct traits {
    struct json_span object, id, created_at, thread_id, vector_store_id, role, status, data, body,
        assistant_id, step_details, instructions, model, filename, purpose, messages, runs,
        run_steps, steps, thread, has_more, run_id, file_counts;
};

static const struct {
    const char *name;
    size_t offset;
} trait_rows[] = {
#define TRAIT(name)                                                                                \
    {                                                                                              \
#name, offsetof(struct traits, name)                                                       \
    }
    TRAIT(object),   TRAIT(id),        TRAIT(created_at),   TRAIT(thread_id),
    TRAIT(role),     TRAIT(status),    TRAIT(data),         TRAIT(vector_store_id),
    TRAIT(body),     TRAIT(model),     TRAIT(assistant_id), TRAIT(step_details),
    TRAIT(filename), TRAIT(purpose),   TRAIT(instructions), TRAIT(messages),
    TRAIT(runs),     TRAIT(run_steps), TRAIT(steps),        TRAIT(thread),
    TRAIT(has_more), TRAIT(run_id),    TRAIT(file_counts),
#undef TRAIT
};

/* False where the text is no object that can be read. */
static bool read_traits(const char *text, struct traits *out)
{
    struct json_scan scan = json_scan_open(text);
    struct json_span name, value;
    *out = (struct traits){.id = {NULL, 0}};
    while (json_scan_member(&scan, &name, &value))
        for (size_t i = 0; i < sizeof trait_rows / sizeof trait_rows[0]; i++)
            if (json_span_is(&name, trait_rows[i].name))
                *(struct json_span *)(void *)((char *)out + trait_rows[i].offset) = value;
    return !scan.broken;
}

static bool is_text(const struct json_span *span, const char *text)
{
    size_t length = strlen(text);
    return span->text && span->length == length + 2 && span->text[0] == '"' &&
           memcmp(span->text + 1, text, length) == 0;
}

static bool begins(const struct json_span *span, const char *prefix)
{
    size_t length = strlen(prefix);
    return span->text && span->length > length + 1 && span->text[0] == '"' &&
           memcmp(span->text + 1, prefix, length) == 0;
}

static enum import_item_kind kind_by_object(const struct traits *traits)
{
    static const char *const words[IMPORT_KINDS] = {
        [IMPORT_FILE] = "file",
        [IMPORT_VECTOR_STORE] = "vector_store",
        [IMPORT_VECTOR_STORE_FILE] = "vector_store.file",
        [IMPORT_ASSISTANT] = "assistant",
        [IMPORT_THREAD] = "thread",
        [IMPORT_MESSAGE] = "thread.message",
        [IMPORT_RUN] = "thread.run",
        [IMPORT_RUN_STEP] = "thread.run.step",
    };
    size_t kind = 0;
    while (kind < IMPORT_KINDS && !is_text(&traits->object, words[kind]))
        kind++;
    return kind;
}

static enum import_item_kind kind_by_id(const struct traits *traits)
{
    static const struct {
        const char *prefix;
        enum import_item_kind kind;
    } prefixes[] = {{"asst_", IMPORT_ASSISTANT}, {"thread_", IMPORT_THREAD},
                    {"msg_", IMPORT_MESSAGE},    {"run_", IMPORT_RUN},
                    {"step_", IMPORT_RUN_STEP},  {"vs_", IMPORT_VECTOR_STORE}};
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++)
        if (begins(&traits->id, prefixes[i].prefix))
            return prefixes[i].kind;
    if ((begins(&traits->id, "file-") || begins(&traits->id, "assistant-")))
        return traits->vector_store_id.text ? IMPORT_VECTOR_STORE_FILE
               : traits->filename.text      ? IMPORT_FILE
                                            : IMPORT_KINDS;
    return IMPORT_KINDS;
}

static enum import_item_kind kind_of(const struct traits *traits)
{
    if (traits->object.text && traits->object.text[0] == '"')
        return kind_by_object(traits);
    enum import_item_kind kind = kind_by_id(traits);
    if (kind != IMPORT_KINDS)
        return kind;
    if (traits->step_details.text && traits->run_id.text)
        return IMPORT_RUN_STEP;
    if (traits->role.text && traits->thread_id.text)
        return IMPORT_MESSAGE;
    if (traits->assistant_id.text && traits->thread_id.text && traits->status.text)
        return IMPORT_RUN;
    return traits->instructions.text && traits->model.text && traits->id.text ? IMPORT_ASSISTANT
                                                                              : IMPORT_KINDS;
}

static const char *text_of(struct import_input *input, const struct json_span *span)
{
    const char *text = span->text ? json_span_string(span, input->arena) : NULL;
    return text ? text : "";
}

static void doubt(struct import_input *input, const char *path, const char *base, const char *at,
                  const char *why)
{
    if (input->doubt_count < IMPORT_SHOWN)
        input->doubts[input->doubt_count] = (struct import_doubt){path, (size_t)(at - base), why};
    input->doubt_count++;
}

static int add_item(struct import_input *input, enum import_item_kind kind,
                    const struct traits *traits, const struct json_span *span)
{
    struct import_item *grown = array_grow(input->items, input->count, &input->room, sizeof *grown);
    if (!grown)
        return out_of_memory();
    input->items = grown;
    grown[input->count] = (struct import_item){
        .kind = kind,
        .id = text_of(input, &traits->id),
        .thread = text_of(input, kind == IMPORT_VECTOR_STORE_FILE ? &traits->vector_store_id
                                                                  : &traits->thread_id),
        .created_at = traits->created_at.text ? strtoll(traits->created_at.text, NULL, 10) : 0,
        .order = input->count,
        .text = span->text,
        .length = span->length,
        .role = is_text(&traits->role, "user")        ? 'u'
                : is_text(&traits->role, "assistant") ? 'a'
                                                      : '\0',
    };
    input->count++;
    return 0;
}

struct source {
    struct import_input *input;
    const char *path;
    const char *base;
};

static int find_objects(struct source *source, const struct json_span *span, int depth);

static int find_in_array(struct source *source, const struct json_span *span, int depth)
{
    struct json_scan scan = json_scan_open(span->text);
    struct json_span value;
    int rc = 0;
    while (!rc && json_scan_value(&scan, &value))
        rc = find_objects(source, &value, depth);
    if (!rc && scan.broken)
        doubt(source->input, source->path, source->base, scan.at, "the array ends too early");
    return rc;
}

/* A thread may carry its messages, runs and steps; a page or an answer carries objects. */
static int find_within(struct source *source, const struct traits *traits, int depth, bool *any)
{
    const struct json_span *parts[] = {&traits->body,     &traits->data, &traits->thread,
                                       &traits->messages, &traits->runs, &traits->run_steps,
                                       &traits->steps};
    int rc = 0;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0] && !rc; i++) {
        /* A page object of the Node SDK has its data twice. */
        if (parts[i] == &traits->data && traits->body.text && traits->body.text[0] == '{')
            continue;
        if (!parts[i]->text || (parts[i]->text[0] != '{' && parts[i]->text[0] != '['))
            continue;
        *any = true;
        rc = find_objects(source, parts[i], depth + 1);
    }
    return rc;
}

static int find_in_object(struct source *source, const struct json_span *span, int depth)
{
    struct import_input *input = source->input;
    struct traits traits;
    bool any = false;
    if (!read_traits(span->text, &traits)) {
        doubt(input, source->path, source->base, span->text, "this is no JSON");
        return 0;
    }
    if (is_text(&traits.object, "conversation")) {
        input->conversations++;
        doubt(input, source->path, source->base, span->text, "conversations are not imported");
        return 0;
    }
    if (traits.has_more.text && json_span_is(&traits.has_more, "true"))
        input->cut_pages++;
    enum import_item_kind kind = kind_of(&traits);
    if (kind != IMPORT_KINDS && span->length > LARGEST_OBJECT) {
        doubt(input, source->path, source->base, span->text, "the object is larger than 16 MiB");
        return 0;
    }
    int rc = kind != IMPORT_KINDS ? add_item(input, kind, &traits, span) : 0;
    if (!rc && depth < DEEPEST && (kind == IMPORT_KINDS || kind == IMPORT_THREAD))
        rc = find_within(source, &traits, depth, &any);
    if (!rc && kind == IMPORT_KINDS && !any)
        doubt(input, source->path, source->base, span->text, "this is no object that is known");
    return rc;
}

static int find_objects(struct source *source, const struct json_span *span, int depth)
{
    if (depth <= DEEPEST && span->text[0] == '[')
        return find_in_array(source, span, depth);
    if (span->text[0] == '{')
        return find_in_object(source, span, depth);
    doubt(source->input, source->path, source->base, span->text, "this is no object");
    return 0;
}

/* ---- Files ---------------------------------------------------------------------------------- */

static const char *why_unreadable(const char *at)
{
    size_t word = strspn(at, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");
    if (word && (at[word] == '(' || at[word] == '['))
        return "this is how Python prints an object, which cannot be read back; save objects with "
               "model_dump_json()";
    if (*at == '{' || *at == '[') {
        const char *inner = at + 1 + strspn(at + 1, " \t\r\n{[");
        size_t line = strcspn(at, "\n");
        if (memmem(at, line, "[Object]", 8) || memmem(at, line, "[Array]", 7))
            return "this is how Node prints an object, which lacks what is deep within it; save "
                   "objects with JSON.stringify()";
        if (*inner == '\'')
            return "this is how Python prints a dictionary, which is no JSON; save objects with "
                   "json.dumps()";
        return *inner != '"' && *inner != '}' && *inner != ']'
                   ? "this is how a program prints an object, and no JSON; save objects with "
                     "JSON.stringify() or json.dumps()"
                   : "this is no JSON, or it ends too early";
    }
    return "this is no JSON";
}

/* The value at `at`, which is an object or an array. */
static bool read_value(const char *at, struct json_span *out)
{
    struct json_scan scan = json_scan_open(at);
    struct json_span ignored;
    const char *inner = at + 1 + strspn(at + 1, " \t\r\n");
    if (*at == '{' && *inner != '"' && *inner != '}')
        return false;
    if (*at == '[' && *inner != '"' && *inner != '{' && *inner != '[' && *inner != ']')
        return false;
    if (*at == '{')
        while (json_scan_member(&scan, &ignored, &ignored))
            ;
    else
        while (json_scan_value(&scan, &ignored))
            ;
    if (scan.broken || *scan.at != (*at == '{' ? '}' : ']'))
        return false;
    *out = (struct json_span){at, (size_t)(scan.at + 1 - at)};
    return true;
}

/* Values follow each other, one or several on a line. */
static int read_values(struct source *source)
{
    const char *at = source->base + strspn(source->base, " \t\r\n\xEF\xBB\xBF");
    int rc = 0;
    while (*at && !rc) {
        struct json_span value;
        if ((*at == '{' || *at == '[') && read_value(at, &value)) {
            rc = find_objects(source, &value, 0);
            at = value.text + value.length;
        } else {
            doubt(source->input, source->path, source->base, at, why_unreadable(at));
            at += strcspn(at, "\n");
        }
        at += strspn(at, " \t\r\n,");
    }
    return rc;
}

/* The bytes after the file's end are zero, so the text has an end. */
static int map_file(struct import_input *input, int descriptor, const char *path, size_t size,
                    const char **out)
{
    struct import_mapping *mapping = calloc(1, sizeof *mapping);
    if (!mapping)
        return out_of_memory();
    mapping->size = size + 1;
    char *bytes = mmap(NULL, mapping->size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (bytes != MAP_FAILED && size &&
        mmap(bytes, size, PROT_READ, MAP_PRIVATE | MAP_FIXED, descriptor, 0) == MAP_FAILED) {
        munmap(bytes, mapping->size);
        bytes = MAP_FAILED;
    }
    if (bytes == MAP_FAILED) {
        free(mapping);
        cli_complain("%s cannot be read: %s", path, strerror(errno));
        return TREADLE_EIO;
    }
    mapping->bytes = bytes;
    mapping->next = input->mappings;
    input->mappings = mapping;
    *out = bytes;
    return 0;
}

static int read_descriptor(struct import_input *input, int descriptor, const char *path)
{
    struct stat status;
    struct source source = {.input = input, .path = arena_string(input->arena, path)};
    if (!source.path)
        return out_of_memory();
    if (fstat(descriptor, &status) || !S_ISREG(status.st_mode)) {
        cli_complain("%s cannot be read: it is no file", path);
        return TREADLE_EIO;
    }
    int rc = map_file(input, descriptor, path, (size_t)status.st_size, &source.base);
    return rc ? rc : read_values(&source);
}

static int read_file(struct import_input *input, const char *path)
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        cli_complain("%s cannot be read: %s", path, strerror(errno));
        return TREADLE_EIO;
    }
    int rc = read_descriptor(input, descriptor, path);
    close(descriptor);
    return rc;
}

/* Into a file without a name, since it may be larger than the memory. */
static int read_standard_input(struct import_input *input)
{
    char bytes[65536];
    ssize_t got;
    FILE *copy = tmpfile();
    while (copy && (got = read(STDIN_FILENO, bytes, sizeof bytes)) > 0)
        if (fwrite(bytes, 1, (size_t)got, copy) != (size_t)got)
            break;
    if (!copy || fflush(copy)) {
        cli_complain("the standard input cannot be read: %s", strerror(errno));
        if (copy)
            fclose(copy);
        return TREADLE_EIO;
    }
    int rc = read_descriptor(input, fileno(copy), "-");
    fclose(copy);
    return rc;
}

static bool has_ending(const char *name)
{
    static const char *const endings[] = {".json", ".jsonl", ".ndjson"};
    size_t length = strlen(name);
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++)
        if (length > strlen(endings[i]) &&
            strcmp(name + length - strlen(endings[i]), endings[i]) == 0)
            return true;
    return false;
}

static int add_contents(struct import_input *input, const char *path)
{
    const char **grown =
        array_grow(input->contents, input->content_count, &input->content_room, sizeof *grown);
    if (!grown)
        return out_of_memory();
    input->contents = grown;
    grown[input->content_count] = arena_string(input->arena, path);
    return grown[input->content_count++] ? 0 : out_of_memory();
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

static int read_directory(struct import_input *input, const char *path)
{
    char *roots[] = {arena_string(input->arena, path), NULL};
    FTS *walk = roots[0] ? fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, by_name) : NULL;
    int rc = walk ? 0 : out_of_memory();
    for (FTSENT *entry; !rc && (entry = fts_read(walk));) {
        if (entry->fts_info == FTS_D && strcmp(entry->fts_name, "contents") == 0) {
            rc = add_contents(input, entry->fts_path);
            fts_set(walk, entry, FTS_SKIP);
        } else if (entry->fts_info == FTS_F && has_ending(entry->fts_name) &&
                   strcmp(entry->fts_name, "manifest.json") != 0)
            rc = read_file(input, entry->fts_path);
        else if (entry->fts_info == FTS_DNR || entry->fts_info == FTS_ERR) {
            cli_complain("%s cannot be read: %s", entry->fts_path, strerror(entry->fts_errno));
            rc = TREADLE_EIO;
        }
    }
    if (walk)
        fts_close(walk);
    return rc;
}

int import_input_read(struct import_input *input, const char *path)
{
    struct stat status;
    if (!input->arena)
        return out_of_memory();
    if (strcmp(path, "-") == 0)
        return read_standard_input(input);
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode) ? read_directory(input, path)
                                                               : read_file(input, path);
}
