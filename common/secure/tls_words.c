#include "mono.h"
#include "tls_inner.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <time.h>

#define DAY_BYTES 16

static void day_text(const struct tm *tm, char ret[DAY_BYTES])
{
    if (strftime(ret, DAY_BYTES, "%Y-%m-%d", tm) == 0) {
        ret[0] = '\0';
    }
}

static void day_of(const ASN1_TIME *time, char ret[DAY_BYTES])
{
    struct tm tm = {0};

    ret[0] = '\0';
    if (time != NULL && ASN1_TIME_to_tm(time, &tm) == 1) {
        day_text(&tm, ret);
    }
}

static void today(char ret[DAY_BYTES])
{
    time_t now_s = (time_t)(wall_unix_ns() / NS_PER_S);
    struct tm tm = {0};

    ret[0] = '\0';
    if (gmtime_r(&now_s, &tm) != NULL) {
        day_text(&tm, ret);
    }
}

void tls_tell_time(const char *whose, long code, const X509 *certificate, struct errinfo *ret)
{
    const bool ended = code == X509_V_ERR_CERT_HAS_EXPIRED;
    const ASN1_TIME *limit = NULL;
    char then[DAY_BYTES];
    char now[DAY_BYTES];

    if (certificate != NULL) {
        limit = ended ? X509_get0_notAfter(certificate) : X509_get0_notBefore(certificate);
    }
    day_of(limit, then);
    today(now);
    (void)errinfo_set(ret, -EIO,
                      "%s certificate %s %s, and this host's clock says %s: is it right?", whose,
                      ended ? "ended" : "is not valid before", then, now);
}

/* Alerts by which the other side says what it has against our certificate. */
static const struct {
    int reason;
    const char *text;
} alerts[] = {
    {SSL_R_TLSV1_ALERT_UNKNOWN_CA, "it is of another authority"},
    {SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED, "it has ended, or the clock there is wrong"},
    {SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN,
     "it is not valid yet by the clock there, or wrong otherwise"},
    {SSL_R_SSLV3_ALERT_BAD_CERTIFICATE, "it is damaged or not signed rightly"},
    {SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE, "it is none of a client"},
    {SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED, "it was revoked"},
    {SSL_R_TLSV1_ALERT_ACCESS_DENIED, "it may not come in"},
    {SSL_R_TLSV1_ALERT_DECRYPT_ERROR, "it is not signed rightly"},
    {SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED, "none was shown"},
};

int tls_reason(unsigned long error)
{
    return ERR_GET_LIB(error) == ERR_LIB_SSL ? ERR_GET_REASON(error) : 0;
}

const char *tls_alert_words(int reason)
{
    for (size_t i = 0; i < sizeof alerts / sizeof alerts[0]; i++) {
        if (alerts[i].reason == reason) {
            return alerts[i].text;
        }
    }
    return NULL;
}

bool tls_is_clear(int reason)
{
    return reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_HTTP_REQUEST ||
           reason == SSL_R_PACKET_LENGTH_TOO_LONG || reason == SSL_R_BAD_RECORD_TYPE;
}

bool tls_is_untrusted(long code)
{
    return code == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY ||
           code == X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE ||
           code == X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN ||
           code == X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT ||
           code == X509_V_ERR_CERT_SIGNATURE_FAILURE;
}

bool tls_trust(SSL_CTX *context, const char *pem)
{
    BIO *text = BIO_new_mem_buf(pem, -1);
    uint32_t count = 0;
    X509 *one;

    while (text != NULL && (one = PEM_read_bio_X509(text, NULL, NULL, NULL)) != NULL) {
        count += X509_STORE_add_cert(SSL_CTX_get_cert_store(context), one) == 1 ? 1 : 0;
        X509_free(one);
    }
    BIO_free(text);
    ERR_clear_error(); /* That there is no further one is its end. */
    return count > 0;
}
