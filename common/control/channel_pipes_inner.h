/*
 * channel_pipes_inner: the connections of a server: how many there are at once, and which of them
 * are of a peer that somebody admitted. Not for use outside this folder.
 *
 * NNG tells of them on threads of its own; everything here may be called from any thread.
 */
#ifndef MILLRACE_CHANNEL_PIPES_INNER_H
#define MILLRACE_CHANNEL_PIPES_INNER_H

#include "channel.h"

#include <nng/nng.h>

struct channel_pipes;

/* Counts those of the socket from now on; before it listens. 0, -ENOMEM or NNG's error. */
int channel_pipes_new(nng_socket socket, uint32_t pipes_max, struct channel_pipes **ret,
                      struct errinfo *reterr);

/* Once the socket is closed: NNG calls back until then. NULL is fine. */
void channel_pipes_free(struct channel_pipes *pipes);

void channel_pipes_admit(struct channel_pipes *pipes, int pipe, uint32_t peer);

bool channel_pipes_has(struct channel_pipes *pipes, uint32_t peer);
void channel_pipes_peers(struct channel_pipes *pipes, bool *ret, uint32_t peers_count);
void channel_pipes_close_unknown(struct channel_pipes *pipes, int64_t age_ns);
void channel_pipes_closed(struct channel_pipes *pipes, struct channel_closed *ret);

#endif
