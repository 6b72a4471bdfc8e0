/*
 * Log: builds a line on the stack and writes it with one call, so lines never mix. There may be a
 * line for each of many thousand requests a second, so the text of the present second is kept,
 * nothing is allocated, and where the program asks for it lines are gathered: a thread writes those
 * that have waited long enough, and always complete ones.
 */
#include "base/log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/text.h"
#include "base/thread.h"

enum { GATHERED_SIZE = 32 * 1024, PATIENCE_MS = 50 };
enum { LARGEST_LINE = 8192, LARGEST_VALUE = 1024, LONGEST_END = 2, TIME_SIZE = 32 };

struct log {
    FILE *stream;
    enum log_level level;
    enum log_format format;
    pthread_mutex_t mutex; /* guards the stream and what follows */
    int64_t second;
    char second_text[TIME_SIZE];
    char *gathered; /* lines that wait; NULL while each is written at once */
    size_t gathered_length;
    bool stopping;       /* the thread */
    pthread_cond_t wake; /* the thread: there is a line, or it is to stop */
    pthread_t thread;
};

/* Bytes that do not fit are dropped, and `full` is set. */
struct line {
    size_t length;
    bool full;
    char bytes[LARGEST_LINE];
};

static const char *const level_names[] = {
    [LOG_DEBUG] = "debug", [LOG_INFO] = "info", [LOG_WARNING] = "warning", [LOG_ERROR] = "error"};

bool log_level_read(const char *name, enum log_level *out)
{
    for (size_t i = 0; i < sizeof level_names / sizeof *level_names; i++) {
        if (strcmp(level_names[i], name) == 0) {
            *out = (enum log_level)i;
            return true;
        }
    }
    return false;
}

struct log *log_new(FILE *stream, enum log_level level, enum log_format format)
{
    struct log *log = calloc(1, sizeof *log);
    if (!log)
        return NULL;
    log->stream = stream;
    log->level = level;
    log->format = format;
    log->second = -1;
    pthread_mutex_init(&log->mutex, NULL);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&log->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    return log;
}

void log_free(struct log *log)
{
    if (!log)
        return;
    log_gather(log, false);
    pthread_cond_destroy(&log->wake);
    pthread_mutex_destroy(&log->mutex);
    free(log);
}

bool log_takes(const struct log *log, enum log_level level)
{
    return log && level >= log->level;
}

static void put(struct line *line, const char *bytes, size_t length)
{
    if (length > sizeof line->bytes - LONGEST_END - line->length) {
        line->full = true;
        return;
    }
    memcpy(line->bytes + line->length, bytes, length);
    line->length += length;
}

static void put_text(struct line *line, const char *text)
{
    put(line, text, strlen(text));
}

/* ---- Values --------------------------------------------------------------------------------- */

static void put_hex(struct line *line, const char *prefix, unsigned char byte)
{
    static const char digits[] = "0123456789abcdef";
    const char pair[] = {digits[byte >> 4], digits[byte & 15]};
    put_text(line, prefix);
    put(line, pair, sizeof pair);
}

static bool is_plain(const char *value, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)value[i];
        if (c <= ' ' || c == '"' || c == '=' || c == '\\' || c == 127)
            return false;
    }
    return length > 0;
}

static void put_logfmt(struct line *line, const char *value, size_t length)
{
    if (is_plain(value, length)) {
        put(line, value, length);
        return;
    }
    put_text(line, "\"");
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)value[i];
        if (c == '"' || c == '\\')
            put_text(line, "\\");
        if (c < ' ' || c == 127)
            put_hex(line, "\\x", c);
        else
            put(line, value + i, 1);
    }
    put_text(line, "\"");
}

/* Bytes that are not UTF-8 (names of files, a value cut at its cap) become U+FFFD: JSON has no
 * bytes. */
static void put_json(struct line *line, const char *value, size_t length)
{
    put_text(line, "\"");
    for (size_t i = 0; i < length;) {
        size_t next = i;
        uint32_t character = text_next(value, length, &next);
        if (character == '"' || character == '\\')
            put_text(line, "\\");
        if (character < ' ' || character == 127)
            put_hex(line, "\\u00", (unsigned char)character);
        else if (character == 0xfffd)
            put_text(line, "\\ufffd");
        else
            put(line, value + i, next - i);
        i = next;
    }
    put_text(line, "\"");
}

/* ---- Lines ---------------------------------------------------------------------------------- */

/* Adds a pair completely or not at all. */
static void put_pair(struct line *line, enum log_format format, const char *key, const char *value)
{
    size_t before = line->length, length = strnlen(value, LARGEST_VALUE);
    bool first = line->length == 0;
    if (format == LOG_JSON) {
        put_text(line, first ? "{\"" : ",\"");
        put_text(line, key);
        put_text(line, "\":");
        put_json(line, value, length);
    } else {
        put_text(line, first ? "" : " ");
        put_text(line, key);
        put_text(line, "=");
        put_logfmt(line, value, length);
    }
    if (line->full)
        line->length = before;
    line->full = false;
}

