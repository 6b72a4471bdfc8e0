/*
 * treadle key: create, list, revoke. Asks the server as every command does; on the store's machine
 * that is the owner's socket or a server within this process, so no key is needed to create the
 * first.
 */
#include <stddef.h>
#include <string.h>

#include "base/clock.h"
#include "cli/cli.h"
#include "cli/expiry.h"
#include "cli/json.h"
#include "cli/options.h"
#include "cli/session.h"
#include "cli/show.h"
#include "cli/table.h"

enum { PAGE = 100 };

struct key_settings {
    struct session_options session;
    const char *project;
    const char *expires;
    const char *name;
    bool admin;
    bool json;
};

static const struct option_row create_rows[] = {
    {"project", 'p', OPTION_TEXT, "NAME", offsetof(struct key_settings, project), 0,
     "The project whose objects the key opens. Objects that were created on a server without keys "
     "are in the project 'default'."},
    {"expires", 0, OPTION_TEXT, "WHEN", offsetof(struct key_settings, expires), 0,
     "When it stops working: 90d (or s, m, h, w), 2027-01-31, 2027-01-31T12:00:00Z. Default: "
     "never."},
    {"name", 0, OPTION_TEXT, "TEXT", offsetof(struct key_settings, name), 0, "What it is for."},
    {"admin", 0, OPTION_FLAG, NULL, offsetof(struct key_settings, admin), 0,
     "Let it manage keys and the store as well, from anywhere."},
    {"json", 'j', OPTION_FLAG, NULL, offsetof(struct key_settings, json), 0,
     "Print the object instead of the key alone."},
    SESSION_ROWS(key_settings),
};

static const struct option_form create_form = {
    .command = "key create",
    .usage = "--project NAME [OPTION]…",
    .doc = "Creates a key and prints it. It is shown only once: the store has only its hash.",
    .rows = create_rows,
    .count = sizeof create_rows / sizeof create_rows[0],
};

static const struct option_row rows[] = {
    {"json", 'j', OPTION_FLAG, NULL, offsetof(struct key_settings, json), 0,
     "Print what the server answers."},
    SESSION_ROWS(key_settings),
};

static const struct option_form list_form = {
    .command = "key list",
    .usage = "[OPTION]…",
    .doc = "Lists the keys of all projects, newest first.",
    .rows = rows,
    .count = sizeof rows / sizeof rows[0],
};

static const struct option_form revoke_form = {
    .command = "key revoke",
    .usage = "ID [OPTION]…",
    .doc = "Revokes a key. ID is key_…, as 'treadle key list' shows it.",
    .rows = rows,
    .count = sizeof rows / sizeof rows[0],
};

static int show_reply(const struct treadle_response *response)
{
    json_t *object = json_of(response);
    int status = json_show(object);
    json_decref(object);
    return status;
}

/* ---- Create --------------------------------------------------------------------------------- */

static int check_create(const struct key_settings *settings,
                        struct treadle_key_create_request *request)
{
    if (!settings->project)
        return options_usage("key create", "name the project, such as --project web");
    *request =
        (struct treadle_key_create_request){.project = settings->project, .name = settings->name};
    if (settings->admin)
        request->admin = (struct treadle_boolean)TREADLE_VALUE(true);
    if (!settings->expires)
        return -1;
    request->expires_at.state = TREADLE_SET;
    if (expiry_parse(settings->expires, clock_seconds(), &request->expires_at.value))
        return options_usage("key create", "'%s' is not a future time, such as 90d or 2027-01-31",
                             settings->expires);
    return -1;
}

static int create(struct session *session, const struct key_settings *settings,
                  const struct treadle_key_create_request *request)
{
    struct treadle_key_response *reply = NULL;
    struct treadle_error error = {0};
    int status = CLI_FAILED;
    if (treadle_key_create(&reply, session_client(session), request, &error)) {
        session_complain(session, "the key cannot be made", &error);
    } else if (settings->json) {
        status = show_reply(&reply->base);
    } else if (!reply->key.key || !reply->key.id) {
        cli_complain("the server does not show the key");
    } else {
        printf("%s\n", reply->key.key);
        cli_complain("this is %s of project %s; it is not shown again", reply->key.id,
                     settings->project);
        status = CLI_OK;
    }
    treadle_key_response_free(reply);
    return status;
}

/* ---- List ----------------------------------------------------------------------------------- */

static const struct table_column columns[] = {
    {.title = "KEY"},
    {.title = "PROJECT", .least = 8},
    {.title = "STATUS", .status = true},
    {.title = "CREATED"},
    {.title = "EXPIRES"},
    {.title = "LAST USED"},
    {.title = "NAME", .least = 8},
};

static const char *status_of(const struct treadle_key *key)
{
    if (key->revoked_at.state == TREADLE_SET)
        return "revoked";
    if (key->expires_at.state == TREADLE_SET && key->expires_at.value <= clock_seconds())
        return "expired";
    return key->admin ? "admin" : "active";
}

