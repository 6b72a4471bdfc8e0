/*
 * treadle import: objects that people saved, with their ids, times and order, and files. The
 * command finds the objects in whatever form they are, and puts them beside the store in the order
 * in which they are stored; the server of the store takes them from there.
 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/ident.h"
#include "base/path.h"
#include "cli/cli.h"
#include "cli/import_input.h"
#include "cli/import_stage.h"
#include "cli/json.h"
#include "cli/options.h"
#include "cli/place.h"
#include "cli/session.h"
#include "store/tree.h"

enum { CONFLICT = 3, PATIENCE = 86400 };

struct import_settings {
    struct session_options session;
    const char *project;
    struct option_list originals;
    const char *on_conflict;
    bool dry_run;
    const char *report;
    bool json;
};

static const struct option_row import_rows[] = {
    {"project", 'p', OPTION_TEXT, "NAME", offsetof(struct import_settings, project), 0,
     "The project that gets the objects. Default: default."},
    {"files", 0, OPTION_LIST, "DIR", offsetof(struct import_settings, originals), 0,
     "Where original files are: one of the name and size of a file object is its content."},
    {"on-conflict", 0, OPTION_TEXT, "WHAT", offsetof(struct import_settings, on_conflict), 0,
     "What becomes of an object that the store has in another version: skip (the default) keeps "
     "the store's, replace takes the new one, fail changes nothing at all."},
    {"dry-run", 'n', OPTION_FLAG, NULL, offsetof(struct import_settings, dry_run), 0,
     "Read, check and report; write nothing."},
    {"report", 0, OPTION_TEXT, "FILE", offsetof(struct import_settings, report), 0,
     "Write the report to FILE as JSON too."},
    {"json", 'j', OPTION_FLAG, NULL, offsetof(struct import_settings, json), 0,
     "Print the report on stdout as JSON."},
    {"store", 's', OPTION_TEXT, "DIR", offsetof(struct import_settings, session.store), 0,
     "The store. Default: treadle in $XDG_DATA_HOME or ~/.local/share."},
};

static const struct option_form import_form = {
    .command = "import",
    .usage = "[OPTION]… PATH…",
    .doc = "Stores assistants, threads, messages, runs, steps, files and vector stores that were\n"
           "saved as JSON, with their ids, times and order. PATH is a file, a directory (all\n"
           "*.json, *.jsonl and *.ndjson below it, and contents of files in 'contents'), or '-':\n"
           "objects as an API prints them, one or many, pages of lists, or an export. Importing\n"
           "the same again changes nothing. Active runs become expired.",
    .rows = import_rows,
    .count = sizeof import_rows / sizeof import_rows[0],
};

/* ---- Report --------------------------------------------------------------------------------- */

static void show_kinds(const struct treadle_import *import)
{
    fprintf(stderr, "%s into the project %s:\n",
            import->dry_run ? "Nothing was written. An import" : "Imported", import->project);
    for (size_t i = 0; i < import->kind_count; i++) {
        const struct treadle_import_kind *kind = &import->kinds[i];
        if (kind->found)
            fprintf(stderr,
                    "  %-18s %" PRId64 " found, %" PRId64 " new, %" PRId64 " unchanged, %" PRId64
                    " kept, %" PRId64 " replaced, %" PRId64 " failed\n",
                    kind->kind, kind->found, kind->created, kind->unchanged, kind->skipped,
                    kind->replaced, kind->failed);
    }
}

static void show_notes(const struct treadle_import *import)
{
    for (size_t i = 0; i < import->note_count; i++) {
        const struct treadle_import_note *note = &import->notes[i];
        struct buffer ids;
        buffer_init(&ids, 1 << 16);
        for (size_t j = 0; j < note->id_count; j++)
            buffer_append_format(&ids, "%s%s", j ? ", " : ": ", note->ids[j]);
        cli_complain("%" PRId64 " × %s%s%s", note->count, note->message,
                     ids.length && !ids.failed ? ids.data : "",
                     note->count > (int64_t)note->id_count && note->id_count ? " …" : "");
        buffer_clear(&ids);
    }
}

static void show_input(const struct import_input *input)
{
    size_t shown = input->doubt_count < IMPORT_SHOWN ? input->doubt_count : IMPORT_SHOWN;
    for (size_t i = 0; i < shown; i++)
        cli_complain("%s, byte %zu: %s", input->doubts[i].path, input->doubts[i].offset,
                     input->doubts[i].why);
    if (input->doubt_count > shown)
        cli_complain("%zu more values were not understood", input->doubt_count - shown);
    if (input->cut_pages)
        cli_complain("%zu pages of lists say that more follows (has_more), which may be missing",
                     input->cut_pages);
    if (input->repeated)
        cli_complain("%zu objects came more than once; the last of each counts", input->repeated);
}

static json_t *make_report(const struct treadle_import_response *reply,
                           const struct import_input *input)
{
    json_t *report = json_of((const struct treadle_response *)(const void *)reply);
    if (report)
        json_object_set_new(report, "input",
                            json_pack("{s:I, s:I, s:I}", "not_understood",
                                      (json_int_t)input->doubt_count, "cut_pages",
                                      (json_int_t)input->cut_pages, "repeated",
                                      (json_int_t)input->repeated));
    return report;
}

