/*
 * Notify: tells systemd, where it is the one that started the program, how the service is doing.
 */
#ifndef CLI_NOTIFY_H
#define CLI_NOTIFY_H

/* Sends a state, as "READY=1" or "STOPPING=1", to the socket in $NOTIFY_SOCKET; without one, or on
 * failure, does nothing. */
void notify_service(const char *state);

#endif
