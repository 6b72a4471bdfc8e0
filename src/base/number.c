/*
 * Numbers: the C library's own conversions, in its "C" locale, for the calling thread alone.
 */
#include "base/number.h"

#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The C library has this locale built in: it is neither loaded nor allocated, and never freed. */
static locale_t plain_locale(void)
{
    return newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

double number_read(const char *text, char **end)
{
    return strtod_l(text, end, plain_locale());
}

int number_format_list(char *out, size_t size, const char *format, va_list args)
{
    if (strcmp(nl_langinfo(RADIXCHAR), ".") == 0)
        return vsnprintf(out, size, format, args);
    locale_t before = uselocale(plain_locale());
    int length = vsnprintf(out, size, format, args);
    uselocale(before);
    return length;
}

int number_format(char *out, size_t size, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int length = number_format_list(out, size, format, args);
    va_end(args);
    return length;
}
