#include "channel_tls_inner.h"

#include "channel_inner.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int channel_tls_url(const char *url, const struct channel_security *security, char **ret,
                    struct errinfo *reterr)
{
    char *made = NULL;

    if (security == NULL) {
        made = strdup(url);
    } else if (strncmp(url, "tcp://", 6) != 0) {
        return errinfo_set(reterr, -EINVAL, "%s: certificates are for tcp://HOST:PORT", url);
    } else if (asprintf(&made, "tls+%s", url) < 0) {
        made = NULL;
    }
    if (made == NULL) {
        return errinfo_nomem(reterr);
    }
    *ret = made;
    return 0;
}

static int refused(int nng_error, const char *what, struct errinfo *reterr)
{
    return nng_error == NNG_ENOMEM
               ? errinfo_nomem(reterr)
               : errinfo_set(reterr, -EINVAL, "%s: %s", what, nng_strerror(nng_error));
}

/* 1.2 is what mbed TLS 2.28 has; NNG refuses to begin with what its engine lacks. */
static int set_versions(nng_tls_config *config)
{
    int r = nng_tls_config_version(config, NNG_TLS_1_2, NNG_TLS_1_3);

    return r == NNG_ENOTSUP ? nng_tls_config_version(config, NNG_TLS_1_2, NNG_TLS_1_2) : r;
}

int channel_tls_config(const struct channel_security *security, nng_tls_mode mode,
                       nng_tls_config **ret, struct errinfo *reterr)
{
    nng_tls_config *config = NULL;
    int r = nng_tls_config_alloc(&config, mode);

    if (r != 0) {
        return refused(r, "TLS", reterr);
    }
    r = set_versions(config);
    /* A listener of NNG asks for no certificate unless it is told to. */
    if (r == 0) {
        r = nng_tls_config_auth_mode(config, NNG_TLS_AUTH_MODE_REQUIRED);
    }
    if (r == 0 && mode == NNG_TLS_MODE_CLIENT) {
        r = nng_tls_config_server_name(config, CHANNEL_SERVER_NAME);
    }
    if (r != 0) {
        r = refused(r, "TLS", reterr);
        goto out;
    }
    r = nng_tls_config_ca_chain(config, security->authority_pem, NULL);
    if (r != 0) {
        r = refused(r, "the authority's certificate can't be read", reterr);
        goto out;
    }
    r = nng_tls_config_own_cert(config, security->certificate_pem, security->key_pem, NULL);
    if (r != 0) {
        r = refused(r, "the certificate or its key can't be read", reterr);
        goto out;
    }
    *ret = config;
    config = NULL; /* The caller owns it now. */
out:
    if (config != NULL) {
        nng_tls_config_free(config);
    }
    return r;
}
