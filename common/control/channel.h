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
 */
#ifndef MILLRACE_CHANNEL_H
#define MILLRACE_CHANNEL_H

#include "errinfo.h"

#include <stddef.h>
#include <stdint.h>

/* Only ipc:///path and tcp://host:port; -EINVAL with the url in the sentence. */
int channel_url_check(const char *url, struct errinfo *reterr);

struct channel_server;
struct channel_request; /* One request that waits for its reply. */
struct channel_client;

/* "1.5.2" */
const char *channel_library_version(void);

/* What strangers who reach the port can take of memory is connections_max x request_bytes_max. */
struct channel_server_config {
    const char *url;
    uint32_t requests_max;    /* That may wait for a reply at once (each long poll is one). */
    size_t request_bytes_max; /* Whoever claims to send a longer one is hung up on. */
    size_t reply_bytes_max;
    uint32_t connections_max; /* Those beyond are closed before anything of them is read. */
};

/*
 * Listens. *ret_url is the url in fact used ("tcp://127.0.0.1:0" becomes the bound port); the
 * caller frees it. -EADDRINUSE, -EADDRNOTAVAIL, -EACCES, -EINVAL with the url in the sentence.
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

/* The peer that sent it is known: its connection stays, until it breaks. */
void channel_request_admit(const struct channel_request *request);

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

/* Sends the answer and frees the request. Never blocks; a peer that went away is no error. */
void channel_request_reply(struct channel_request *request, const void *bytes, size_t bytes_count);

/* Frees the request without an answer (garbage, a peer that should time out). */
void channel_request_drop(struct channel_request *request);

/* Dials in the background and again after losses; returns at once. -EINVAL for a url that can't be,
 * -EADDRNOTAVAIL. */
int channel_client_new(const char *url, size_t bytes_max, struct channel_client **ret,
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
