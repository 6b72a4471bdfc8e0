/*
 * Options: the rows are turned into getopt_long's table; what it finds is stored by offset.
 */
#include "cli/options.h"

#include <ctype.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli/cli.h"

enum { MOST_OPTIONS = 64, HELP = 1000, FIRST_ROW = 1001, ENVIRONMENT_LIMIT = 1 << 20 };

struct reading {
    const struct option_form *form;
    char *settings;
    struct arena *arena;
    bool seen[MOST_OPTIONS];
};

int options_usage(const char *command, const char *format, ...)
{
    char message[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    cli_complain("%s: %s", command, message);
    fprintf(stderr, "Try 'treadle %s --help'.\n", command);
    return CLI_USAGE;
}

static void environment_name(char *out, size_t size, const char *option)
{
    snprintf(out, size, "TREADLE_%s", option);
    for (char *c = out; *c; c++)
        *c = (char)(*c == '-' ? '_' : toupper((unsigned char)*c));
}

/* ---- Help ----------------------------------------------------------------------------------- */

static void print_row(const struct option_row *row)
{
    char left[64], variable[64];
    char letter[] = {row->letter ? '-' : ' ', row->letter ? row->letter : ' ',
                     row->letter ? ',' : ' ', '\0'};
    environment_name(variable, sizeof variable, row->name);
    snprintf(left, sizeof left, "%s --%s%s%s", letter, row->name, row->argument ? " " : "",
             row->argument ? row->argument : "");
    printf("  %-26s %s [%s]\n", left, row->doc, variable);
}

static void print_help(const struct option_form *form)
{
    printf("Usage: treadle %s %s\n\n%s\n\nOptions, each with the environment variable that may "
           "replace it:\n",
           form->command, form->usage, form->doc);
    for (size_t i = 0; i < form->count; i++)
        print_row(&form->rows[i]);
    printf("  %-26s %s\n", "    --help", "Print this and end.");
}

/* ---- Values --------------------------------------------------------------------------------- */

static int store_flag(const struct reading *reading, const struct option_row *row,
                      const char *value)
{
    bool *flag = (bool *)(reading->settings + row->offset);
    if (!value || strcmp(value, "1") == 0 || strcmp(value, "true") == 0)
        *flag = true;
    else if (strcmp(value, "0") == 0 || strcmp(value, "false") == 0)
        *flag = false;
    else
        return options_usage(reading->form->command, "%s is neither true nor false", value);
    return -1;
}

static int store_list(const struct reading *reading, const struct option_row *row,
                      const char *value)
{
    struct option_list *list = (struct option_list *)(reading->settings + row->offset);
    size_t most = row->max ? (size_t)row->max : OPTION_LIST_SIZE;
    if (list->count >= most)
        return options_usage(reading->form->command, "--%s can be given %zu times at most",
                             row->name, most);
    list->items[list->count++] = value;
    return -1;
}

static int store_number(const struct reading *reading, const struct option_row *row,
                        const char *value)
{
    int64_t least = row->kind == OPTION_COUNT;
    if (text_to_integer(value, least, row->max, (int64_t *)(reading->settings + row->offset)))
        return options_usage(reading->form->command,
                             "--%s takes a number from %lld to %lld, not '%s'", row->name,
                             (long long)least, (long long)row->max, value);
    return -1;
}

/* Negative on success, else an exit status. */
static int store(const struct reading *reading, const struct option_row *row, const char *value)
{
    if (value && !*value)
        return options_usage(reading->form->command, "--%s is empty", row->name);
    switch (row->kind) {
    case OPTION_FLAG:
        return store_flag(reading, row, value);
    case OPTION_LIST:
        return store_list(reading, row, value);
    case OPTION_COUNT:
    case OPTION_NUMBER:
        return store_number(reading, row, value);
    case OPTION_TEXT:
        *(const char **)(reading->settings + row->offset) = value;
        return -1;
    }
    return -1;
}

/* In the environment a list has commas between its items. */
static int store_from_environment(const struct reading *reading, const struct option_row *row,
                                  const char *value)
{
    char *copy = arena_string(reading->arena, value);
    int status = -1;
    if (!copy) {
        cli_complain("out of memory");
        return CLI_FAILED;
    }
    if (row->kind != OPTION_LIST)
        return store(reading, row, copy);
    for (char *rest = copy, *item; status < 0 && (item = strsep(&rest, ","));)
        status = store(reading, row, item);
    return status;
}

static int read_environment(const struct reading *reading)
{
    int status = -1;
    for (size_t i = 0; i < reading->form->count && status < 0; i++) {
        char name[64];
        environment_name(name, sizeof name, reading->form->rows[i].name);
        const char *value = getenv(name);
        if (value && *value && !reading->seen[i])
            status = store_from_environment(reading, &reading->form->rows[i], value);
    }
    return status;
}

/* ---- The command line ----------------------------------------------------------------------- */

static void fill_tables(const struct option_form *form, struct option *table, char *letters)
{
    *letters++ = ':'; /* getopt: a missing argument is ':', not '?' */
    for (size_t i = 0; i < form->count; i++) {
        const struct option_row *row = &form->rows[i];
        int takes = row->kind == OPTION_FLAG ? no_argument : required_argument;
        table[i] = (struct option){row->name, takes, NULL, FIRST_ROW + (int)i};
        if (!row->letter)
            continue;
        *letters++ = row->letter;
        if (takes == required_argument)
            *letters++ = ':';
    }
    table[form->count] = (struct option){"help", no_argument, NULL, HELP};
    *letters++ = 'h';
    *letters = '\0';
}

static size_t row_index(const struct option_form *form, int found)
{
    size_t i = 0;
    if (found >= FIRST_ROW)
        return (size_t)(found - FIRST_ROW);
    while (form->rows[i].letter != found)
        i++;
    return i;
}

static int complain(const struct option_form *form, int found, char **argv)
{
    const char *what = found == ':' ? "needs an argument" : "is not a known option";
    if (optopt > 0 && optopt < HELP)
        return options_usage(form->command, "-%c %s", optopt, what);
    return options_usage(form->command, "%s %s", argv[optind - 1], what);
}

int options_parse(const struct option_form *form, int argc, char **argv, void *settings,
                  struct options *out)
{
    struct option table[MOST_OPTIONS + 1] = {{0}};
    char letters[2 * MOST_OPTIONS + 3];
    struct reading reading = {.form = form, .settings = settings};
    int found, status = -1;
    fill_tables(form, table, letters);
    opterr = 0;
    optind = 0;
    while (status < 0 && (found = getopt_long(argc, argv, letters, table, NULL)) != -1) {
        if (found == HELP || found == 'h') {
            print_help(form);
            return cli_finish(CLI_OK);
        }
        if (found == '?' || found == ':')
            return complain(form, found, argv);
        size_t row = row_index(form, found);
        reading.seen[row] = true;
        status = store(&reading, &form->rows[row], optarg);
    }
    if (status >= 0)
        return status;
    reading.arena = arena_new(ENVIRONMENT_LIMIT);
    if (!reading.arena) {
        cli_complain("out of memory");
        return CLI_FAILED;
    }
    status = read_environment(&reading);
    if (status >= 0) {
        arena_free(reading.arena);
        return status;
    }
    *out = (struct options){.arena = reading.arena,
                            .operands = argv + optind,
                            .operand_count = (size_t)(argc - optind)};
    return -1;
}

void options_free(struct options *options)
{
    arena_free(options->arena);
    options->arena = NULL;
}
