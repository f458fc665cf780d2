/*
 * channel_tls_inner: NNG's TLS (by mbed TLS) as both sides of a channel need it: the peer has to
 * show a certificate of the same authority, and that for its side. Not for use outside this folder.
 */
#ifndef MILLRACE_CHANNEL_TLS_INNER_H
#define MILLRACE_CHANNEL_TLS_INNER_H

#include "channel.h"

#include <nng/nng.h>
#include <nng/supplemental/tls/tls.h>

/* With security a url of tcp is one of NNG's TLS over TCP. The caller frees *ret. -ENOMEM, -EINVAL
 * for another transport. */
int channel_tls_url(const char *url, const struct channel_security *security, char **ret,
                    struct errinfo *reterr);

/* The caller frees *ret with nng_tls_config_free() once a dialer or listener has it. -EINVAL: a
 * certificate or key can't be read; -ENOMEM. */
int channel_tls_config(const struct channel_security *security, nng_tls_mode mode,
                       nng_tls_config **ret, struct errinfo *reterr);

#endif
