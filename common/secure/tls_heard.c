/* What OpenSSL tells of any stream of a context. */
#include "tls_inner.h"

int tls_stream_asked(SSL *ssl, X509 **certificate, EVP_PKEY **key)
{
    struct tls_stream *stream = SSL_get_app_data(ssl);

    (void)certificate;
    (void)key;
    stream->asked = true;
    return 0; /* Goes on without. */
}

int tls_stream_got_session(SSL *ssl, SSL_SESSION *session)
{
    struct tls_stream *stream = SSL_get_app_data(ssl);

    if (stream->server != NULL) {
        tls_server_keep(stream->server, session);
    }
    return 0; /* It stays the library's. */
}
