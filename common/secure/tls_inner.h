/* tls_inner: what OpenSSL's reasons mean, and what a stream has of its context. Any thread; a
 * stream is one thread's. */
#ifndef MILLRACE_TLS_INNER_H
#define MILLRACE_TLS_INNER_H

#include "errinfo.h"
#include "tls_context.h"
#include "tls_stream.h"

#include <openssl/ssl.h>
#include <stdbool.h>

/* Says of `whose` ("its", "the coordinator's") certificate, that ends or begins at another time
 * than now, when; by this host's clock. NULL: the time is left out. code: X509_V_ERR_... */
void tls_tell_time(const char *whose, long code, const X509 *certificate, struct errinfo *ret);

/* What the other side has against our certificate: "it is ..."; NULL: its alert is none of these.
 */
const char *tls_alert_words(int reason);

/* SSL_R_..., or 0: an error of another part of OpenSSL, whose numbers mean other things. */
int tls_reason(unsigned long error);

/* What came is no record of TLS. */
bool tls_is_clear(int reason);

/* Whether verification ended for want of an authority to trust. */
bool tls_is_untrusted(long code);

/* A trusted certificate of each in the text; false: it has none. */
bool tls_trust(SSL_CTX *context, const char *pem);

/* ---- Of a context ---- */

SSL_CTX *tls_context_library(const struct tls_context *context);

/* Authorities were named by tls_context_config.ca. */
bool tls_context_has_ca(const struct tls_context *context);

/* NULL: none are kept. */
struct tls_sessions *tls_context_sessions(const struct tls_context *context);

/* ---- Sessions to go on with, shared by threads ---- */

struct tls_sessions; /* Of a context. */
struct tls_server;   /* Where those of one server are. */

/* NULL: memory ran out. */
struct tls_sessions *tls_sessions_new(void);
void tls_sessions_free(struct tls_sessions *sessions);

/* NULL: memory ran out, or TLS_SERVERS_MAX did. It lasts as long as the sessions. */
struct tls_server *tls_sessions_server(struct tls_sessions *sessions, const char *name);

/* Offers what is kept of it, if anything. */
void tls_server_offer(struct tls_server *server, SSL *ssl);

/* Keeps a copy instead of the one before; NULL: none. A connection that breaks spoils the session
 * that it has (RFC 5246, 7.2.2), not the copies. */
void tls_server_keep(struct tls_server *server, const SSL_SESSION *session);

/* ---- Of a stream ---- */

struct tls_stream {
    SSL *ssl;
    const struct tls_context *context;
    struct tls_server *server; /* NULL: sessions are not kept. */
    X509 *wrong;               /* Of the server, that verification ended at; NULL: none. */
    size_t offered;            /* Bytes of a record that is made and not written yet. */
    enum tls_wants wants;
    int failed;          /* Negative errno; 0: nothing did. */
    unsigned long error; /* Of OpenSSL (ERR_get_error()); 0: it gives none. */
    bool done;           /* With the handshake. */
    bool asked;          /* For a certificate, and has none that the server takes. */
    bool ended;          /* The server has said so. */
    bool read_dry;       /* The last read took all that is there. */
};

/* OpenSSL's, of the context of a stream: it is SSL_get_app_data(). */
int tls_stream_got_session(SSL *ssl, SSL_SESSION *session);
int tls_stream_asked(SSL *ssl, X509 **certificate, EVP_PKEY **key);

#endif
