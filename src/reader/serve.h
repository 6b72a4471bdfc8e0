/*
 * Serving: the fork server, from which a reader is forked for each document.
 */
#ifndef READER_SERVE_H
#define READER_SERVE_H

#include "document/frame.h"

/* Takes requests from the socket FRAME_DESCRIPTOR until it is closed, and never returns. In each
 * reader it calls `read`, which must not return: standard output is then the request's pipe,
 * FRAME_DESCRIPTOR the document, and no other descriptor is open. */
_Noreturn void serve_requests(void (*read)(const struct frame_request *request));

#endif
