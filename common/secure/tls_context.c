#include "certificate_pem_inner.h"
#include "file.h"
#include "secret.h"
#include "tls_inner.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdlib.h>

struct tls_context {
    SSL_CTX *library;
    bool has_ca;
    struct tls_sessions *sessions; /* NULL: none are kept. */
};

/* ---- Its files ---- */

static int read_text(const char *path, char **ret, struct errinfo *reterr)
{
    size_t bytes = 0;

    return file_read_all(path, TLS_FILE_BYTES_MAX, ret, &bytes, reterr);
}

static int trust_file(SSL_CTX *library, const char *path, struct errinfo *reterr)
{
    char *text = NULL;
    int r;

    if (path == NULL) {
        return SSL_CTX_set_default_verify_paths(library) == 1 ? 0 : errinfo_nomem(reterr);
    }
    r = read_text(path, &text, reterr);
    if (r == 0 && !tls_trust(library, text)) {
        r = errinfo_set(reterr, -EBADMSG, "%s holds no certificate (PEM)", path);
    }
    free(text);
    return r;
}

/* What follows the first certificate goes to the server with it: its authorities. */
static bool add_chain(SSL_CTX *library, const char *pem)
{
    BIO *text = BIO_new_mem_buf(pem, -1);
    X509 *one = text == NULL ? NULL : PEM_read_bio_X509(text, NULL, NULL, NULL);
    bool added = one != NULL;

    X509_free(one);
    while (added && (one = PEM_read_bio_X509(text, NULL, NULL, NULL)) != NULL) {
        added = SSL_CTX_add0_chain_cert(library, one) == 1;
        if (!added) {
            X509_free(one);
        }
    }
    BIO_free(text);
    ERR_clear_error(); /* That there is no further one is its end. */
    return added;
}

static int use_certificate(SSL_CTX *library, const char *path, struct errinfo *reterr)
{
    X509 *certificate = NULL;
    char *text = NULL;
    int r = read_text(path, &text, reterr);

    if (r < 0) {
        return r;
    }
    r = certificate_pem_read(text, &certificate, reterr);
    if (r < 0) {
        r = errinfo_prefix(reterr, r, "%s", path);
    } else if (SSL_CTX_use_certificate(library, certificate) != 1 || !add_chain(library, text)) {
        r = errinfo_set(reterr, -EBADMSG, "%s: OpenSSL does not take this certificate: %s", path,
                        ERR_reason_error_string(ERR_peek_last_error()));
    }
    X509_free(certificate);
    free(text);
    return r;
}

static int use_key(SSL_CTX *library, const struct tls_context_config *config,
                   struct errinfo *reterr)
{
    EVP_PKEY *key = NULL;
    char *text = NULL;
    int r = read_text(config->key, &text, reterr);

    if (r < 0) {
        return r;
    }
    r = certificate_pem_read_key(text, &key, reterr);
    if (r < 0) {
        r = errinfo_prefix(reterr, r, "%s", config->key);
    } else if (SSL_CTX_use_PrivateKey(library, key) != 1) {
        r = errinfo_set(reterr, -EKEYREJECTED, "%s is not the key of the certificate in %s",
                        config->key, config->cert);
    }
    EVP_PKEY_free(key);
    secret_free(text);
    return r;
}

/* ---- The context ---- */

static bool set_up(SSL_CTX *library, bool resume)
{
    if (SSL_CTX_set_min_proto_version(library, TLS1_2_VERSION) != 1) {
        return false;
    }
    (void)SSL_CTX_set_options(library, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    /* A connection that rests holds no buffers: of two of 16 KiB each. */
    (void)SSL_CTX_set_mode(library, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                        SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    /* As many records by one read(2) as fit, instead of two reads for each. */
    SSL_CTX_set_read_ahead(library, 1);
    SSL_CTX_set_client_cert_cb(library, tls_stream_asked);
    (void)SSL_CTX_set_session_cache_mode(
        library, resume ? SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL : SSL_SESS_CACHE_OFF);
    if (resume) {
        SSL_CTX_sess_set_new_cb(library, tls_stream_got_session);
    }
    return true;
}

int tls_context_new(const struct tls_context_config *config, struct tls_context **ret,
                    struct errinfo *reterr)
{
    struct tls_context *context;
    int r;

    if ((config->cert == NULL) != (config->key == NULL)) {
        return errinfo_set(reterr, -EINVAL, "a client's certificate and its key go together");
    }
    context = calloc(1, sizeof *context);
    if (context == NULL) {
        return errinfo_nomem(reterr);
    }
    context->has_ca = config->ca != NULL;
    context->sessions = config->resume ? tls_sessions_new() : NULL;
    context->library = SSL_CTX_new(TLS_client_method());
    if ((config->resume && context->sessions == NULL) || context->library == NULL ||
        !set_up(context->library, config->resume)) {
        r = errinfo_nomem(reterr);
    } else {
        r = trust_file(context->library, config->ca, reterr);
    }
    if (r == 0 && config->cert != NULL) {
        r = use_certificate(context->library, config->cert, reterr);
        r = r < 0 ? r : use_key(context->library, config, reterr);
    }
    ERR_clear_error();
    if (r < 0) {
        tls_context_free(context);
        return r;
    }
    *ret = context;
    return 0;
}

void tls_context_free(struct tls_context *context)
{
    if (context == NULL) {
        return;
    }
    SSL_CTX_free(context->library);
    tls_sessions_free(context->sessions);
    free(context);
}

SSL_CTX *tls_context_library(const struct tls_context *context)
{
    return context->library;
}

bool tls_context_has_ca(const struct tls_context *context)
{
    return context->has_ca;
}

struct tls_sessions *tls_context_sessions(const struct tls_context *context)
{
    return context->sessions;
}