static void put_time(struct line *line, struct log *log)
{
    int64_t now = clock_milliseconds();
    char text[TIME_SIZE];
    pthread_mutex_lock(&log->mutex);
    if (now / 1000 != log->second) {
        time_t seconds = (time_t)(now / 1000);
        struct tm parts;
        gmtime_r(&seconds, &parts);
        strftime(log->second_text, sizeof log->second_text, "%Y-%m-%dT%H:%M:%S.000Z", &parts);
        log->second = now / 1000;
    }
    memcpy(text, log->second_text, sizeof text);
    pthread_mutex_unlock(&log->mutex);
    char *milliseconds = strchr(text, '.') + 1;
    milliseconds[0] = (char)('0' + now % 1000 / 100);
    milliseconds[1] = (char)('0' + now % 100 / 10);
    milliseconds[2] = (char)('0' + now % 10);
    put_pair(line, log->format, "time", text);
}

static void end_line(struct line *line, enum log_format format)
{
    if (format == LOG_JSON)
        line->bytes[line->length++] = '}';
    line->bytes[line->length++] = '\n';
}

/* ---- Writing, under the lock ---------------------------------------------------------------- */

static void write_gathered(struct log *log)
{
    fwrite(log->gathered, 1, log->gathered_length, log->stream);
    fflush(log->stream);
    log->gathered_length = 0;
}

static void gather(struct log *log, const struct line *line)
{
    if (line->length > GATHERED_SIZE - log->gathered_length)
        write_gathered(log);
    if (!log->gathered_length)
        pthread_cond_signal(&log->wake);
    memcpy(log->gathered + log->gathered_length, line->bytes, line->length);
    log->gathered_length += line->length;
}

static void write_through(struct log *log, const struct line *line)
{
    if (log->gathered)
        write_gathered(log);
    fwrite(line->bytes, 1, line->length, log->stream);
    fflush(log->stream);
}

static void await_patience(struct log *log)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += PATIENCE_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    while (!log->stopping && pthread_cond_timedwait(&log->wake, &log->mutex, &until) == 0)
        continue;
}

static void *write_on(void *argument)
{
    struct log *log = argument;
    pthread_mutex_lock(&log->mutex);
    while (!log->stopping) {
        if (!log->gathered_length) {
            pthread_cond_wait(&log->wake, &log->mutex);
            continue;
        }
        await_patience(log);
        write_gathered(log);
    }
    pthread_mutex_unlock(&log->mutex);
    return NULL;
}

static void stop_gathering(struct log *log)
{
    pthread_mutex_lock(&log->mutex);
    log->stopping = true;
    pthread_cond_signal(&log->wake);
    pthread_mutex_unlock(&log->mutex);
    pthread_join(log->thread, NULL);
    pthread_mutex_lock(&log->mutex);
    write_gathered(log);
    free(log->gathered);
    log->gathered = NULL;
    pthread_mutex_unlock(&log->mutex);
}

/* Without memory or a thread each line is written at once, as before. */
static void start_gathering(struct log *log)
{
    char *bytes = malloc(GATHERED_SIZE);
    if (!bytes)
        return;
    pthread_mutex_lock(&log->mutex);
    log->stopping = false;
    log->gathered = bytes;
    if (thread_start(&log->thread, 1, write_on, log) != 1) {
        log->gathered = NULL;
        free(bytes);
    }
    pthread_mutex_unlock(&log->mutex);
}

void log_gather(struct log *log, bool wanted)
{
    if (!log || wanted == (log->gathered != NULL))
        return;
    if (wanted)
        start_gathering(log);
    else
        stop_gathering(log);
}

void log_write(struct log *log, enum log_level level, const char *event, ...)
{
    if (!log_takes(log, level))
        return;
    struct line line;
    line.length = 0;
    line.full = false;
    put_time(&line, log);
    put_pair(&line, log->format, "level", level_names[level]);
    put_pair(&line, log->format, "event", event);
    va_list pairs;
    va_start(pairs, event);
    for (const char *key; (key = va_arg(pairs, const char *));) {
        const char *value = va_arg(pairs, const char *);
        if (value)
            put_pair(&line, log->format, key, value);
    }
    va_end(pairs);
    end_line(&line, log->format);
    pthread_mutex_lock(&log->mutex);
    if (log->gathered && level < LOG_WARNING)
        gather(log, &line);
    else
        write_through(log, &line);
    pthread_mutex_unlock(&log->mutex);
}
