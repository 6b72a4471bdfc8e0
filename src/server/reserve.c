/*
 * Reserve: a file of blocks that were asked for and never written.
 */
#include "server/reserve.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* Bytes. A small disk needs its room for other things. */
enum { ROOM = 2 << 20, LOW = 512 << 10, PLENTY = 16 * ROOM };

void reserve_init(struct reserve *reserve, const char *store, struct log *log)
{
    snprintf(reserve->path, sizeof reserve->path, "%s/reserve", store);
    reserve->log = log;
    atomic_store(&reserve->spent, false);
}

static bool is_there(const struct reserve *reserve)
{
    struct stat status;
    return stat(reserve->path, &status) == 0 && status.st_size >= ROOM;
}

static void take(struct reserve *reserve)
{
    if (is_there(reserve))
        return;
    int file = open(reserve->path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    int failed = file < 0 ? errno : posix_fallocate(file, 0, ROOM);
    if (file >= 0)
        close(file);
    if (!failed)
        return;
    unlink(reserve->path);
    log_write(reserve->log, LOG_WARNING, "reserve", "error", strerror(failed), NULL);
}

void reserve_look(struct reserve *reserve)
{
    char store[PATH_MAX];
    struct statvfs disk;
    snprintf(store, sizeof store, "%s", reserve->path);
    *strrchr(store, '/') = '\0';
    if (statvfs(store, &disk))
        return;
    unsigned long long room = (unsigned long long)disk.f_bavail * disk.f_frsize;
    bool spent = atomic_load(&reserve->spent);
    if (room < LOW && !spent) {
        reserve->given_up = unlink(reserve->path) == 0;
        atomic_store(&reserve->spent, true);
        log_write(reserve->log, LOG_ERROR, "disk_full", "store", store, NULL);
    } else if (spent && room >= (reserve->given_up ? 2 * ROOM : 2 * LOW)) {
        if (reserve->given_up)
            take(reserve);
        atomic_store(&reserve->spent, false);
        log_write(reserve->log, LOG_WARNING, "disk_has_room", "store", store, NULL);
    } else if (!spent && room >= PLENTY) {
        take(reserve);
    }
}
