/*
 * Exports: what the two files of the export share.
 */
#ifndef RESOURCE_EXPORT_INTERNAL_H
#define RESOURCE_EXPORT_INTERNAL_H

#include <limits.h>
#include <stdio.h>

#include "resource/call.h"
#include "store/export_record.h"

struct export
{
    const struct resource_services *services;
    const struct treadle_export_create_request *request;
    struct arena *arena;
    const char *top; /* the directory that is being made */
    bool contents, steps;
    const char **projects;
    size_t project_count, project_room;
    int64_t counts[EXPORT_KINDS];
    FILE *listed; /* a line for each file: project, id, checksum or "-" */

    /* While a project is being written: */
    struct db_session *session;
    const char *project;
    FILE *out[EXPORT_KINDS];
};

extern const char *const export_names[EXPORT_KINDS];

/* Opens DIRECTORY/NAME for writing, for this user alone. */
int export_open(FILE **out, const char *directory, const char *name, struct treadle_error *error);

/* Closes it; a failure to write shows here. Accepts NULL. */
int export_close(FILE *file, const char *name, struct treadle_error *error);

/* Makes the directory PARENT/NAME, unless it is there; `path` becomes its path. */
int export_make(char path[PATH_MAX], const char *parent, const char *name,
                struct treadle_error *error);

/* The directory of a project within the export. A name that the file system takes for a place of
 * its own begins with %2E. */
int export_place(char out[PATH_MAX], const struct export *export, const char *project,
                 struct treadle_error *error);

/* Moves the contents of the listed files from the snapshot `blobs` to their projects, and writes
 * the manifest. */
int export_finish(struct export *export, const char *blobs, struct treadle_error *error);

#endif
