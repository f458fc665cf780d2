#include "far_tls.h"

#include "invariant.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define HOUR_S 3600

struct far_tls_context {
    SSL_CTX *library;
};

struct far_tls {
    SSL *ssl;
    BIO *in;  /* What came from the socket. */
    BIO *out; /* What goes to it. */
    int fd;
};

static X509 *read_certificate(const char *pem)
{
    BIO *text = BIO_new_mem_buf(pem, -1);
    X509 *certificate = PEM_read_bio_X509(text, NULL, NULL, NULL);

    BIO_free(text);
    ASSERT(certificate != NULL);
    return certificate;
}

static EVP_PKEY *read_key(const char *pem)
{
    BIO *text = BIO_new_mem_buf(pem, -1);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(text, NULL, NULL, NULL);

    BIO_free(text);
    ASSERT(key != NULL);
    return key;
}

static void add_extension(X509 *certificate, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

    ASSERT(extension != NULL && X509_add_ext(certificate, extension, -1) == 1);
    X509_EXTENSION_free(extension);
}

static X509 *make_certificate(const struct far_tls_config *config, EVP_PKEY *key)
{
    X509 *signer = config->authority == NULL ? NULL : read_certificate(config->authority->pem);
    EVP_PKEY *signer_key = config->authority == NULL ? key : read_key(config->authority->key_pem);
    X509 *certificate = X509_new();
    X509_NAME *name = X509_get_subject_name(certificate);
    const bool now = config->valid_from_s == config->valid_until_s;

    ASSERT(X509_set_version(certificate, X509_VERSION_3) == 1);
    ASSERT(ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1) == 1);
    ASSERT(X509_gmtime_adj(X509_getm_notBefore(certificate),
                           now ? -HOUR_S : config->valid_from_s) != NULL);
    ASSERT(X509_gmtime_adj(X509_getm_notAfter(certificate), now ? HOUR_S : config->valid_until_s) !=
           NULL);
    ASSERT(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)"far side",
                                      -1, -1, 0) == 1);
    ASSERT(X509_set_issuer_name(certificate,
                                signer == NULL ? name : X509_get_subject_name(signer)) == 1);
    ASSERT(X509_set_pubkey(certificate, key) == 1);
    if (config->names != NULL) {
        add_extension(certificate, NID_subject_alt_name, config->names);
    }
    add_extension(certificate, NID_ext_key_usage,
                  config->usage == NULL ? "serverAuth" : config->usage);
    ASSERT(X509_sign(certificate, signer_key, EVP_sha256()) > 0);
    if (signer != NULL) {
        EVP_PKEY_free(signer_key);
    }
    X509_free(signer);
    return certificate;
}

static char *take_text(BIO *from)
{
    char *bytes = NULL;
    long bytes_count = BIO_get_mem_data(from, &bytes);
    char *text = strndup(bytes, (size_t)bytes_count);

    BIO_free(from);
    ASSERT(text != NULL);
    return text;
}

void far_tls_certificate(const struct far_tls_config *config, struct certificate *ret)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = make_certificate(config, key);
    BIO *text = BIO_new(BIO_s_mem());
    BIO *key_text = BIO_new(BIO_s_mem());

    ASSERT(PEM_write_bio_X509(text, certificate) == 1);
    ASSERT(PEM_write_bio_PKCS8PrivateKey(key_text, key, NULL, NULL, 0, NULL, NULL) == 1);
    *ret = (struct certificate){.pem = take_text(text), .key_pem = take_text(key_text)};
    X509_free(certificate);
    EVP_PKEY_free(key);
}

struct far_tls_context *far_tls_context_new(const struct far_tls_config *config)
{
    struct far_tls_context *context = calloc(1, sizeof *context);
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = make_certificate(config, key);

    ASSERT(context != NULL);
    context->library = SSL_CTX_new(TLS_server_method());
    ASSERT(SSL_CTX_use_certificate(context->library, certificate) == 1);
    ASSERT(SSL_CTX_use_PrivateKey(context->library, key) == 1);
    SSL_CTX_set_security_level(context->library, 0); /* Also versions of old. */
    ASSERT(SSL_CTX_set_min_proto_version(context->library, config->version) == 1);
    ASSERT(SSL_CTX_set_max_proto_version(context->library, config->version) == 1);
    ASSERT(SSL_CTX_set_session_id_context(context->library, (const unsigned char *)"far", 3) == 1);
    if (config->clients != NULL) {
        X509 *clients = read_certificate(config->clients->pem);

        ASSERT(X509_STORE_add_cert(SSL_CTX_get_cert_store(context->library), clients) == 1);
        SSL_CTX_set_verify(context->library, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                           NULL);
        X509_free(clients);
    }
    X509_free(certificate);
    EVP_PKEY_free(key);
    return context;
}

