/*
 * Sessions: how a command reaches a server: the server that was named; else the one that serves the
 * store already; else one inside this process, on a Unix socket in a private directory that is
 * removed when the session ends, also by SIGINT or SIGTERM. The command speaks HTTP through
 * libtreadle in every case.
 */
#ifndef CLI_SESSION_H
#define CLI_SESSION_H

#include <stdbool.h>

#include "treadle/client.h"

struct models_options;
struct session;

struct session_options {
    const char *server; /* URL, or NULL */
    const char *api_key;
    const char *ca;      /* file of trusted CA certificates, or NULL */
    const char *project; /* NULL: the server's choice */
    const char *store;   /* directory, or NULL for the default */
    double patience;     /* seconds for a reply; 0: the client's default */
    const struct models_options
        *models; /* of a server inside this process; NULL: the built-in ones */
};

/* Opens a session, or prints an error and returns a negative code. */
int session_open(struct session **out, const struct session_options *options);
struct treadle_client *session_client(const struct session *session);
void session_close(struct session *session);

/* Whether the server is inside this process, and so has the models that were named. */
bool session_embedded(const struct session *session);

/* Waits until the vectors of the files that were read are made, where the server is inside this
 * process and would end before. On a terminal it shows the progress. */
void session_wait_for_vectors(struct session *session);

/* Prints the error of a failed call, with what was being done. Prints nothing when a signal has
 * stopped the session, since that is the cause. */
void session_complain(struct session *session, const char *doing,
                      const struct treadle_error *error);

/* On a terminal, reports when the server inside this process reads documents in the weaker
 * sandbox. */
void session_advise(const struct session *session);

/* Whether the server was inside another process, such as a second `ask`, and has ended since: then
 * no error was printed, and a new session may continue. Not after session_settle. */
bool session_lost(const struct session *session);

/* From now on a lost server is an error that is printed: some output was printed already. */
void session_settle(struct session *session);

/* The rows that the options of every command with a session have. */
#define SESSION_ROWS(T)                                                                             \
    SESSION_ROW(T, "server", 0, "URL", server,                                                      \
                "The server to use: http://HOST:PORT, https://… or unix:/PATH. Default: the one " \
                "that serves the store, else one inside this process."),                            \
        SESSION_ROW(                                                                                \
            T, "api-key", 0, "KEY", api_key,                                                        \
            "The server's API key. Other users can see arguments, so better use the variable."),    \
        SESSION_ROW(T, "ca", 0, "FILE", ca,                                                         \
                    "CA certificates to trust for an https server. Default: the system's."),        \
        SESSION_ROW(T, "store", 's', "DIR", store,                                                  \
                    "The store, where no server is named. Default: treadle in $XDG_DATA_HOME or "   \
                    "~/.local/share.")

/* Of commands that work on the objects of one project. */
#define SESSION_PROJECT_ROW(T)                                                                     \
    SESSION_ROW(T, "project", 'p', "NAME", project,                                                \
                "The project, where no key decides it. Default: default.")

#define SESSION_ROW(T, name, letter, argument, member, doc)                                        \
    {                                                                                              \
        name, letter, OPTION_TEXT, argument, offsetof(struct T, session.member), 0, doc            \
    }

#endif
