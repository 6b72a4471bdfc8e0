/*
 * Log: builds a line in a buffer and writes it with one call, so lines never mix.
 */
#include "base/log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buffer.h"
#include "base/clock.h"

enum { LARGEST_LINE = 8192, LARGEST_VALUE = 1024 };

struct log {
    FILE *stream;
    enum log_level level;
    pthread_mutex_t mutex;
};

struct log *log_new(FILE *stream, enum log_level level)
{
    struct log *log = calloc(1, sizeof *log);
    if (!log)
        return NULL;
    log->stream = stream;
    log->level = level;
    pthread_mutex_init(&log->mutex, NULL);
    return log;
}

void log_free(struct log *log)
{
    if (!log)
        return;
    pthread_mutex_destroy(&log->mutex);
    free(log);
}

static void put_value(struct buffer *line, const char *value)
{
    size_t length = strnlen(value, LARGEST_VALUE);
    bool plain = length > 0;
    for (size_t i = 0; i < length && plain; i++)
        plain = (unsigned char)value[i] > ' ' && !strchr("\"=\\\177", value[i]);
    if (plain) {
        buffer_append(line, value, length);
        return;
    }
    buffer_append_char(line, '"');
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)value[i];
        if (c == '"' || c == '\\')
            buffer_append_format(line, "\\%c", c);
        else if (c < ' ' || c == 127)
            buffer_append_format(line, "\\x%02x", c);
        else
            buffer_append_char(line, (char)c);
    }
    buffer_append_char(line, '"');
}

static void put_time(struct buffer *line)
{
    int64_t now = clock_milliseconds();
    time_t seconds = (time_t)(now / 1000);
    struct tm parts;
    char text[32];
    gmtime_r(&seconds, &parts);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
    buffer_append_format(line, "time=%s.%03dZ", text, (int)(now % 1000));
}

void log_write(struct log *log, enum log_level level, const char *event, ...)
{
    static const char *const names[] = {"debug", "info", "warning", "error"};
    if (!log || level < log->level)
        return;
    struct buffer line;
    buffer_init(&line, LARGEST_LINE);
    put_time(&line);
    buffer_append_format(&line, " level=%s event=", names[level]);
    put_value(&line, event);
    va_list pairs;
    va_start(pairs, event);
    for (const char *key; (key = va_arg(pairs, const char *));) {
        const char *value = va_arg(pairs, const char *);
        if (!value)
            continue;
        buffer_append_format(&line, " %s=", key);
        put_value(&line, value);
    }
    va_end(pairs);
    line.failed = false; /* a line that met its cap is written as far as it goes */
    buffer_append_char(&line, '\n');
    if (line.data) {
        pthread_mutex_lock(&log->mutex);
        fwrite(line.data, 1, line.length, log->stream);
        fflush(log->stream);
        pthread_mutex_unlock(&log->mutex);
    }
    buffer_clear(&line);
}
