#include "tls_stream.h"

#include "invariant.h"
#include "tls_inner.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <stdlib.h>
#include <string.h>

/* ---- What OpenSSL tells ---- */

/* Keeps what verification ends at: OpenSSL forgets a certificate that it does not trust. */
static int verified(int preverified, X509_STORE_CTX *store)
{
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct tls_stream *stream = SSL_get_app_data(ssl);
    X509 *one = X509_STORE_CTX_get_current_cert(store);

    if (preverified == 0 && stream->wrong == NULL && one != NULL && X509_up_ref(one) == 1) {
        stream->wrong = one;
    }
    return preverified;
}

static int fail_by(struct tls_stream *stream, int code, unsigned long error)
{
    stream->failed = code;
    stream->error = error;
    ERR_clear_error();
    return code;
}

static int code_of(const struct tls_stream *stream, unsigned long error)
{
    const int reason = tls_reason(error);

    if (ERR_GET_REASON(error) == ERR_R_MALLOC_FAILURE) {
        return -ENOMEM;
    }
    if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED) {
        return -EKEYREJECTED;
    }
    if (tls_alert_words(reason) != NULL ||
        (reason == SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE && stream->asked)) {
        return -EACCES;
    }
    return reason == SSL_R_UNEXPECTED_EOF_WHILE_READING ? -ECONNRESET : -EPROTO;
}

/* After a call that returned r, which was no success: -EAGAIN, 0 if the server has ended it, or
 * what failed. */
static int outcome_of(struct tls_stream *stream, int r)
{
    const int socket_errno = errno;
    unsigned long error;

    switch (SSL_get_error(stream->ssl, r)) {
    case SSL_ERROR_WANT_READ:
        stream->wants = TLS_WANTS_READ;
        return -EAGAIN;
    case SSL_ERROR_WANT_WRITE:
        stream->wants = TLS_WANTS_WRITE;
        return -EAGAIN;
    case SSL_ERROR_ZERO_RETURN:
        stream->ended = true;
        return 0;
    case SSL_ERROR_SYSCALL:
        return fail_by(stream,
                       socket_errno > 0 && socket_errno != EPIPE ? -socket_errno : -ECONNRESET, 0);
    default:
        error = ERR_peek_last_error();
        return fail_by(stream, code_of(stream, error), error);
    }
}

/* OpenSSL looks for errors in the thread's queue, where another library may have left some. */
static void begin_call(void)
{
    ERR_clear_error();
    errno = 0;
}

/* ---- Its life ---- */

static bool expect_name(SSL *ssl, const char *name)
{
    /* A number is not told to the server (RFC 6066, 3), and is looked for among numbers. */
    if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) == 1) {
        return true;
    }
    return SSL_set1_host(ssl, name) == 1 && SSL_set_tlsext_host_name(ssl, name) == 1;
}

int tls_stream_new(struct tls_context *context, int fd, const char *server_name,
                   struct tls_stream **ret, struct errinfo *reterr)
{
    struct tls_stream *stream = calloc(1, sizeof *stream);

    ASSERT(server_name != NULL && server_name[0] != '\0');
    if (stream == NULL) {
        return errinfo_nomem(reterr);
    }
    stream->context = context;
    stream->server = tls_context_sessions(context) == NULL
                         ? NULL
                         : tls_sessions_server(tls_context_sessions(context), server_name);
    stream->ssl = SSL_new(tls_context_library(context));
    if (stream->ssl == NULL || SSL_set_app_data(stream->ssl, stream) != 1 ||
        SSL_set_fd(stream->ssl, fd) != 1 || !expect_name(stream->ssl, server_name)) {
        ERR_clear_error();
        tls_stream_free(stream);
        return errinfo_nomem(reterr);
    }
    SSL_set_verify(stream->ssl, SSL_VERIFY_PEER, verified);
    SSL_set_connect_state(stream->ssl);
    if (stream->server != NULL) {
        tls_server_offer(stream->server, stream->ssl);
    }
    ERR_clear_error();
    *ret = stream;
    return 0;
}

int tls_stream_handshake(struct tls_stream *stream)
{
    int r;

    if (stream->failed != 0 || stream->done) {
        return stream->failed;
    }
    begin_call();
    r = SSL_do_handshake(stream->ssl);
    if (r != 1) {
        r = outcome_of(stream, r);
        r = r != 0 ? r : fail_by(stream, -ECONNRESET, 0);
        if (r != -EAGAIN && stream->server != NULL) {
            tls_server_keep(stream->server, NULL); /* It may be the session that it can't go on. */
        }
        return r;
    }
    stream->done = true;
    return 0;
}

