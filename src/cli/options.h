/*
 * Options: a command's flags as a table of rows, read from the command line and, where a flag is
 * not there, from the environment variable of its name (--log-level: TREADLE_LOG_LEVEL).
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

enum option_kind {
    OPTION_TEXT = 1, /* const char * */
    OPTION_FLAG,     /* bool; takes no argument */
    OPTION_COUNT,    /* int64_t from 1 to `max` */
    OPTION_NUMBER,   /* int64_t from 0 to `max` */
    OPTION_LIST      /* struct option_list; may come `max` times (0: 16) */
};

enum { OPTION_LIST_SIZE = 16 };

struct option_list {
    const char *items[OPTION_LIST_SIZE + 1]; /* ends with NULL */
    size_t count;
};

struct option_row {
    const char *name;
    char letter; /* 0: none */
    enum option_kind kind;
    const char *argument; /* the name of its value, such as "DIR" */
    size_t offset;        /* within the command's settings */
    int64_t max;
    const char *doc;
};

struct option_form {
    const char *command;
    const char *usage; /* after the command's name */
    const char *doc;   /* one or more sentences */
    const struct option_row *rows;
    size_t count;
};

struct options {
    struct arena *arena; /* of texts from the environment */
    char **operands;
    size_t operand_count;
};

/* Reads the command line into `settings`. Negative to continue (with `out` to be freed), else the
 * exit status to end with: help was printed, or an error message. */
int options_parse(const struct option_form *form, int argc, char **argv, void *settings,
                  struct options *out);
void options_free(struct options *options);

/* Prints an error about usage, with a hint at --help, and returns CLI_USAGE. */
int options_usage(const char *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
