/*
 * Numbers as text, the same in every locale. A program may have chosen a locale whose numbers have
 * a comma; what is sent, stored and read has a point. Code that prints or reads a number with a
 * fraction uses these functions, or those that are built on them: arena_format,
 * buffer_append_format, error_set.
 */
#ifndef BASE_NUMBER_H
#define BASE_NUMBER_H

#include <stdarg.h>
#include <stddef.h>

/* strtod; `end` may be NULL. */
double number_read(const char *text, char **end);

/* snprintf and vsnprintf. */
int number_format(char *out, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
int number_format_list(char *out, size_t size, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));

#endif
