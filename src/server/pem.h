/*
 * PEM files: certificates and keys, read whole.
 */
#ifndef SERVER_PEM_H
#define SERVER_PEM_H

#include "treadle/error.h"

/* The file's text, to be freed with pem_forget. TREADLE_EINVALID when it is not such a text,
 * TREADLE_EIO when it cannot be read. `what` names it in messages. */
int pem_read(char **out, const char *what, const char *path, struct treadle_error *error);

/* Wipes and frees. Accepts NULL. */
void pem_forget(char *text);

#endif
