/*
 * Refusals: what libmicrohttpd answers by itself, to requests that it cannot read on, said in the
 * form of all other errors.
 */
#ifndef HTTP_REFUSAL_H
#define HTTP_REFUSAL_H

#include <microhttpd.h>

/* MHD_queue_response, for replies that are ours. */
enum MHD_Result http_queue(struct MHD_Connection *mhd, unsigned status,
                           struct MHD_Response *response);

#endif
