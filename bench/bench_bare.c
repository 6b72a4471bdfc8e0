/*
 * The measure for reads: libmicrohttpd with nothing above it, answering every request with the same
 * bytes.
 *
 *   bench_bare FILE
 *
 * Prints the port that it listens on and serves the content of FILE until it is killed, with as
 * many threads and as many headers as Treadle has.
 */
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LARGEST = 1 << 20, THREADS = 2 };

static enum MHD_Result answer(void *context, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *data,
                              size_t *size, void **state)
{
    (void)url, (void)method, (void)version, (void)data, (void)size;
    static int seen;
    if (!*state) {
        *state = &seen;
        return MHD_YES;
    }
    return MHD_queue_response(connection, MHD_HTTP_OK, context);
}

static struct MHD_Response *read_response(const char *path)
{
    static char bytes[LARGEST];
    FILE *file = fopen(path, "rb");
    size_t length = file ? fread(bytes, 1, sizeof bytes, file) : 0;
    if (!length)
        return NULL;
    fclose(file);
    struct MHD_Response *response =
        MHD_create_response_from_buffer(length, bytes, MHD_RESPMEM_PERSISTENT);
    MHD_add_response_header(response, "x-request-id", "req_00000000000000000000000000000000");
    MHD_add_response_header(response, "openai-processing-ms", "0");
    MHD_add_response_header(response, "Content-Type", "application/json");
    return response;
}

int main(int argc, char **argv)
{
    struct MHD_Response *response = argc == 2 ? read_response(argv[1]) : NULL;
    if (!response) {
        fprintf(stderr, "usage: bench_bare FILE\n");
        return 2;
    }
    struct MHD_Daemon *daemon =
        MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, answer, response,
                         MHD_OPTION_THREAD_POOL_SIZE, (unsigned)THREADS, MHD_OPTION_END);
    const union MHD_DaemonInfo *info =
        daemon ? MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT) : NULL;
    if (!info)
        return 1;
    printf("%u\n", (unsigned)info->port);
    fflush(stdout);
    for (;;)
        pause();
}