void far_tls_context_free(struct far_tls_context *context)
{
    if (context != NULL) {
        SSL_CTX_free(context->library);
        free(context);
    }
}

struct far_tls *far_tls_new(struct far_tls_context *context, int fd)
{
    struct far_tls *far = calloc(1, sizeof *far);

    ASSERT(far != NULL);
    far->fd = fd;
    far->ssl = SSL_new(context->library);
    far->in = BIO_new(BIO_s_mem());
    far->out = BIO_new(BIO_s_mem());
    ASSERT(far->ssl != NULL && far->in != NULL && far->out != NULL);
    BIO_set_mem_eof_return(far->in, -1); /* Empty is no end. */
    SSL_set_bio(far->ssl, far->in, far->out);
    SSL_set_accept_state(far->ssl);
    return far;
}

void far_tls_vanish(struct far_tls *far)
{
    if (far->fd >= 0) {
        (void)close(far->fd);
        far->fd = -1;
    }
}

void far_tls_free(struct far_tls *far)
{
    if (far != NULL) {
        far_tls_vanish(far);
        SSL_free(far->ssl);
        free(far);
    }
}

bool far_tls_go(struct far_tls *far, size_t bytes_max)
{
    char bytes[4096];
    bool moved = false;
    ssize_t came;
    char *from = NULL;
    long left;

    while ((came = recv(far->fd, bytes, sizeof bytes, MSG_DONTWAIT)) > 0) {
        ASSERT(BIO_write(far->in, bytes, (int)came) == came);
        moved = true;
    }
    ERR_clear_error();
    if (!SSL_is_init_finished(far->ssl)) {
        (void)SSL_do_handshake(far->ssl); /* Its alert, if it fails, goes out as well. */
    }
    ERR_clear_error();
    left = BIO_get_mem_data(far->out, &from);
    if (left > 0) {
        const size_t part = (size_t)left < bytes_max ? (size_t)left : bytes_max;
        const ssize_t sent = send(far->fd, from, part, MSG_DONTWAIT | MSG_NOSIGNAL);

        if (sent > 0) {
            char gone[4096];

            for (size_t done = 0; done < (size_t)sent;) {
                size_t step = (size_t)sent - done < sizeof gone ? (size_t)sent - done : sizeof gone;

                ASSERT(BIO_read(far->out, gone, (int)step) == (int)step);
                done += step;
            }
            moved = true;
        }
    }
    return moved;
}

void far_tls_say(struct far_tls *far, const void *bytes, size_t bytes_count)
{
    ERR_clear_error();
    ASSERT(SSL_write(far->ssl, bytes, (int)bytes_count) == (int)bytes_count);
}

void far_tls_say_goodbye(struct far_tls *far)
{
    ERR_clear_error();
    ASSERT(SSL_shutdown(far->ssl) >= 0);
}

void far_tls_renew_keys(struct far_tls *far)
{
    ASSERT(SSL_key_update(far->ssl, SSL_KEY_UPDATE_REQUESTED) == 1);
    ASSERT(SSL_do_handshake(far->ssl) == 1);
}

size_t far_tls_hear(struct far_tls *far, void *bytes, size_t bytes_max)
{
    char *to = bytes;
    size_t heard = 0;
    size_t count = 0;

    ERR_clear_error();
    while (heard < bytes_max && SSL_read_ex(far->ssl, to + heard, bytes_max - heard, &count) == 1) {
        heard += count;
    }
    ERR_clear_error();
    return heard;
}

bool far_tls_heard_goodbye(struct far_tls *far)
{
    char byte;

    (void)far_tls_hear(far, &byte, 1);
    return (SSL_get_shutdown(far->ssl) & SSL_RECEIVED_SHUTDOWN) != 0;
}

size_t far_tls_waiting(struct far_tls *far)
{
    int count = 0;

    ASSERT(ioctl(far->fd, FIONREAD, &count) == 0);
    return (size_t)count;
}

void far_tls_garble(struct far_tls *far)
{
    char *from = NULL;
    long left = BIO_get_mem_data(far->out, &from);

    ASSERT(left > 0);
    from[left - 1] = (char)(from[left - 1] ^ 1);
}
