#include "certificate.h"

#include "certificate_pem_inner.h"
#include "secret.h"

#include <errno.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <string.h>

#define SERIAL_BYTES 16

struct extension {
    int nid;
    const char *value; /* As OpenSSL's configuration files have it. */
};

/* Each ends with a row without a value. */
static const struct extension authority_extensions[] = {
    {NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
    {NID_key_usage, "critical,keyCertSign,cRLSign"},
    {NID_subject_key_identifier, "hash"},
    {0, NULL}};
static const struct extension coordinator_extensions[] = {
    {NID_basic_constraints, "critical,CA:FALSE"},
    {NID_key_usage, "critical,digitalSignature"},
    {NID_ext_key_usage, "serverAuth"},
    {NID_subject_alt_name, "DNS:" CERTIFICATE_COORDINATOR_NAME},
    {NID_subject_key_identifier, "hash"},
    {NID_authority_key_identifier, "keyid:always"},
    {0, NULL}};
static const struct extension agent_extensions[] = {{NID_basic_constraints, "critical,CA:FALSE"},
                                                    {NID_key_usage, "critical,digitalSignature"},
                                                    {NID_ext_key_usage, "clientAuth"},
                                                    {NID_subject_key_identifier, "hash"},
                                                    {NID_authority_key_identifier, "keyid:always"},
                                                    {0, NULL}};

static const struct extension *const extensions_of[] = {
    [CERTIFICATE_AUTHORITY] = authority_extensions,
    [CERTIFICATE_COORDINATOR] = coordinator_extensions,
    [CERTIFICATE_AGENT] = agent_extensions};

static int check_request(const struct certificate_request *request, struct errinfo *reterr)
{
    size_t length = request->name == NULL ? 0 : strlen(request->name);

    if (length == 0 || length > CERTIFICATE_NAME_CHARACTERS_MAX) {
        return errinfo_set(reterr, -EINVAL, "a certificate's name has 1 to %d characters",
                           CERTIFICATE_NAME_CHARACTERS_MAX);
    }
    if (request->valid_from_s >= request->valid_until_s) {
        return errinfo_set(reterr, -EINVAL, "the certificate would end before it begins");
    }
    return 0;
}

/* One that nobody can foresee, as RFC 5280 wants it unique and collisions of hashes were made
 * with known ones. */
static bool set_serial(X509 *certificate)
{
    uint8_t bytes[SECRET_BYTES];
    BIGNUM *number;
    bool done;

    if (secret_make(bytes) < 0) {
        return false;
    }
    bytes[0] = (bytes[0] & 0x3f) | 0x40; /* Positive, and always as long. */
    number = BN_bin2bn(bytes, SERIAL_BYTES, NULL);
    done = number != NULL && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL;
    BN_free(number);
    return done;
}

static bool set_times(X509 *certificate, const struct certificate_request *request)
{
    /* Two digits for the year until 2049, four from then on (RFC 5280, 4.1.2.5). */
    return ASN1_TIME_set(X509_getm_notBefore(certificate), (time_t)request->valid_from_s) != NULL &&
           ASN1_TIME_set(X509_getm_notAfter(certificate), (time_t)request->valid_until_s) != NULL;
}

static bool set_name(X509 *certificate, const char *name)
{
    return X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                                      (const unsigned char *)name, -1, -1, 0) == 1;
}

static bool add_extensions(X509 *certificate, X509 *issuer, const struct extension *extensions)
{
    X509V3_CTX context;

    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    for (size_t i = 0; extensions[i].value != NULL; i++) {
        X509_EXTENSION *extension =
            X509V3_EXT_conf_nid(NULL, &context, extensions[i].nid, extensions[i].value);
        bool done = extension != NULL && X509_add_ext(certificate, extension, -1) == 1;

        X509_EXTENSION_free(extension);
        if (!done) {
            return false;
        }
    }
    return true;
}

/* issuer NULL: itself. */
static int fill(X509 *certificate, const struct certificate_request *request, EVP_PKEY *key,
                X509 *issuer, struct errinfo *reterr)
{
    X509 *from = issuer == NULL ? certificate : issuer;

    if (X509_set_version(certificate, X509_VERSION_3) != 1 || !set_serial(certificate) ||
        !set_times(certificate, request) || !set_name(certificate, request->name) ||
        X509_set_pubkey(certificate, key) != 1 ||
        X509_set_issuer_name(certificate, X509_get_subject_name(from)) != 1 ||
        !add_extensions(certificate, from, extensions_of[request->role])) {
        return certificate_library_failed(reterr);
    }
    return 0;
}

static int write_pair(X509 *certificate, EVP_PKEY *key, struct certificate *ret,
                      struct errinfo *reterr)
{
    struct certificate made = {NULL, NULL};
    int r = certificate_pem_write(certificate, &made.pem, reterr);

    if (r == 0) {
        r = certificate_pem_write_key(key, &made.key_pem, reterr);
    }
    if (r < 0) {
        certificate_done(&made);
        return r;
    }
    *ret = made;
    return 0;
}

/* signer and signer_key NULL: itself. */
static int make_signed(const struct certificate_request *request, X509 *signer,
                       EVP_PKEY *signer_key, struct certificate *ret, struct errinfo *reterr)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    int r = key == NULL || certificate == NULL ? certificate_library_failed(reterr)
                                               : fill(certificate, request, key, signer, reterr);

    if (r == 0 &&
        X509_sign(certificate, signer_key == NULL ? key : signer_key, EVP_sha256()) == 0) {
        r = certificate_library_failed(reterr);
    }
    if (r == 0) {
        r = write_pair(certificate, key, ret, reterr);
    }
    X509_free(certificate);
    EVP_PKEY_free(key);
    return r;
}

int certificate_make(const struct certificate_request *request, const struct certificate *authority,
                     struct certificate *ret, struct errinfo *reterr)
{
    X509 *signer = NULL;
    EVP_PKEY *signer_key = NULL;
    int r = check_request(request, reterr);

    if (r == 0 && authority == NULL && request->role != CERTIFICATE_AUTHORITY) {
        r = errinfo_set(reterr, -EINVAL, "only an authority's certificate is signed by itself");
    }
    if (r == 0 && authority != NULL) {
        r = certificate_check(authority, NULL, reterr);
        if (r == 0) {
            r = certificate_pem_read(authority->pem, &signer, reterr);
        }
        if (r == 0) {
            r = certificate_pem_read_key(authority->key_pem, &signer_key, reterr);
        }
        if (r < 0) {
            (void)errinfo_prefix(reterr, r, "authority");
        }
    }
    if (r == 0) {
        r = make_signed(request, signer, signer_key, ret, reterr);
    }
    X509_free(signer);
    EVP_PKEY_free(signer_key);
    return r;
}
