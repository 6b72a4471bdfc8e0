/*
 * Log: structured lines on a stream that the program chose, as logfmt or as JSON.
 *
 * A log is an object that is passed to the code that may write to it; rooms that make up libtreadle
 * never get one. Values are quoted and escaped, so a file name cannot forge a line. Callers pass no
 * secrets and no message text. A NULL log drops everything. Safe from any thread.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stdio.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR };
enum log_format { LOG_LOGFMT, LOG_JSON };

struct log;

/* The level of that name, as "warning"; false where there is none. */
bool log_level_read(const char *name, enum log_level *out);

/* A log that writes lines of at least `level` to `stream`, which it does not own. NULL when
 * memory runs out. */
struct log *log_new(FILE *stream, enum log_level level, enum log_format format);
void log_free(struct log *log);

/* Sets whether lines below a warning wait for others, up to 50 ms, so that many are written with
 * one call; at first each is written at once. Waiting lines are written before a warning, and by
 * log_free. Not to be called from two threads at once. */
void log_gather(struct log *log, bool wanted);

/* Whether a line of that level would be written; for callers to whom making one is work. */
bool log_takes(const struct log *log, enum log_level level);

/* Writes one line: time, level, the event, then key and value pairs (const char *) up to a NULL
 * key. A NULL value leaves its pair out. Of a value the first 1,024 bytes are written; pairs for
 * which a line of 8 KiB has no room are left out. */
void log_write(struct log *log, enum log_level level, const char *event, ...)
    __attribute__((sentinel));

#endif
