/*
 * own_stream_inner: the bytes of one connection, plain or over TLS. Never waits.
 *
 * Private to the MQTT driver over its own codec. A stream belongs to one thread.
 */
#ifndef MILLRACE_OWN_STREAM_INNER_H
#define MILLRACE_OWN_STREAM_INNER_H

#include "errinfo.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct tls_context;
struct tls_stream;

struct own_stream {
    int fd;                 /* -1: closed. */
    struct tls_stream *tls; /* NULL: plain. */
};

/* Begins TLS on a stream that is plain and connected; name is what the broker's certificate has to
 * name. 0 or -ENOMEM. */
int own_stream_secure(struct own_stream *stream, struct tls_context *context, const char *name,
                      struct errinfo *reterr);
/* 0: done, also of a plain one; -EAGAIN: own_stream_waits_for_room() says for what. */
int own_stream_handshake(struct own_stream *stream);

/* How many bytes; 0: the other end has closed it. -EAGAIN: none now. */
ssize_t own_stream_read(struct own_stream *stream, char *to, size_t count);
/* How many of them were taken; -EAGAIN: none now. */
ssize_t own_stream_write(struct own_stream *stream, const char *bytes, size_t count);
/* What is left unread may be within the stream, where epoll does not see it. */
bool own_stream_is_pending(const struct own_stream *stream);
/* After -EAGAIN of a handshake or a read: it is for room to write. */
bool own_stream_waits_for_room(const struct own_stream *stream);
/* Why a call failed with that negative errno. */
void own_stream_explain(const struct own_stream *stream, int code, struct errinfo *ret);
/* Nothing more is to be written, and the other end hears of it. */
void own_stream_finish(struct own_stream *stream);
/* Fine on one that is closed. */
void own_stream_close(struct own_stream *stream);

#endif
