/*
 * treadle check: compares the database, the contents of files and the search indexes with each
 * other, and reports what does not fit. It opens the store itself, so no server may serve it at the
 * same time.
 */
#include <limits.h>
#include <stdio.h>

#include "base/buffer.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "cli/place.h"
#include "server/check.h"

struct check_settings {
    const char *store;
    bool repair;
};

static const struct option_row check_rows[] = {
    {"store", 's', OPTION_TEXT, "DIR", offsetof(struct check_settings, store), 0,
     "The store. Default: treadle in $XDG_DATA_HOME or ~/.local/share."},
    {"repair", 'r', OPTION_FLAG, NULL, offsetof(struct check_settings, repair), 0,
     "Repair what can be repaired: files that a search index has lost are read again by the next "
     "server, contents and indexes that no row knows are moved aside, rows without owners are "
     "removed, and a database of which an eighth or more is unused is compacted."},
};

static const struct option_form check_form = {
    .command = "check",
    .usage = "[OPTION]…",
    .doc =
        "Checks a whole store that no server uses: the database, the contents of all files (size\n"
        "and SHA-256), the search indexes, and whether they agree with each other. Prints a line\n"
        "for each fault. The exit status is 0 when there is no fault or all were repaired, else\n"
        "1. To check a store that is being served, check a backup of it.",
    .rows = check_rows,
    .count = sizeof check_rows / sizeof check_rows[0],
};

static const char *const outcomes[] = {
    [AUDIT_FOUND] = "", [AUDIT_REPAIRED] = ": repaired", [AUDIT_NOT_REPAIRED] = ": not repaired"};

static void print_finding(void *context, const struct audit_finding *finding)
{
    (void)context;
    printf("%s %s: %s%s%s%s%s\n", finding->kind, finding->id, finding->problem,
           outcomes[finding->outcome], finding->why ? " (" : "", finding->why ? finding->why : "",
           finding->why ? ")" : "");
}

static int check(const char *store, bool repair)
{
    struct treadle_error error = {0};
    struct check_result result = {0};
    if (check_store(store, repair, print_finding, NULL, &result, &error)) {
        cli_complain("the store cannot be checked: %s", error.message);
        return CLI_FAILED;
    }
    printf("%zu contents, %zu indexes: %zu wrong", result.contents, result.indexes, result.found);
    if (repair && result.found)
        printf(", %zu repaired", result.repaired);
    putchar('\n');
    return cli_finish(result.found == result.repaired ? CLI_OK : CLI_FAILED);
}

int cmd_check(int argc, char **argv)
{
    struct check_settings settings = {NULL, false};
    struct options options;
    struct buffer store;
    int status = options_parse(&check_form, argc, argv, &settings, &options);
    if (status >= 0)
        return status;
    buffer_init(&store, PATH_MAX);
    if (options.operand_count)
        status = options_usage("check", "'%s' is one argument too many", options.operands[0]);
    else if (place_store(settings.store, &store))
        status = CLI_FAILED;
    else
        status = check(store.data, settings.repair);
    buffer_clear(&store);
    options_free(&options);
    return status;
}
