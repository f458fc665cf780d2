#include "tls_look.h"

#include "mono.h"
#include "net.h"
#include "tls_inner.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <poll.h>
#include <stdbool.h>
#include <unistd.h>

/* After the handshake: for its refusal of our certificate to come (in TLS 1.3 it comes late), or
 * its first byte. */
#define WORD_NS NS_PER_S

struct look {
    const struct tls_look_config *config;
    int64_t deadline_ns;
    SSL_CTX *context;
    SSL *ssl;
    int fd;
    X509 *wrong; /* Of the other side, that verification ended at; NULL: none. */
};

static enum tls_look_stage found(enum tls_look_stage stage, struct errinfo *ret, const char *text)
{
    (void)errinfo_set(ret, -EIO, "%s", text);
    return stage;
}

/* Until the descriptor is ready; false: until_ns came first. */
static bool await(int fd, short events, int64_t until_ns)
{
    struct pollfd wait = {.fd = fd, .events = events};
    int r;

    do {
        int64_t left_ms = (until_ns - mono_ns()) / NS_PER_MS;

        r = poll(&wait, 1, left_ms > 0 ? (int)left_ms : 0);
    } while (r < 0 && errno == EINTR);
    return r > 0;
}

/* ---- What a failure means ---- */

static enum tls_look_stage certificate_is_wrong(const struct look *look, long code,
                                                struct errinfo *ret)
{
    if (tls_is_untrusted(code)) {
        return found(TLS_LOOK_THEIRS, ret,
                     "the coordinator's certificate is of another authority than this join file's: "
                     "is it the right coordinator?");
    }
    switch (code) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
        tls_tell_time("the coordinator's", code, look->wrong, ret);
        return TLS_LOOK_THEIRS;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_INVALID_PURPOSE:
        return found(TLS_LOOK_THEIRS, ret,
                     "what answers there shows a certificate that is none of a coordinator");
    default:
        (void)errinfo_set(ret, -EIO, "the coordinator's certificate is refused here: %s",
                          X509_verify_cert_error_string(code));
        return TLS_LOOK_THEIRS;
    }
}

static enum tls_look_stage explain_failure(const struct look *look, int reason, struct errinfo *ret)
{
    long code = SSL_get_verify_result(look->ssl);
    const char *alert = reason == SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE
                            ? "it is none of an agent"
                            : tls_alert_words(reason);

    if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED && code != X509_V_OK) {
        return certificate_is_wrong(look, code, ret);
    }
    /* What NNG begins with, in clear, is no record of TLS. */
    if (tls_is_clear(reason)) {
        return found(TLS_LOOK_CLEAR, ret,
                     "it speaks plain TCP there, and this join file asks for TLS: was the "
                     "coordinator started with --hosts?");
    }
    if (alert != NULL) {
        (void)errinfo_set(ret, -EIO, "the coordinator refuses this agent's certificate: %s", alert);
        return TLS_LOOK_OURS;
    }
    if (reason == 0 || reason == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
        return found(TLS_LOOK_TLS, ret, "it hung up in the middle of the handshake");
    }
    (void)errinfo_set(ret, -EIO, "the handshake failed: %s",
                      ERR_reason_error_string(ERR_PACK(ERR_LIB_SSL, 0, reason)));
    return TLS_LOOK_TLS;
}

/* ---- The connection ---- */

static bool show(SSL_CTX *context, const char *certificate_pem, const char *key_pem)
{
    BIO *certificate_text = BIO_new_mem_buf(certificate_pem, -1);
    BIO *key_text = BIO_new_mem_buf(key_pem, -1);
    X509 *certificate = NULL;
    EVP_PKEY *key = NULL;
    bool shown = false;

    if (certificate_text != NULL && key_text != NULL) {
        certificate = PEM_read_bio_X509(certificate_text, NULL, NULL, NULL);
        key = PEM_read_bio_PrivateKey(key_text, NULL, NULL, NULL);
    }
    if (certificate != NULL && key != NULL) {
        shown = SSL_CTX_use_certificate(context, certificate) == 1 &&
                SSL_CTX_use_PrivateKey(context, key) == 1;
    }
    EVP_PKEY_free(key);
    X509_free(certificate);
    BIO_free(key_text);
    BIO_free(certificate_text);
    ERR_clear_error();
    return shown;
}

/* Keeps what verification ends at: OpenSSL forgets a certificate that it does not trust. */
static int verified(int preverified, X509_STORE_CTX *store)
{
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct look *look = SSL_get_app_data(ssl);
    X509 *one = X509_STORE_CTX_get_current_cert(store);

    if (preverified == 0 && look->wrong == NULL && one != NULL && X509_up_ref(one) == 1) {
        look->wrong = one;
    }
    return preverified;
}