static int write_report(const struct import_settings *settings, json_t *report)
{
    int status = CLI_OK;
    if (settings->report &&
        json_dump_file(report, settings->report, JSON_INDENT(2) | JSON_PRESERVE_ORDER)) {
        cli_complain("the report %s cannot be written: %s", settings->report, strerror(errno));
        status = CLI_FAILED;
    }
    if (settings->json) {
        int shown = json_show(report);
        status = status ? status : shown;
    }
    return status;
}

static int status_of(const struct treadle_import *import, const struct import_settings *settings,
                     const struct import_input *input)
{
    int64_t failed = (int64_t)input->doubt_count, kept = 0;
    for (size_t i = 0; i < import->kind_count; i++) {
        failed += import->kinds[i].failed;
        kept += import->kinds[i].skipped;
    }
    for (size_t i = 0; i < import->note_count; i++)
        failed += strcmp(import->notes[i].code, "thread_busy") == 0;
    if (kept && settings->on_conflict && strcmp(settings->on_conflict, "fail") == 0)
        return CONFLICT;
    return failed ? CLI_FAILED : CLI_OK;
}

static int report(const struct treadle_import_response *reply,
                  const struct import_settings *settings, const struct import_input *input)
{
    show_kinds(&reply->import);
    show_notes(&reply->import);
    show_input(input);
    json_t *object = make_report(reply, input);
    int status = write_report(settings, object);
    json_decref(object);
    return status ? status : status_of(&reply->import, settings, input);
}

/* ---- The import ----------------------------------------------------------------------------- */

static int make_directory(const char *store, const char *name, char out[PATH_MAX])
{
    struct treadle_error error;
    char parent[PATH_MAX];
    if (path_join(parent, store, "backups", &error) || path_join(out, parent, name, &error)) {
        cli_complain("%s", error.message);
        return TREADLE_EINVALID;
    }
    if ((mkdir(parent, 0700) && errno != EEXIST) || mkdir(out, 0700)) {
        cli_complain("the directory %s cannot be made: %s", out, strerror(errno));
        return TREADLE_EIO;
    }
    return 0;
}

static int send(struct session *session, const struct import_settings *settings, const char *name,
                const struct import_input *input)
{
    struct treadle_import_response *reply = NULL;
    struct treadle_error error = {0};
    const char *what = settings->on_conflict;
    struct treadle_import_create_request request = {
        .source = name,
        .project = settings->project,
        .on_conflict = what && strcmp(what, "replace") == 0 ? TREADLE_IMPORT_REPLACE
                       : what && strcmp(what, "fail") == 0  ? TREADLE_IMPORT_FAIL
                                                            : TREADLE_IMPORT_SKIP,
        .dry_run = {TREADLE_SET, settings->dry_run},
    };
    int status = CLI_FAILED;
    if (treadle_import_create(&reply, session_client(session), &request, &error))
        session_complain(session, "the objects cannot be imported", &error);
    else
        status = report(reply, settings, input);
    treadle_import_response_free(reply);
    return status;
}

static int import_found(struct session *session, const struct import_settings *settings,
                        struct import_input *input)
{
    struct treadle_error ignored;
    struct buffer store;
    char directory[PATH_MAX], name[IDENT_SIZE];
    int status = CLI_FAILED;
    buffer_init(&store, PATH_MAX);
    ident_make(name, "import_");
    if (place_store(settings->session.store, &store) == 0 &&
        make_directory(store.data, name, directory) == 0) {
        if (import_stage(input, directory, settings->originals.items) == 0)
            status = send(session, settings, name, input);
        tree_remove(directory, &ignored);
    }
    buffer_clear(&store);
    return status;
}

static int read_input(struct import_input *input, const struct options *options)
{
    import_input_init(input);
    for (size_t i = 0; i < options->operand_count; i++)
        if (import_input_read(input, options->operands[i]))
            return CLI_FAILED;
    if (import_input_sort(input))
        return CLI_FAILED;
    if (input->count)
        return -1;
    show_input(input);
    cli_complain("no objects were found");
    return CLI_FAILED;
}

static int check(const struct import_settings *settings, const struct options *options)
{
    const char *what = settings->on_conflict;
    if (!options->operand_count)
        return options_usage("import", "name what is to be imported");
    if (what && strcmp(what, "skip") != 0 && strcmp(what, "replace") != 0 &&
        strcmp(what, "fail") != 0)
        return options_usage("import", "--on-conflict: expected skip, replace or fail, not '%s'",
                             what);
    return -1;
}

int cmd_import(int argc, char **argv)
{
    struct import_settings settings = {.session = {.patience = PATIENCE}};
    struct import_input input = {.arena = NULL};
    struct options options;
    struct session *session = NULL;
    int status = options_parse(&import_form, argc, argv, &settings, &options);
    if (status >= 0)
        return status;
    status = check(&settings, &options);
    if (status < 0)
        status = read_input(&input, &options);
    if (status < 0 && session_open(&session, &settings.session))
        status = CLI_FAILED;
    if (status < 0)
        status = import_found(session, &settings, &input);
    session_close(session);
    import_input_clear(&input);
    options_free(&options);
    return status;
}
