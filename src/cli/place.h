/*
 * Places: where the store is by default.
 */
#ifndef CLI_PLACE_H
#define CLI_PLACE_H

#include "base/buffer.h"

/* Appends `named` (the value of --store) when it is not NULL, else $XDG_DATA_HOME/treadle, else
 * ~/.local/share/treadle, whose parents are made. Prints an error and returns a negative code when
 * there is no such place. */
int place_store(const char *named, struct buffer *out);

#endif
