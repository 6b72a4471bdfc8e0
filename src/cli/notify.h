/*
 * Notify: reports the state of the service to systemd, where systemd has started the program.
 */
#ifndef CLI_NOTIFY_H
#define CLI_NOTIFY_H

/* Sends a state, such as "READY=1" or "STOPPING=1", to the socket in $NOTIFY_SOCKET; without one,
 * or on failure, does nothing. */
void notify_service(const char *state);

#endif
