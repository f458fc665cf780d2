#include "own_stream_inner.h"

#include "tls_stream.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int own_stream_secure(struct own_stream *stream, struct tls_context *context, const char *name,
                      struct errinfo *reterr)
{
    return tls_stream_new(context, stream->fd, name, &stream->tls, reterr);
}

int own_stream_handshake(struct own_stream *stream)
{
    return stream->tls != NULL ? tls_stream_handshake(stream->tls) : 0;
}

ssize_t own_stream_read(struct own_stream *stream, char *to, size_t count)
{
    ssize_t r;

    if (stream->tls != NULL) {
        return tls_stream_read(stream->tls, to, count);
    }
    do {
        r = recv(stream->fd, to, count, MSG_DONTWAIT);
    } while (r < 0 && errno == EINTR);
    return r < 0 ? -errno : r;
}

ssize_t own_stream_write(struct own_stream *stream, const char *bytes, size_t count)
{
    ssize_t r;

    if (stream->tls != NULL) {
        /* The stream only reads them. */
        const struct iovec piece = {.iov_base = (char *)(uintptr_t)bytes, .iov_len = count};

        return tls_stream_write(stream->tls, &piece, 1);
    }
    do {
        r = send(stream->fd, bytes, count, MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (r < 0 && errno == EINTR);
    return r < 0 ? -errno : r;
}

bool own_stream_is_pending(const struct own_stream *stream)
{
    return stream->tls != NULL && tls_stream_pending(stream->tls);
}

bool own_stream_waits_for_room(const struct own_stream *stream)
{
    return stream->tls != NULL && tls_stream_wants(stream->tls) == TLS_WANTS_WRITE;
}

void own_stream_explain(const struct own_stream *stream, int code, struct errinfo *ret)
{
    if (stream->tls != NULL) {
        tls_stream_explain(stream->tls, ret);
    } else {
        (void)errinfo_set(ret, code, "%s", strerror(-code));
    }
}

void own_stream_finish(struct own_stream *stream)
{
    if (stream->tls != NULL) {
        tls_stream_end(stream->tls);
    }
    (void)shutdown(stream->fd, SHUT_WR);
}

void own_stream_close(struct own_stream *stream)
{
    tls_stream_free(stream->tls);
    stream->tls = NULL;
    if (stream->fd >= 0) {
        (void)close(stream->fd);
    }
    stream->fd = -1;
}
