/*
 * Commands: their table for main.c, the exit statuses, and how messages are printed.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdbool.h>
#include <stdio.h>

#include "treadle/error.h"

enum cli_status { CLI_OK = 0, CLI_FAILED = 1, CLI_USAGE = 2 };

struct command {
    const char *name;
    const char *summary;
    int (*run)(int argc, char **argv); /* argv[0] is the command; returns an exit status */
};

int cmd_serve(int argc, char **argv);
int cmd_ask(int argc, char **argv);
int cmd_key(int argc, char **argv);
int cmd_runs(int argc, char **argv);
int cmd_backup(int argc, char **argv);
int cmd_export(int argc, char **argv);
int cmd_import(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_steps(int argc, char **argv);
int cmd_watch(int argc, char **argv);
int cmd_schema(int argc, char **argv);

/* Prints "treadle: …" as one line on stderr; control characters in it are escaped, so names and
 * replies may be put in. */
void cli_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Ends a command: CLI_FAILED with a message when stdout could not be written completely. */
int cli_finish(int status);

/* Properties of stdout: how wide, 0 for no limit, and whether to use colours; all are 0 when it is
 * not a terminal. */
struct cli_screen {
    bool terminal;
    int width;
    bool color;
};

struct cli_screen cli_screen(void);

#endif
