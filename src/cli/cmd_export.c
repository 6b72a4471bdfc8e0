/*
 * treadle export: the objects of projects as the protocol prints them, with the contents of files.
 * The server of the store makes the copy beside it; the command copies it to the directory that the
 * user named, and removes it. The manifest gets its name last, so an export with one is complete.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/path.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "cli/session.h"
#include "store/tree.h"

struct export_settings {
    struct session_options session;
    const char *project;
    bool all_projects;
    struct option_list threads;
    const char *without;
};

static const struct option_row export_rows[] = {
    {"project", 'p', OPTION_TEXT, "NAME", offsetof(struct export_settings, project), 0,
     "The project to export. Default: default."},
    {"all-projects", 0, OPTION_FLAG, NULL, offsetof(struct export_settings, all_projects), 0,
     "Export every project."},
    {"thread", 0, OPTION_LIST, "ID", offsetof(struct export_settings, threads), 0,
     "Export this thread of the project alone, with its messages, runs and steps."},
    {"without", 0, OPTION_TEXT, "WHAT", offsetof(struct export_settings, without), 0,
     "Leave out contents (of files), steps (of runs), or both: contents,steps."},
    {"store", 's', OPTION_TEXT, "DIR", offsetof(struct export_settings, session.store), 0,
     "The store. Default: treadle in $XDG_DATA_HOME or ~/.local/share."},
};

static const struct option_form export_form = {
    .command = "export",
    .usage = "[OPTION]… DIRECTORY",
    .doc = "Copies the objects of a project to DIRECTORY, which must be missing or empty: each as\n"
           "the protocol prints it, one a line, and files as they were uploaded. The copy is of\n"
           "one moment, also while a server uses the store. For a copy of the whole store, with\n"
           "its keys and indexes, see 'treadle backup'.",
    .rows = export_rows,
    .count = sizeof export_rows / sizeof export_rows[0],
};

static int parse_without(const char *words, struct treadle_export_create_request *request)
{
    const struct treadle_boolean no = {TREADLE_SET, false};
    while (words && *words) {
        size_t length = strcspn(words, ",");
        if (length == 8 && strncmp(words, "contents", length) == 0)
            request->contents = no;
        else if (length == 5 && strncmp(words, "steps", length) == 0)
            request->steps = no;
        else
            return options_usage("export", "--without: expected contents, steps or both, not '%s'",
                                 words);
        words += length + (words[length] == ',');
    }
    return -1;
}

static int take_away(const char *from, const char *to)
{
    char part[PATH_MAX], whole[PATH_MAX];
    struct treadle_error error = {0}, ignored;
    int rc = tree_copy(from, to, &error);
    tree_remove(from, &ignored);
    if (!rc)
        rc = path_join(part, to, "manifest.part", &error);
    if (!rc)
        rc = path_join(whole, to, "manifest.json", &error);
    if (rc)
        cli_complain("the export cannot be written: %s", error.message);
    else if (rename(part, whole)) {
        cli_complain("the export cannot be written: the manifest cannot be renamed");
        rc = TREADLE_EIO;
    }
    return rc ? CLI_FAILED : CLI_OK;
}

static void show_counts(const struct treadle_export *export)
{
    fputs("Exported", stderr);
    for (size_t i = 0; i < export->count_count; i++) {
        fprintf(stderr, "%s %lld ", i ? "," : "", (long long)export->counts[i].count);
        for (const char *at = export->counts[i].kind; *at; at++)
            fputc(*at == '_' ? ' ' : *at, stderr);
    }
    fputs(".\n", stderr);
}

static int export_objects(struct session *session,
                          const struct treadle_export_create_request *request,
                          const char *directory)
{
    struct treadle_export_response *reply = NULL;
    struct treadle_error error = {0};
    if (treadle_export_create(&reply, session_client(session), request, &error)) {
        session_complain(session, "the objects cannot be exported", &error);
        treadle_export_response_free(reply);
        return CLI_FAILED;
    }
    int status = take_away(reply->export_.path, directory);
    if (status == CLI_OK)
        show_counts(&reply->export_);
    treadle_export_response_free(reply);
    return status;
}

/* Before anything is copied. */
static int check(const struct export_settings *settings, const struct options *options)
{
    if (options->operand_count != 1)
        return options_usage("export", options->operand_count
                                           ? "one directory is enough"
                                           : "name the directory for the export");
    if (settings->all_projects && (settings->project || settings->threads.count))
        return options_usage("export", "--all-projects goes with neither --project nor --thread");
    if (access(options->operands[0], F_OK) == 0 && rmdir(options->operands[0])) {
        cli_complain("%s exists already, and is not an empty directory", options->operands[0]);
        return CLI_FAILED;
    }
    return -1;
}

int cmd_export(int argc, char **argv)
{
    struct export_settings settings = {.session = {.server = NULL}};
    struct treadle_export_create_request request = {.project_count = 0};
    struct options options;
    struct session *session = NULL;
    int status = options_parse(&export_form, argc, argv, &settings, &options);
    if (status >= 0)
        return status;
    const char *project = settings.project ? settings.project : "default";
    request.projects = &project;
    request.project_count = settings.all_projects ? 0 : 1;
    request.threads = settings.threads.items;
    request.thread_count = settings.threads.count;
    status = parse_without(settings.without, &request);
    if (status < 0)
        status = check(&settings, &options);
    if (status < 0 && session_open(&session, &settings.session))
        status = CLI_FAILED;
    if (status < 0)
        status = export_objects(session, &request, options.operands[0]);
    session_close(session);
    options_free(&options);
    return status;
}
