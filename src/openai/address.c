/*
 * Addresses: the blocks of RFC 6890 and its successors that are not globally reachable.
 */
#include "openai/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>

struct block {
    uint32_t base;
    unsigned bits;
};

#define IPV4(a, b, c) ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8)

static const struct block local_ipv4[] = {
    {IPV4(0, 0, 0), 8},      {IPV4(10, 0, 0), 8},     {IPV4(100, 64, 0), 10},
    {IPV4(127, 0, 0), 8},    {IPV4(169, 254, 0), 16}, {IPV4(172, 16, 0), 12},
    {IPV4(192, 0, 0), 24},   {IPV4(192, 0, 2), 24},   {IPV4(192, 88, 99), 24},
    {IPV4(192, 168, 0), 16}, {IPV4(198, 18, 0), 15},  {IPV4(198, 51, 100), 24},
    {IPV4(203, 0, 113), 24}, {IPV4(224, 0, 0), 3}, /* multicast and what is reserved */
};

/* Of 2000::/3, outside of which nothing is public. */
static const struct block local_ipv6[] = {
    {0x20010000, 23}, /* protocols, as Teredo */
    {0x20010db8, 32}, /* documentation */
    {0x20020000, 16}, /* 6to4 */
    {0x3fff0000, 20}, /* documentation */
};

static bool is_in(uint32_t address, const struct block *blocks, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if ((address ^ blocks[i].base) >> (32 - blocks[i].bits) == 0)
            return true;
    return false;
}

static uint32_t word(const unsigned char *bytes)
{
    uint32_t value;
    memcpy(&value, bytes, sizeof value);
    return ntohl(value);
}

static bool is_public_ipv4(uint32_t address)
{
    return !is_in(address, local_ipv4, sizeof local_ipv4 / sizeof local_ipv4[0]);
}

static bool is_public_ipv6(const unsigned char *bytes)
{
    static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
    static const unsigned char translated[12] = {0x00, 0x64, 0xff, 0x9b};
    if (memcmp(bytes, mapped, 12) == 0 || memcmp(bytes, translated, 12) == 0)
        return is_public_ipv4(word(bytes + 12));
    uint32_t first = word(bytes);
    return first >> 29 == 1 && !is_in(first, local_ipv6, sizeof local_ipv6 / sizeof local_ipv6[0]);
}

bool address_is_public(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        struct sockaddr_in ipv4;
        memcpy(&ipv4, address, sizeof ipv4);
        return is_public_ipv4(ntohl(ipv4.sin_addr.s_addr));
    }
    if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 ipv6;
        memcpy(&ipv6, address, sizeof ipv6);
        return is_public_ipv6(ipv6.sin6_addr.s6_addr);
    }
    return false;
}
