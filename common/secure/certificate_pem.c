#include "certificate_pem_inner.h"

#include "secret.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>

int certificate_library_failed(struct errinfo *reterr)
{
    char words[128] = "no memory";
    unsigned long code = ERR_get_error();

    if (code != 0) {
        ERR_error_string_n(code, words, sizeof words);
    }
    ERR_clear_error();
    return errinfo_set(reterr, -ENOMEM, "a certificate can't be made: %s", words);
}

/* Nobody is asked for a password: OpenSSL would read it from the terminal. */
static int no_password(char *password, int bytes, int writes, void *context)
{
    (void)password;
    (void)bytes;
    (void)writes;
    (void)context;
    return -1;
}

int certificate_pem_read(const char *pem, X509 **ret, struct errinfo *reterr)
{
    BIO *from = BIO_new_mem_buf(pem, -1);
    X509 *certificate = from == NULL ? NULL : PEM_read_bio_X509(from, NULL, no_password, NULL);

    BIO_free(from);
    ERR_clear_error();
    if (certificate == NULL) {
        return errinfo_set(reterr, -EBADMSG, "the certificate is damaged, or no certificate (PEM)");
    }
    *ret = certificate;
    return 0;
}

int certificate_pem_read_key(const char *pem, EVP_PKEY **ret, struct errinfo *reterr)
{
    BIO *from = BIO_new_mem_buf(pem, -1);
    EVP_PKEY *key = from == NULL ? NULL : PEM_read_bio_PrivateKey(from, NULL, no_password, NULL);

    BIO_free(from);
    ERR_clear_error();
    if (key == NULL) {
        return errinfo_set(reterr, -EBADMSG,
                           "the key is damaged, or no private key without a password (PEM)");
    }
    *ret = key;
    return 0;
}

static int take_text(BIO *from, char **ret, struct errinfo *reterr)
{
    char *bytes = NULL;
    long bytes_count = BIO_get_mem_data(from, &bytes);
    char *text = bytes_count <= 0 ? NULL : strndup(bytes, (size_t)bytes_count);

    if (text == NULL) {
        return errinfo_nomem(reterr);
    }
    *ret = text;
    return 0;
}

int certificate_pem_write(X509 *certificate, char **ret, struct errinfo *reterr)
{
    BIO *to = BIO_new(BIO_s_mem());
    int r = to == NULL || PEM_write_bio_X509(to, certificate) != 1
                ? certificate_library_failed(reterr)
                : take_text(to, ret, reterr);

    BIO_free(to);
    return r;
}

int certificate_pem_write_key(const EVP_PKEY *key, char **ret, struct errinfo *reterr)
{
    /* One that wipes what it held, also where it had to grow. */
    BIO *to = BIO_new(BIO_s_secmem());
    int r =
        to == NULL || PEM_write_bio_PKCS8PrivateKey(to, key, NULL, NULL, 0, no_password, NULL) != 1
            ? certificate_library_failed(reterr)
            : take_text(to, ret, reterr);

    BIO_free(to);
    return r;
}
