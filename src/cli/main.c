/*
 * The program: finds the command and runs it.
 */
#include <locale.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/libraries.h"

static const struct command commands[] = {
    {"serve", "Serve the Assistants API over HTTP.", cmd_serve},
    {"ask", "Answer a question about files, with citations.", cmd_ask},
    {"key", "Manage the keys with which programs use the server.", cmd_key},
    {"runs", "List runs, newest first.", cmd_runs},
    {"steps", "Show what a run did, step by step.", cmd_steps},
    {"watch", "Follow a run live.", cmd_watch},
    {"backup", "Copy the store, also while it is being served.", cmd_backup},
    {"export", "Copy objects as the protocol prints them, and files.", cmd_export},
    {"import", "Store saved objects with their ids, and files.", cmd_import},
    {"check", "Check the store, and repair it.", cmd_check},
    {"schema", "Print the API as an OpenAPI document.", cmd_schema},
};

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

static void print_help(FILE *out)
{
    fputs("Usage: treadle COMMAND [OPTION]… [ARGUMENT]…\n\nThe Assistants API on your own "
          "machine.\n\nCommands:\n",
          out);
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        fprintf(out, "  %-8s %s\n", commands[i].name, commands[i].summary);
    fputs(
        "\n'treadle help COMMAND' shows the help of one; 'treadle --version' shows the version.\n",
        out);
}

static int unknown_command(const char *name)
{
    cli_complain("'%s' is not a command", name);
    fputs("Try 'treadle --help'.\n", stderr);
    return CLI_USAGE;
}

static int help(int argc, char **argv)
{
    char flag[] = "--help";
    if (argc < 2) {
        print_help(stdout);
        return cli_finish(CLI_OK);
    }
    const struct command *command = find_command(argv[1]);
    return command ? command->run(2, (char *[]){argv[1], flag, NULL}) : unknown_command(argv[1]);
}

/* A server is idle most of the time, and the memory of one large document or question should return
 * to the system then: few arenas, and large blocks mapped by themselves. */
static void tune_memory(void)
{
    mallopt(M_ARENA_MAX, 2);
    mallopt(M_MMAP_THRESHOLD, 128 << 10);
    mallopt(M_TRIM_THRESHOLD, 128 << 10);
}

int main(int argc, char **argv)
{
    tune_memory();
    /* Only characters: numbers must look the same everywhere. Names on disk and answers are UTF-8
     * even where the environment names no language. */
    setlocale(LC_CTYPE, "");
    if (MB_CUR_MAX == 1)
        setlocale(LC_CTYPE, "C.UTF-8");
    signal(SIGPIPE, SIG_IGN);
    if (argc < 2) {
        print_help(stderr);
        return CLI_USAGE;
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("treadle %s\n", TREADLE_VERSION);
        return cli_finish(CLI_OK);
    }
    if (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0 ||
        strcmp(argv[1], "-h") == 0)
        return help(argc - 1, argv + 1);
    const struct command *command = find_command(argv[1]);
    if (!command)
        return unknown_command(argv[1]);
    cli_prepare_libraries();
    return command->run(argc - 1, argv + 1);
}
