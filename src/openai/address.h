/*
 * Addresses: which are of the public internet.
 */
#ifndef OPENAI_ADDRESS_H
#define OPENAI_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

/* False for this machine, private and local networks, multicast, what is reserved, IPv6 that
 * carries such an IPv4 address, and anything that is neither IPv4 nor IPv6. */
bool address_is_public(const struct sockaddr *address);

#endif
