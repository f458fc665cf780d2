/*
 * channel_inner: what server and client share: limits of their sockets, and NNG's errors as
 * errno. Not for use outside this folder.
 */
#ifndef MILLRACE_CHANNEL_INNER_H
#define MILLRACE_CHANNEL_INNER_H

#include "errinfo.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include <nng/nng.h>

/* NNG counts the request id of REQ/REP, 4 bytes a hop, as part of a message. */
#define CHANNEL_HEADER_BYTES_MAX 64

/* No operation on a socket lasts longer unless it is told its own time-out. */
#define CHANNEL_SOCKET_TIMEOUT_MS 10000

/* A negative errno for an NNG error, 0 for 0. */
int channel_errno(int nng_error);

/* channel_errno() with the sentence "what: NNG's words". */
int channel_error(int nng_error, const char *what, struct errinfo *reterr);

/* Before anything of NNG: whether this process may have the threads and the memory that NNG and we
 * will need; once it was so, it costs nothing more. -EAGAIN or -ENOMEM with what is missing. */
int channel_try(struct errinfo *reterr);

/* Time-outs and the limit of received messages; before anything listens or dials. */
int channel_socket_limit(nng_socket socket, size_t bytes_max, struct errinfo *reterr);

/*
 * Closes the socket; false if NNG did not come back within CHANNEL_CLOSE_MS: then whatever its
 * callbacks use must live on. NNG before 1.8 waits for ever when a message arrives in the moment of
 * closing (nanomsg/nng issues 1543 and 1813); a coordinator that hangs after its run is worse than
 * some memory in a process that ends.
 */
#define CHANNEL_CLOSE_MS 2000
#define CHANNEL_CLOSE_STUCK_MS 50 /* After it has happened once in this process. */
bool channel_socket_close(nng_socket socket);

/* NULL is fine. */
void channel_message_free(nng_msg *message);

#endif
