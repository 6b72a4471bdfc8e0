/*
 * libtreadle: everything that a program needs to talk to a Treadle server, or to any other server
 * of the Assistants API.
 */
#ifndef TREADLE_TREADLE_H
#define TREADLE_TREADLE_H

#include "treadle/client.h"
#include "treadle/error.h"
#include "treadle/objects.h"
#include "treadle/stream.h"

#endif
