/*
 * Origins: removes scheme and port, then checks the host alone.
 */
#include "server/origin.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/text.h"

enum { LONGEST_HOST = 256 };

static bool only_port(const char *text)
{
    return !*text || (*text == ':' && strspn(text + 1, "0123456789") == strlen(text + 1));
}

static bool is_loopback_ipv4(const char *host)
{
    struct in_addr address;
    return inet_pton(AF_INET, host, &address) == 1 && ntohl(address.s_addr) >> 24 == 127;
}

bool origin_is_loopback(const char *text)
{
    char host[LONGEST_HOST];
    const char *scheme = strstr(text, "://");
    if (scheme)
        text = scheme + 3;
    if (text[0] == '[')
        return text_starts_with(text, "[::1]") && only_port(text + 5);
    size_t length = strcspn(text, ":");
    if (length >= sizeof host || !only_port(text + length))
        return false;
    memcpy(host, text, length);
    host[length] = '\0';
    return text_equal_ignoring_case(host, "localhost") || is_loopback_ipv4(host);
}