enum tls_wants tls_stream_wants(const struct tls_stream *stream)
{
    return stream->wants;
}

struct tls_negotiated tls_stream_negotiated(const struct tls_stream *stream)
{
    return (struct tls_negotiated){.version = SSL_get_version(stream->ssl),
                                   .cipher = SSL_get_cipher_name(stream->ssl),
                                   .resumed = SSL_session_reused(stream->ssl) == 1};
}

void tls_stream_end(struct tls_stream *stream)
{
    /* Behind half a record nothing may be said, and OpenSSL allows it only after a handshake. */
    if (stream->done && stream->failed == 0 && stream->offered == 0) {
        begin_call();
        (void)SSL_shutdown(stream->ssl);
        ERR_clear_error();
    }
}

void tls_stream_free(struct tls_stream *stream)
{
    if (stream == NULL) {
        return;
    }
    X509_free(stream->wrong);
    SSL_free(stream->ssl);
    free(stream);
}

/* ---- Its data ---- */

ssize_t tls_stream_read(struct tls_stream *stream, void *bytes, size_t bytes_max)
{
    char *to = bytes;
    size_t taken = 0;
    int last = 1;

    ASSERT(bytes_max > 0);
    if (stream->failed != 0 || stream->ended) {
        return stream->failed;
    }
    begin_call();
    while (last > 0 && taken < bytes_max) {
        size_t count = 0;

        last = SSL_read_ex(stream->ssl, to + taken, bytes_max - taken, &count);
        taken += count;
    }
    if (last <= 0) {
        last = outcome_of(stream, last);
    }
    stream->read_dry = last == -EAGAIN;
    return taken > 0 ? (ssize_t)taken : last;
}

bool tls_stream_pending(const struct tls_stream *stream)
{
    return !stream->read_dry &&
           (stream->failed != 0 || stream->ended || SSL_has_pending(stream->ssl) == 1);
}

size_t tls_stream_write_bytes_min(const struct tls_stream *stream)
{
    return stream->offered;
}

/* Where the next record's bytes are in the pieces. */
struct place {
    const struct iovec *pieces;
    uint32_t pieces_count;
    size_t taken; /* Of the first. */
};

static void step(struct place *place, size_t bytes)
{
    place->taken += bytes;
    while (place->pieces_count > 0 && place->taken >= place->pieces->iov_len) {
        place->taken -= place->pieces->iov_len;
        place->pieces++;
        place->pieces_count--;
    }
}

/* What goes into the next record: in place, where that is one piece, else gathered in `room`. */
static const char *next_record(const struct place *place, char room[static TLS_RECORD_BYTES_MAX],
                               size_t *ret_bytes)
{
    size_t bytes = place->pieces->iov_len - place->taken;
    const char *from = (const char *)place->pieces->iov_base + place->taken;

    if (bytes >= TLS_RECORD_BYTES_MAX || place->pieces_count == 1) {
        *ret_bytes = bytes < TLS_RECORD_BYTES_MAX ? bytes : TLS_RECORD_BYTES_MAX;
        return from;
    }
    memcpy(room, from, bytes);
    for (uint32_t i = 1; i < place->pieces_count && bytes < TLS_RECORD_BYTES_MAX; i++) {
        size_t part = place->pieces[i].iov_len;

        part = part < TLS_RECORD_BYTES_MAX - bytes ? part : TLS_RECORD_BYTES_MAX - bytes;
        memcpy(room + bytes, place->pieces[i].iov_base, part);
        bytes += part;
    }
    *ret_bytes = bytes;
    return room;
}

ssize_t tls_stream_write(struct tls_stream *stream, const struct iovec *pieces,
                         uint32_t pieces_count)
{
    struct place place = {.pieces = pieces, .pieces_count = pieces_count};
    char room[TLS_RECORD_BYTES_MAX];
    size_t taken = 0;
    int last = 1;

    if (stream->failed != 0) {
        return stream->failed;
    }
    begin_call();
    step(&place, 0);
    while (place.pieces_count > 0) {
        size_t bytes = 0;
        size_t count = 0;
        const char *from = next_record(&place, room, &bytes);

        ASSERT(bytes >= stream->offered);
        last = SSL_write_ex(stream->ssl, from, bytes, &count);
        if (last <= 0) {
            last = outcome_of(stream, last);
            last = last != 0 ? last : fail_by(stream, -ECONNRESET, 0);
            stream->offered = last == -EAGAIN ? bytes : 0;
            break;
        }
        stream->offered = 0;
        taken += count;
        step(&place, count);
    }
    return taken > 0 ? (ssize_t)taken : last <= 0 ? last : 0;
}
