/*
 * channel: requests and replies between processes. The only door to NNG; knows nothing of what the
 * bytes mean.
 *
 * Agents dial, the coordinator listens (ipc:// or tcp://). REQ/REP with contexts. What NNG
 * needs to be told: RESENDTIME infinite (retries are ours), time-outs on every socket, RECVMAXSZ
 * before listen and dial, callbacks only enqueue. A request may reach the server twice after a lost
 * connection: whoever answers must not mind. NNG's own threads go on until the process ends, and
 * nng_fini() is never called: that of 1.5.2 frees the locks that connections broken off in their
 * handshake still take in the background, and panics.
 *
 * With certificates a tcp:// url is spoken over TLS 1.2 or newer: each side shows one of the same
 * authority before a byte of a message is read, the server's made for servers, the client's for
 * clients. NNG tells nobody why a handshake failed: a client learns that there is no connection, a
 * server counts those that never came to one (channel_server_broken()).
 */
#ifndef MILLRACE_CHANNEL_H
#define MILLRACE_CHANNEL_H

#include "errinfo.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Only ipc:///path and tcp://host:port; -EINVAL with the url in the sentence. */
int channel_url_check(const char *url, struct errinfo *reterr);

/* Does it lead to this host, whatever a name server says? Only a path, localhost, and addresses of
 * loopback as numbers: a name may lead anywhere. */
bool channel_url_is_local(const char *url);

struct channel_server;
struct channel_request; /* One request that waits for its reply. */
struct channel_client;

/* "1.5.2" */
const char *channel_library_version(void);

/* PEM texts, borrowed for the call. */
struct channel_security {
    const char *authority_pem; /* Whose certificates the peer may show; several are fine. */
    const char *certificate_pem;
    const char *key_pem;
};

/* What the server's certificate names, at whatever address it is reached. */
#define CHANNEL_SERVER_NAME "millrace-coordinator"

/* What strangers who reach the port can take of memory is connections_max x request_bytes_max. */
struct channel_server_config {
    const char *url;
    uint32_t requests_max;    /* That may wait for a reply at once (each long poll is one). */
    size_t request_bytes_max; /* Whoever claims to send a longer one is hung up on. */
    size_t reply_bytes_max;
    uint32_t connections_max; /* Those beyond are closed before anything of them is read. */
    const struct channel_security *security; /* NULL: in clear, for whoever comes. */
};

/*
 * Listens. *ret_url is the url in fact used ("tcp://127.0.0.1:0" becomes the bound port); the
 * caller frees it. -EADDRINUSE, -EADDRNOTAVAIL, -EACCES, -EINVAL with the url in the sentence, or
 * for a certificate that can't be read.
 */
int channel_server_new(const struct channel_server_config *config, struct channel_server **ret,
                       char **ret_url, struct errinfo *reterr);

/* Requests that were not answered yet become invalid: free or reply to them before. Blocks until
 * NNG let go, at most 2 s; likewise channel_client_free(), which also waits for calls to end. */
void channel_server_free(struct channel_server *server);

/* Next request, or -EAGAIN when none came within timeout_ms (0: look only). One thread at a time.
 */
int channel_server_next(struct channel_server *server, int timeout_ms,
                        struct channel_request **ret);

/* Borrowed until the request is replied to or dropped. */
const void *channel_request_bytes(const struct channel_request *request, size_t *ret_bytes);

/* When it arrived, mono_ns(), taken first thing in the receive path. */
int64_t channel_request_received_ns(const struct channel_request *request);

/* The connection that it came through: a number that no other one of this process has at the same
 * time. */
uint32_t channel_request_connection(const struct channel_request *request);

/* Where that comes from, "10.83.0.2:51234"; "" where there is no address to tell. Returns ret. */
#define CHANNEL_PEER_BYTES 64
const char *channel_request_peer(const struct channel_request *request,
                                 char ret[CHANNEL_PEER_BYTES]);

/* The peer that sent it is known, by a number of the caller's: its connection stays, until it
 * breaks. One that lost its connection may have a new one before NNG has let go of the old one; of
 * more than that the oldest counts as nobody's again, so that no peer takes the places of others.
 */
#define CHANNEL_CONNECTIONS_OF_PEER 2
void channel_request_admit(const struct channel_request *request, uint32_t peer);

/* Whether the peer has a connection; without, it has ended, or can't be reached just now. */
bool channel_server_has(const struct channel_server *server, uint32_t peer);

/* The same of the peers below peers_count, in one go: into ret, by their numbers. */
void channel_server_peers(const struct channel_server *server, bool *ret, uint32_t peers_count);

/* Closes connections that are there for so long, and that nobody has admitted. */
void channel_server_close_unknown(struct channel_server *server, int64_t age_ns);

/* How many connections were closed because they were one too many, and as unknown; and how many
 * others that nobody had admitted are gone, whoever closed them. */
struct channel_closed {
    uint64_t surplus;
    uint64_t unknown;
    uint64_t gone;
};

void channel_server_closed(const struct channel_server *server, struct channel_closed *ret);

/* How many connections failed in NNG's own handshake or that of TLS, as far as it counts them:
 * there may be more. None of them has been counted above. Takes some microseconds: not for every
 * turn.
 */
uint64_t channel_server_broken(const struct channel_server *server);

/* Sends the answer and frees the request. Never blocks; a peer that went away is no error. */
void channel_request_reply(struct channel_request *request, const void *bytes, size_t bytes_count);

/* Frees the request without an answer (garbage, a peer that should time out). */
void channel_request_drop(struct channel_request *request);

struct channel_client_config {
    const char *url;
    size_t bytes_max;                        /* Of a request, and of a reply. */
    const struct channel_security *security; /* NULL: in clear. */
    int redial_ms_max; /* The longest pause between two attempts; 0: a quarter of a second. */
};

/* Dials in the background and again after losses; returns at once. -EINVAL for a url that can't be
 * or a certificate that can't be read, -EADDRNOTAVAIL. */
int channel_client_new(const struct channel_client_config *config, struct channel_client **ret,
                       struct errinfo *reterr);
void channel_client_free(struct channel_client *client);

/* What a call brought back; the caller frees bytes. Times are mono_ns(): just before the send,
 * first thing after the receive. */
struct channel_reply {
    void *bytes;
    size_t bytes_count;
    int64_t sent_ns;
    int64_t received_ns;
};

/*
 * Sends a request and waits for its reply, at most timeout_ms. Any number of threads may call at
 * once. -ETIMEDOUT, -ECANCELED (channel_client_cancel), -EMSGSIZE. -ECONNREFUSED: nobody is there;
 * said after timeout_ms by a client that never had a connection, and within
 * CHANNEL_RECONNECT_MS by one that lost it. -ECONNRESET: the connection broke while the call
 * waited (at once, so that a long poll notices); the server may have got the request.
 */
#define CHANNEL_RECONNECT_MS 1000
int channel_call(struct channel_client *client, const void *bytes, size_t bytes_count,
                 int timeout_ms, struct channel_reply *ret, struct errinfo *reterr);

/* Ends all calls under way and to come with -ECANCELED; from any thread. */
void channel_client_cancel(struct channel_client *client);

#endif
