/*
 * channel_dial_inner: how a client comes to its connection, and to another one. Not for use outside
 * this folder.
 *
 * A connection whose peer is out of reach does not break: TCP sends again and again, with pauses
 * that double, and NNG waits for it. Once the peer can be reached again, that takes as long as it
 * was away; for one that is dialed in that time it is the same. So a client that misses an answer
 * dials anew.
 */
#ifndef MILLRACE_CHANNEL_DIAL_INNER_H
#define MILLRACE_CHANNEL_DIAL_INNER_H

#include "channel.h"

#include <assert.h>
#include <stdbool.h>

#include <nng/nng.h>
#include <nng/supplemental/tls/tls.h>

/* A connection that has answered is given up after so long. */
#define CHANNEL_DIAL_MS 2000
/* An attempt, or one that came about and has never answered: the peer's host may be there, and it
 * may be busy, or stopped. It would find each further attempt in its queue, and NNG 1.5.2 as a
 * server was seen to read nothing any more after ten of them. */
#define CHANNEL_MUTE_MS 10000

static_assert(CHANNEL_DIAL_MS >= 2 * CHANNEL_RECONNECT_MS,
              "an attempt has the time for a packet that was lost and is sent again");

struct channel_dial {
    nng_socket socket;
    nng_dialer dialer;
    nng_tls_config *tls; /* NULL: in clear. */
    char *url;           /* As NNG knows it. */
};

/* What a client knows of its connection. Times are mono_ns(). */
struct channel_contact {
    int64_t dialed_ns;
    int64_t heard_ns; /* The last answer, through whatever connection. */
    bool answered;    /* Something came through this one. */
};

/* Is a call that began at sent_ns and has no answer at now_ns a reason to dial anew? Pure. */
bool channel_contact_is_stale(const struct channel_contact *contact, int64_t sent_ns,
                              int64_t now_ns);

/* Begins to dial, in the background. Errors as channel_client_new(). */
int channel_dial_begin(struct channel_dial *dial, nng_socket socket,
                       const struct channel_client_config *config, struct errinfo *reterr);

/* Gives up the connection, or the attempt, and begins anew. Where NNG can't (no memory) it stays
 * without, until it is called again. */
void channel_dial_again(struct channel_dial *dial);

/* Can a connection part in silence? Not within a host, where the kernel tells. There a coordinator
 * that was stopped would find all that were given up meanwhile before the last one, and with NNG
 * 1.5.2 it does not come to that one. */
bool channel_dial_may_part(const struct channel_dial *dial);

/* After the socket was closed. */
void channel_dial_done(struct channel_dial *dial);

#endif
