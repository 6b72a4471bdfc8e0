/*
 * Fork server: one process of treadle-reader that is loaded and contained once, and from which a
 * reader is forked for each document.
 *
 * Loading the libraries and making the container is most of what a small document costs. The
 * process is started when the first document comes, and again when it was killed. It looks at no
 * document itself.
 */
#ifndef DOCUMENT_FORK_SERVER_H
#define DOCUMENT_FORK_SERVER_H

#include <stdbool.h>

#include "document/document.h"
#include "document/frame.h"
#include "treadle/error.h"

/* Whether bubblewrap is installed. It may still be forbidden to work. */
bool fork_server_can_contain(void);

/* Starts the process where none runs, and sends it the request with the descriptors, `document`
 * being -1 for none. Thread-safe. TREADLE_ENOTFOUND where there is no program, TREADLE_EIO where it
 * cannot be started. */
int fork_server_request(struct fork_server *server, const struct frame_request *request, int output,
                        int answers, int document, struct treadle_error *error);

/* Whether readers are within bubblewrap, once one was asked for. */
bool fork_server_contains(struct fork_server *server);

#endif
