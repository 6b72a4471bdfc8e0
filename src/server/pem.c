/*
 * PEM files.
 */
#include "server/pem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"

enum { LARGEST = 1 << 20 };

/* Reads up to LARGEST bytes; -1 with errno. */
static ssize_t read_all(int descriptor, char *text)
{
    size_t length = 0;
    ssize_t got;
    while (length < LARGEST && (got = read(descriptor, text + length, LARGEST - length)) != 0) {
        if (got < 0 && errno != EINTR)
            return -1;
        length += got > 0 ? (size_t)got : 0;
    }
    return (ssize_t)length;
}

int pem_read(char **out, const char *what, const char *path, struct treadle_error *error)
{
    int rc = 0;
    char *text = calloc(1, LARGEST + 1);
    if (!text)
        return error_set_memory(error);
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = descriptor < 0 ? -1 : read_all(descriptor, text);
    if (length < 0)
        rc = error_set_errno(error, TREADLE_EIO, errno, "cannot read the %s %s", what, path);
    else if (length == LARGEST || !strstr(text, "-----BEGIN ") ||
             memchr(text, '\0', (size_t)length))
        rc = error_set(error, TREADLE_EINVALID, "the %s %s is no PEM file", what, path);
    if (descriptor >= 0)
        close(descriptor);
    if (rc)
        pem_forget(text);
    else
        *out = text;
    return rc;
}

void pem_forget(char *text)
{
    if (text)
        explicit_bzero(text, LARGEST);
    free(text);
}
