/*
 * Messages on stderr, and properties of stdout.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/buffer.h"
#include "cli/cli.h"
#include "cli/show.h"

enum { LONGEST_MESSAGE = 8192, NARROWEST = 40 };

void cli_complain(const char *format, ...)
{
    char message[LONGEST_MESSAGE];
    struct buffer line;
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    buffer_init(&line, (size_t)8 * LONGEST_MESSAGE);
    show_line(&line, message);
    fprintf(stderr, "treadle: %s\n", line.data ? line.data : "out of memory");
    buffer_clear(&line);
}

int cli_finish(int status)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    /* A reader that stops early, such as `| head`, is not a failure worth a message. */
    if (errno != EPIPE)
        cli_complain("the output could not be written: %s", strerror(errno));
    return status == CLI_OK ? CLI_FAILED : status;
}

struct cli_screen cli_screen(void)
{
    struct cli_screen screen = {0};
    struct winsize size;
    if (!isatty(STDOUT_FILENO))
        return screen;
    screen.terminal = true;
    const char *plain = getenv("NO_COLOR"), *terminal = getenv("TERM");
    screen.color = !(plain && *plain) && terminal && strcmp(terminal, "dumb") != 0;
    screen.width = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
    if (screen.width && screen.width < NARROWEST)
        screen.width = NARROWEST;
    return screen;
}
