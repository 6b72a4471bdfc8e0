/*
 * Presence: flock on the file that holds the addresses, one a line: the one for people to read,
 * and the one for the owner's commands.
 */
#include "server/presence.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/error.h"
#include "base/path.h"

enum { LONGEST_ADDRESS = 512 };

static int open_file(const char *store, int flags, int *out, struct treadle_error *error)
{
    char path[PATH_MAX];
    int rc = path_join(path, store, "server", error);
    if (rc)
        return rc;
    int descriptor = open(path, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (descriptor < 0)
        return error_set_errno(error, errno == ENOENT ? TREADLE_ENOTFOUND : TREADLE_EIO, errno,
                               "cannot open %s", path);
    *out = descriptor;
    return 0;
}

static void read_address(int descriptor, char out[LONGEST_ADDRESS])
{
    ssize_t length = pread(descriptor, out, LONGEST_ADDRESS - 1, 0);
    out[length > 0 ? length : 0] = '\0';
}

int presence_take(const char *store, int *descriptor, struct treadle_error *error)
{
    int file = -1;
    int rc = open_file(store, O_RDWR | O_CREAT, &file, error);
    if (rc)
        return rc;
    if (flock(file, LOCK_EX | LOCK_NB) == 0) {
        *descriptor = file;
        return 0;
    }
    char address[LONGEST_ADDRESS];
    read_address(file, address);
    address[strcspn(address, "\n")] = '\0';
    rc = errno == EWOULDBLOCK
             ? error_set(error, TREADLE_EBUSY, "another process serves the store %s%s%s", store,
                         address[0] ? ": it listens on " : "", address)
             : error_set_errno(error, TREADLE_EIO, errno, "cannot lock the store %s", store);
    close(file);
    return rc;
}

int presence_announce(int descriptor, const char *address, const char *owner_address,
                      struct treadle_error *error)
{
    char text[LONGEST_ADDRESS];
    int length = snprintf(text, sizeof text, "%s\n%s\n", address, owner_address);
    if (length >= (int)sizeof text)
        return error_set(error, TREADLE_EINVALID, "the address %s is too long", address);
    /* Written over what is there, so that it needs no room on a full disk. */
    if (pwrite(descriptor, text, (size_t)length, 0) != length || ftruncate(descriptor, length))
        return error_set_errno(error, TREADLE_EIO, errno, "cannot note the address in the store");
    return 0;
}

int presence_find(const char *store, char *out, size_t size, struct treadle_error *error)
{
    int file = -1;
    int rc = open_file(store, O_RDONLY, &file, error);
    if (rc)
        return rc;
    if (flock(file, LOCK_SH | LOCK_NB) == 0) {
        close(file);
        return error_set(error, TREADLE_ENOTFOUND, "no server serves the store %s", store);
    }
    char address[LONGEST_ADDRESS];
    read_address(file, address);
    close(file);
    char *line = strchr(address, '\n'), *end = line ? strchr(line + 1, '\n') : NULL;
    if (!end)
        return error_set(error, TREADLE_ENOTFOUND, "the server of %s is not ready yet", store);
    *end = '\0';
    if (strlen(line + 1) >= size)
        return error_set(error, TREADLE_EINVALID, "the address %s is too long", line + 1);
    strcpy(out, line + 1);
    return 0;
}