static int add_key(struct table *table, const struct treadle_key *key)
{
    char created[32], expires[32], used[32];
    show_time(created, sizeof created, key->created_at);
    show_time(expires, sizeof expires, key->expires_at.value);
    show_time(used, sizeof used, key->last_used_at.value);
    const char *cells[] = {key->id, key->project, status_of(key), created,
                           expires, used,         key->name};
    return table_add(table, cells);
}

/* Adds one page to the table or, when there is none, to the list. */
static int take_page(const struct treadle_key_page_response *reply, struct table *table,
                     json_t *list)
{
    int rc = table ? 0 : json_list_add(list, &reply->base, SIZE_MAX);
    for (size_t i = 0; table && i < reply->page.data_count && !rc; i++)
        rc = add_key(table, &reply->page.data[i]);
    if (rc)
        cli_complain("out of memory");
    return rc;
}

static int read_keys(struct session *session, struct table *table, json_t *list)
{
    struct treadle_list_options page = TREADLE_LIST_OPTIONS_INIT;
    struct treadle_error error = {0};
    char after[128] = "";
    bool more = true;
    int rc = 0;
    page.limit = PAGE;
    while (more && !rc) {
        struct treadle_key_page_response *reply = NULL;
        page.after = after[0] ? after : NULL;
        rc = treadle_key_list(&reply, session_client(session), &page, &error);
        if (rc)
            session_complain(session, "the keys cannot be listed", &error);
        else
            rc = take_page(reply, table, list);
        more = !rc && reply->page.has_more && reply->page.last_id && reply->page.data_count;
        if (more)
            snprintf(after, sizeof after, "%s", reply->page.last_id);
        treadle_key_page_response_free(reply);
    }
    return rc;
}

static int list(struct session *session, bool as_json)
{
    struct cli_screen screen = cli_screen();
    struct table *table = as_json ? NULL : table_new(columns, sizeof columns / sizeof columns[0]);
    json_t *keys = as_json ? json_list() : NULL;
    int status = CLI_FAILED;
    if (!table && !keys)
        cli_complain("out of memory");
    else if (!read_keys(session, table, keys))
        status = CLI_OK;
    if (status == CLI_OK && keys)
        status = json_show(keys);
    else if (status == CLI_OK)
        table_print(table, stdout, (size_t)screen.width, screen.color);
    json_decref(keys);
    table_free(table);
    return status;
}

/* ---- Revoke --------------------------------------------------------------------------------- */

static int revoke(struct session *session, const char *id, bool as_json)
{
    struct treadle_key_response *reply = NULL;
    struct treadle_error error = {0};
    int status = CLI_OK;
    if (treadle_key_revoke(&reply, session_client(session), id, &error)) {
        session_complain(session, "the key cannot be revoked", &error);
        status = CLI_FAILED;
    } else if (as_json) {
        status = show_reply(&reply->base);
    } else {
        cli_complain("%s is revoked", id);
    }
    treadle_key_response_free(reply);
    return status;
}

/* ---- The command ---------------------------------------------------------------------------- */

static int run(const struct option_form *form, const struct options *options,
               const struct key_settings *settings)
{
    struct treadle_key_create_request request;
    struct session *session = NULL;
    size_t operands = form == &revoke_form ? 1 : 0;
    int status = -1;
    if (options->operand_count > operands)
        return options_usage(form->command, "'%s' is one argument too many",
                             options->operands[operands]);
    if (form == &revoke_form && (!options->operand_count || !options->operands[0][0]))
        return options_usage(form->command, "name one key, as key_…");
    if (form == &create_form)
        status = check_create(settings, &request);
    if (status >= 0)
        return status;
    if (session_open(&session, &settings->session))
        return CLI_FAILED;
    if (form == &create_form)
        status = create(session, settings, &request);
    else if (form == &list_form)
        status = list(session, settings->json);
    else
        status = revoke(session, options->operands[0], settings->json);
    session_close(session);
    return cli_finish(status);
}

static int print_usage(FILE *out, int status)
{
    fputs("Usage: treadle key create --project NAME [OPTION]…\n"
          "       treadle key list [OPTION]…\n"
          "       treadle key revoke ID [OPTION]…\n\n"
          "Manages the keys with which programs use a server that requires them. "
          "'treadle key create --help'\nshows the help of one.\n",
          out);
    return status;
}

int cmd_key(int argc, char **argv)
{
    static const struct {
        const char *name;
        const struct option_form *form;
    } actions[] = {{"create", &create_form}, {"list", &list_form}, {"revoke", &revoke_form}};
    struct key_settings settings = {.project = NULL};
    struct options options;
    const struct option_form *form = NULL;
    if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0))
        return cli_finish(print_usage(stdout, CLI_OK));
    for (size_t i = 0; i < sizeof actions / sizeof actions[0] && argc > 1; i++)
        if (strcmp(argv[1], actions[i].name) == 0)
            form = actions[i].form;
    if (!form)
        return print_usage(stderr, CLI_USAGE);
    int status = options_parse(form, argc - 1, argv + 1, &settings, &options);
    if (status >= 0)
        return status;
    status = run(form, &options, &settings);
    options_free(&options);
    return status;
}
