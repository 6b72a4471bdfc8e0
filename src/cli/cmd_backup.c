/*
 * treadle backup: a consistent copy of the whole store, while it is served. The server of the store
 * makes the copy beside it, which is quick since contents of files are linked; the command copies
 * it to the directory that the user named, and removes it.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/options.h"
#include "cli/session.h"
#include "store/tree.h"

struct backup_settings {
    struct session_options session;
};

static const struct option_row backup_rows[] = {
    {"store", 's', OPTION_TEXT, "DIR", offsetof(struct backup_settings, session.store), 0,
     "The store. Default: treadle in $XDG_DATA_HOME or ~/.local/share."},
};

static const struct option_form backup_form = {
    .command = "backup",
    .usage = "[OPTION]… DIRECTORY",
    .doc =
        "Copies the whole store to DIRECTORY, which must be missing or empty. The copy is of one\n"
        "moment, also while a server uses the store. To restore, copy it back to the place of\n"
        "the store, or serve it where it is with --store DIRECTORY.",
    .rows = backup_rows,
    .count = sizeof backup_rows / sizeof backup_rows[0],
};

static int take_away(const char *from, const char *to)
{
    struct treadle_error error = {0}, ignored;
    int rc = tree_copy(from, to, &error);
    tree_remove(from, &ignored);
    if (rc)
        cli_complain("the backup cannot be written: %s", error.message);
    return rc ? CLI_FAILED : CLI_OK;
}

static int back_up(struct session *session, const char *directory)
{
    struct treadle_backup_response *reply = NULL;
    struct treadle_error error = {0};
    if (treadle_backup_create(&reply, session_client(session), &error)) {
        session_complain(session, "the store cannot be backed up", &error);
        treadle_backup_response_free(reply);
        return CLI_FAILED;
    }
    int status = take_away(reply->backup.path, directory);
    treadle_backup_response_free(reply);
    return status;
}

/* Before anything is copied. */
static int check_target(const char *directory)
{
    if (access(directory, F_OK) == 0 && rmdir(directory)) {
        cli_complain("%s exists already, and is not an empty directory", directory);
        return CLI_FAILED;
    }
    return -1;
}

int cmd_backup(int argc, char **argv)
{
    struct backup_settings settings = {.session = {.server = NULL}};
    struct options options;
    struct session *session = NULL;
    int status = options_parse(&backup_form, argc, argv, &settings, &options);
    if (status >= 0)
        return status;
    if (options.operand_count != 1)
        status = options_usage("backup", options.operand_count ? "one directory is enough"
                                                               : "name the directory for the copy");
    else
        status = check_target(options.operands[0]);
    if (status < 0 && session_open(&session, &settings.session))
        status = CLI_FAILED;
    if (status < 0)
        status = back_up(session, options.operands[0]);
    session_close(session);
    options_free(&options);
    return status;
}
