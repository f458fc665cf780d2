#include "certificate.h"

#include "certificate_pem_inner.h"
#include "secret.h"

#include <errno.h>
#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int read_time(const ASN1_TIME *from, int64_t *ret, struct errinfo *reterr)
{
    struct tm parts = {0};

    if (ASN1_TIME_to_tm(from, &parts) != 1) {
        ERR_clear_error();
        return errinfo_set(reterr, -EBADMSG, "the certificate is damaged: its times are none");
    }
    *ret = timegm(&parts);
    return 0;
}

int certificate_validity(const char *pem, int64_t *ret_from_s, int64_t *ret_until_s,
                         struct errinfo *reterr)
{
    X509 *certificate = NULL;
    int64_t from_s = 0;
    int64_t until_s = 0;
    int r = certificate_pem_read(pem, &certificate, reterr);

    if (r == 0) {
        r = read_time(X509_get0_notBefore(certificate), &from_s, reterr);
    }
    if (r == 0) {
        r = read_time(X509_get0_notAfter(certificate), &until_s, reterr);
    }
    if (r == 0) {
        *ret_from_s = from_s;
        *ret_until_s = until_s;
    }
    X509_free(certificate);
    return r;
}

static int check_signer(X509 *certificate, const char *authority_pem, struct errinfo *reterr)
{
    X509 *authority = NULL;
    int r = certificate_pem_read(authority_pem, &authority, reterr);

    if (r < 0) {
        return errinfo_prefix(reterr, r, "authority");
    }
    if (X509_check_issued(authority, certificate) != X509_V_OK ||
        X509_verify(certificate, X509_get0_pubkey(authority)) != 1) {
        ERR_clear_error();
        r = errinfo_set(reterr, -EKEYREJECTED, "the certificate was not signed by this authority");
    }
    X509_free(authority);
    return r;
}

int certificate_check(const struct certificate *certificate, const char *authority_pem,
                      struct errinfo *reterr)
{
    X509 *parsed = NULL;
    EVP_PKEY *key = NULL;
    int r = certificate_pem_read(certificate->pem, &parsed, reterr);

    if (r == 0) {
        r = certificate_pem_read_key(certificate->key_pem, &key, reterr);
    }
    if (r == 0 && X509_check_private_key(parsed, key) != 1) {
        ERR_clear_error();
        r = errinfo_set(reterr, -EKEYREJECTED, "the key is not that of the certificate");
    }
    if (r == 0 && authority_pem != NULL) {
        r = check_signer(parsed, authority_pem, reterr);
    }
    EVP_PKEY_free(key);
    X509_free(parsed);
    return r;
}

int certificate_check_coordinator(const char *pem, struct errinfo *reterr)
{
    X509 *certificate = NULL;
    int r = certificate_pem_read(pem, &certificate, reterr);

    if (r == 0 && X509_check_host(certificate, CERTIFICATE_COORDINATOR_NAME, 0, 0, NULL) != 1) {
        r = errinfo_set(reterr, -EKEYREJECTED,
                        "the certificate is not for \"" CERTIFICATE_COORDINATOR_NAME
                        "\", which agents ask for (subjectAltName=DNS:" CERTIFICATE_COORDINATOR_NAME
                        ")");
    }
    ERR_clear_error();
    X509_free(certificate);
    return r;
}

void certificate_done(struct certificate *certificate)
{
    free(certificate->pem);
    secret_free(certificate->key_pem);
    memset(certificate, 0, sizeof *certificate);
}
