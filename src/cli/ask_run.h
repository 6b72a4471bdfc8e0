/*
 * The run of ask: assistant, thread, message, run, and what is printed of them.
 */
#ifndef CLI_ASK_RUN_H
#define CLI_ASK_RUN_H

#include "cli/session.h"

struct ask_run {
    struct session *session;
    const char *question;
    const char *model;  /* NULL: the first that the server has beside the built-in ones */
    const char *thread; /* to continue in, or NULL */
    const char *store;  /* vector store to search, or NULL for the thread's own */
    bool json;
    bool live; /* the answer is printed as it comes */
};

/* Asks and prints the answer. Returns an exit status. */
int ask_run(const struct ask_run *ask);

#endif
