/*
 * tls_stream: one TLS connection of a client, over a socket that does not block. By OpenSSL.
 *
 * It neither waits nor closes the socket. It belongs to one thread at a time: one may shake hands,
 * another read and write. The process has to ignore SIGPIPE.
 *
 * What went wrong lasts: later calls return it too, and tls_stream_explain() tells it.
 */
#ifndef MILLRACE_TLS_STREAM_H
#define MILLRACE_TLS_STREAM_H

#include "errinfo.h"
#include "tls_context.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

/* Largest payload of a record (RFC 8446, 5.1): a buffer of this size takes any in one piece. */
#define TLS_RECORD_BYTES_MAX 16384

enum tls_wants { TLS_WANTS_READ, TLS_WANTS_WRITE };

struct tls_negotiated {
    const char *version; /* "TLSv1.3"; static. */
    const char *cipher;  /* "TLS_AES_256_GCM_SHA384"; static. */
    bool resumed;        /* By a session of an earlier stream of the context. */
};

struct tls_stream;

/*
 * Over a connected socket, which stays the caller's and has to outlive the stream. server_name is
 * what the server's certificate has to name: a host, or an IP address as text without brackets; a
 * host is also told to the server (SNI). 0 or -ENOMEM. On success the caller owns *ret; on failure
 * it is untouched.
 */
int tls_stream_new(struct tls_context *context, int fd, const char *server_name,
                   struct tls_stream **ret, struct errinfo *reterr);

/*
 * Goes on with the handshake. 0: done. -EAGAIN: call again when the socket is ready for
 * tls_stream_wants(). Else it failed: -EKEYREJECTED: the server's certificate is not one to trust;
 * -EACCES: the server wants another certificate of ours; -EPROTO: no TLS is spoken there, or none
 * that both speak; -ECONNRESET: it hung up; -ENOMEM; or the socket's errno.
 *
 * In TLS 1.3 a server looks at our certificate after we are done: -EACCES may come from the first
 * reads.
 */
int tls_stream_handshake(struct tls_stream *stream);

/* What to wait for after -EAGAIN. A read may want to write, and the other way round. */
enum tls_wants tls_stream_wants(const struct tls_stream *stream);

/* As many bytes as are there, at most bytes_max (> 0). 0: the server has ended it by TLS's own
 * words; -EAGAIN: none is there; -ECONNRESET: the connection ended without such words; otherwise as
 * tls_stream_handshake(). */
ssize_t tls_stream_read(struct tls_stream *stream, void *bytes, size_t bytes_max);

/* Whether the next read may have something to tell, though the socket is not readable: it was read
 * from it already. Never after a read that returned -EAGAIN. */
bool tls_stream_pending(const struct tls_stream *stream);

/*
 * Writes the pieces in order, gathered into as few records as they fit in. How many bytes were
 * taken; -EAGAIN: none; or as tls_stream_handshake(). One that takes less than all waits for
 * tls_stream_wants(), and the next one has to begin with what was left, and with no less of it than
 * tls_stream_write_bytes_min() says, wherever it lies by then: the record is made already.
 */
ssize_t tls_stream_write(struct tls_stream *stream, const struct iovec *pieces,
                         uint32_t pieces_count);
size_t tls_stream_write_bytes_min(const struct tls_stream *stream);

/* What failed, as a sentence about "it", which is whoever is at the address. Only after a call that
 * returned neither >= 0 nor -EAGAIN. */
void tls_stream_explain(const struct tls_stream *stream, struct errinfo *ret);

/* Of a stream whose handshake is done. */
struct tls_negotiated tls_stream_negotiated(const struct tls_stream *stream);

/* Tells the server that nothing comes any more, if the socket takes it at once. Only free it then.
 */
void tls_stream_end(struct tls_stream *stream);

/* NULL is allowed. Closes no socket. */
void tls_stream_free(struct tls_stream *stream);

#endif
