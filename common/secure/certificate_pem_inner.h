/* certificate_pem_inner: from PEM text to what OpenSSL works with, and back. Any thread. */
#ifndef MILLRACE_CERTIFICATE_PEM_INNER_H
#define MILLRACE_CERTIFICATE_PEM_INNER_H

#include "errinfo.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

/* -ENOMEM, as what else fails here is no mistake of the caller's; with the library's first words
 * about it. */
int certificate_library_failed(struct errinfo *reterr);

/* The first of the text; what follows it is not looked at. 0, or -EBADMSG. The caller frees. */
int certificate_pem_read(const char *pem, X509 **ret, struct errinfo *reterr);

/* A private key that no password protects: 0, or -EBADMSG. The caller frees. */
int certificate_pem_read_key(const char *pem, EVP_PKEY **ret, struct errinfo *reterr);

/* 0 or -ENOMEM. The caller frees, the key with secret_free(). */
int certificate_pem_write(X509 *certificate, char **ret, struct errinfo *reterr);
int certificate_pem_write_key(const EVP_PKEY *key, char **ret, struct errinfo *reterr);

#endif