static bool prepare(struct look *look)
{
    const struct tls_look_config *config = look->config;

    look->context = SSL_CTX_new(TLS_client_method());
    if (look->context == NULL ||
        SSL_CTX_set_min_proto_version(look->context, TLS1_2_VERSION) != 1 ||
        !tls_trust(look->context, config->authority_pem) ||
        !show(look->context, config->certificate_pem, config->key_pem)) {
        return false;
    }
    SSL_CTX_set_verify(look->context, SSL_VERIFY_PEER, verified);
    look->ssl = SSL_new(look->context);
    return look->ssl != NULL && SSL_set_app_data(look->ssl, look) == 1 &&
           SSL_set1_host(look->ssl, config->server_name) == 1 &&
           SSL_set_tlsext_host_name(look->ssl, config->server_name) == 1 &&
           SSL_set_fd(look->ssl, look->fd) == 1;
}

/* Goes on with what returned r. 1: it wants to be called again, 0: it failed, -1: until_ns came. */
static int go_on(const struct look *look, int r, int64_t until_ns, int *ret_reason)
{
    switch (SSL_get_error(look->ssl, r)) {
    case SSL_ERROR_WANT_READ:
        return await(look->fd, POLLIN, until_ns) ? 1 : -1;
    case SSL_ERROR_WANT_WRITE:
        return await(look->fd, POLLOUT, until_ns) ? 1 : -1;
    default:
        *ret_reason = ERR_GET_REASON(ERR_peek_error());
        return 0;
    }
}

static enum tls_look_stage shake_hands(const struct look *look, struct errinfo *ret)
{
    int64_t word_ns;
    int reason = 0;
    char byte;
    int next;
    int r;

    ERR_clear_error();
    while ((r = SSL_connect(look->ssl)) != 1) {
        next = go_on(look, r, look->deadline_ns, &reason);
        if (next == 0) {
            return explain_failure(look, reason, ret);
        }
        if (next < 0) {
            return found(TLS_LOOK_TLS, ret, "no answer to the handshake in time");
        }
    }
    word_ns = mono_ns() + WORD_NS;
    word_ns = word_ns < look->deadline_ns ? word_ns : look->deadline_ns;
    while ((r = SSL_read(look->ssl, &byte, 1)) != 1) {
        next = go_on(look, r, word_ns, &reason);
        if (next == 0) {
            return explain_failure(look, reason, ret);
        }
        if (next < 0) {
            break;
        }
    }
    return TLS_LOOK_THROUGH;
}

/* NNG's first byte comes by itself. */
static enum tls_look_stage hear_word(const struct look *look, struct errinfo *ret)
{
    int64_t word_ns = mono_ns() + WORD_NS;
    char byte;

    if (await(look->fd, POLLIN, word_ns < look->deadline_ns ? word_ns : look->deadline_ns) &&
        read(look->fd, &byte, 1) == 1) {
        return TLS_LOOK_THROUGH;
    }
    return found(TLS_LOOK_MUTE, ret,
                 "what listens there does not speak as a coordinator does in clear: one with hosts "
                 "wants a join file (millrace hosts add)");
}

static enum tls_look_stage connect_stage(enum net_failure failure)
{
    switch (failure) {
    case NET_NAME:
        return TLS_LOOK_NAME;
    case NET_REFUSED:
        return TLS_LOOK_REFUSED;
    case NET_TIMEOUT:
        return TLS_LOOK_SILENT;
    default:
        return TLS_LOOK_CONNECT;
    }
}

enum tls_look_stage tls_look(const struct tls_look_config *config, int64_t deadline_ns,
                             struct errinfo *ret)
{
    struct look look = {.config = config, .deadline_ns = deadline_ns, .fd = -1};
    enum net_failure failure = NET_OK;
    enum tls_look_stage stage;

    if (net_connect(config->host, config->port, deadline_ns, &look.fd, &failure, ret) < 0) {
        return connect_stage(failure);
    }
    if (config->authority_pem == NULL) {
        stage = hear_word(&look, ret);
    } else if (prepare(&look)) {
        stage = shake_hands(&look, ret);
    } else {
        stage = found(TLS_LOOK_OWN, ret, "the certificates of the join file can't be read");
    }
    X509_free(look.wrong);
    SSL_free(look.ssl);
    SSL_CTX_free(look.context);
    ERR_clear_error();
    (void)close(look.fd);
    return stage;
}
