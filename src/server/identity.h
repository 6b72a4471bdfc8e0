/*
 * Identity: the token of a managed identity, as the SDKs of Azure ask the machine for it.
 *
 * A program that takes its credential from its surroundings (IDENTITY_ENDPOINT and
 * IDENTITY_HEADER) works unchanged where the header is a key of this server: it is the token.
 */
#ifndef SERVER_IDENTITY_H
#define SERVER_IDENTITY_H

#include "http/http.h"
#include "server/entry.h"

/* Answers GET /msi/token. It reveals nothing, since the token is what was sent; over a network it
 * is answered through TLS alone. */
int identity_answer(const struct entry_rules *rules, const struct http_request *request,
                    struct http_reply *reply, struct treadle_error *error);

#endif
