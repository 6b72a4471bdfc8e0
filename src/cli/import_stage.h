/*
 * Staging of imports: writes what was found into a directory, from which the server of the store
 * takes it (resource/import.c says in which form).
 */
#ifndef CLI_IMPORT_STAGE_H
#define CLI_IMPORT_STAGE_H

#include "cli/import_input.h"

/* `originals` are directories, up to a NULL, in which a file of the right name and size is the
 * content of a file that has none. Prints an error and returns a negative code. */
int import_stage(struct import_input *input, const char *directory, const char *const *originals);

#endif
