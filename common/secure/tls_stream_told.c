#include "text.h"
#include "tls_inner.h"
#include "tls_stream.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#define NAMES_BYTES 128

/* ---- The names in a certificate ---- */

static void add_name(char names[NAMES_BYTES], const char *name, size_t name_bytes)
{
    size_t used = strlen(names);

    (void)snprintf(names + used, NAMES_BYTES - used, "%s%.*s", used == 0 ? "" : ", ",
                   (int)name_bytes, name);
}

static void add_number(char names[NAMES_BYTES], const ASN1_OCTET_STRING *number)
{
    const unsigned char *bytes = ASN1_STRING_get0_data(number);
    char text[8 * 5] = "";

    if (ASN1_STRING_length(number) == 4) {
        (void)snprintf(text, sizeof text, "%d.%d.%d.%d", bytes[0], bytes[1], bytes[2], bytes[3]);
    } else {
        for (int i = 0; i + 1 < ASN1_STRING_length(number) && i < 16; i += 2) {
            size_t used = strlen(text);

            (void)snprintf(text + used, sizeof text - used, "%s%x", i == 0 ? "" : ":",
                           bytes[i] << 8 | bytes[i + 1]);
        }
    }
    add_name(names, text, strlen(text));
}

/* Of hosts and addresses; "": it has none. */
static void names_of(X509 *certificate, char ret[NAMES_BYTES])
{
    GENERAL_NAMES *all = certificate == NULL
                             ? NULL
                             : X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);

    ret[0] = '\0';
    for (int i = 0; i < sk_GENERAL_NAME_num(all); i++) {
        const GENERAL_NAME *one = sk_GENERAL_NAME_value(all, i);

        if (one->type == GEN_DNS) {
            add_name(ret, (const char *)ASN1_STRING_get0_data(one->d.dNSName),
                     (size_t)ASN1_STRING_length(one->d.dNSName));
        } else if (one->type == GEN_IPADD) {
            add_number(ret, one->d.iPAddress);
        }
    }
    GENERAL_NAMES_free(all);
    if (ret[0] == '\0' && certificate != NULL) {
        (void)X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, ret,
                                        NAMES_BYTES);
    }
    text_tame(ret, false);
}

/* ---- What failed ---- */

static void tell_other_name(const struct tls_stream *stream, struct errinfo *ret)
{
    X509_VERIFY_PARAM *expected = SSL_get0_param(stream->ssl);
    const char *host = X509_VERIFY_PARAM_get0_host(expected, 0);
    char *number = host == NULL ? X509_VERIFY_PARAM_get1_ip_asc(expected) : NULL;
    char names[NAMES_BYTES];

    names_of(stream->wrong, names);
    (void)errinfo_set(ret, stream->failed, "its certificate is not for %s, but for %s",
                      host != NULL ? host : (number != NULL ? number : "that address"),
                      names[0] != '\0' ? names : "nobody by name");
    OPENSSL_free(number);
}

static void tell_certificate(const struct tls_stream *stream, struct errinfo *ret)
{
    const long code = SSL_get_verify_result(stream->ssl);

    if (tls_is_untrusted(code)) {
        (void)errinfo_set(ret, stream->failed,
                          tls_context_has_ca(stream->context)
                              ? "its certificate is not trusted: no authority in tls.ca signed it"
                              : "its certificate is not trusted: no authority that this system "
                                "knows signed it; name its own by tls.ca");
        return;
    }
    switch (code) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
        tls_tell_time("its", code, stream->wrong, ret);
        return;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        tell_other_name(stream, ret);
        return;
    case X509_V_ERR_INVALID_PURPOSE:
        (void)errinfo_set(ret, stream->failed, "its certificate is none of a server");
        return;
    default:
        (void)errinfo_set(ret, stream->failed, "its certificate is refused here: %s",
                          X509_verify_cert_error_string(code));
    }
}

static void tell_refusal(const struct tls_stream *stream, int reason, struct errinfo *ret)
{
    const char *words = tls_alert_words(reason);

    if (stream->asked) {
        (void)errinfo_set(ret, stream->failed,
                          "it wants a certificate of its clients: give tls.cert and tls.key");
    } else {
        (void)errinfo_set(ret, stream->failed, "it refuses this client's certificate: %s",
                          words != NULL ? words : "it does not say why");
    }
}

static void tell_protocol(const struct tls_stream *stream, int reason, struct errinfo *ret)
{
    const char *words;

    switch (reason) {
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
        (void)errinfo_set(ret, stream->failed, "it speaks no TLS of version 1.2 or newer");
        return;
    case SSL_R_TLSV1_UNRECOGNIZED_NAME:
        (void)errinfo_set(ret, stream->failed, "it has no certificate for that host's name");
        return;
    case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
        (void)errinfo_set(ret, stream->failed, "it has no way of encryption in common with us");
        return;
    default:
        words = ERR_reason_error_string(stream->error);
        (void)errinfo_set(ret, stream->failed, "TLS failed: %s",
                          words != NULL ? words : "no reason is known");
    }
}

static void tell_lost(const struct tls_stream *stream, struct errinfo *ret)
{
    if (stream->failed != -ECONNRESET) {
        (void)errinfo_set(ret, stream->failed, "the connection broke: %s",
                          strerror(-stream->failed));
    } else if (stream->done) {
        (void)errinfo_set(ret, stream->failed, "it closed the connection");
    } else if (BIO_number_read(SSL_get_rbio(stream->ssl)) == 0) {
        (void)errinfo_set(ret, stream->failed,
                          "it hung up before the TLS handshake: is it a port without TLS?");
    } else {
        (void)errinfo_set(ret, stream->failed, "it hung up in the middle of the TLS handshake");
    }
}

void tls_stream_explain(const struct tls_stream *stream, struct errinfo *ret)
{
    const int reason = tls_reason(stream->error);

    switch (stream->failed) {
    case -EKEYREJECTED:
        tell_certificate(stream, ret);
        break;
    case -EACCES:
        tell_refusal(stream, reason, ret);
        break;
    case -ENOMEM:
        (void)errinfo_nomem(ret);
        break;
    case -EPROTO:
        if (tls_is_clear(reason)) {
            (void)errinfo_set(ret, stream->failed,
                              "it does not speak TLS: is it a port without it?");
        } else {
            tell_protocol(stream, reason, ret);
        }
        break;
    default:
        tell_lost(stream, ret);
    }
}
