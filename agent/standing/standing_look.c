#include "standing_look_inner.h"

#include "errinfo.h"
#include "mono.h"
#include "net.h"
#include "tls_look.h"

#include <stdio.h>
#include <string.h>

static enum tls_look_stage look_at(const char *address, const struct channel_security *security,
                                   struct errinfo *ret)
{
    char host[NET_HOST_BYTES];
    char port[NET_PORT_BYTES];
    struct tls_look_config config = {
        .host = host, .port = port, .server_name = CHANNEL_SERVER_NAME};

    if (net_split(address, host, port) < 0) {
        (void)errinfo_set(ret, -EINVAL, "no HOST:PORT");
        return TLS_LOOK_NAME;
    }
    if (security != NULL) {
        config.authority_pem = security->authority_pem;
        config.certificate_pem = security->certificate_pem;
        config.key_pem = security->key_pem;
    }
    return tls_look(&config, mono_ns() + STANDING_LOOK_NS_MAX, ret);
}

/* That a coordinator is not there between two runs is how it should be. */
static enum log_level wait_quietly(const char *url, char *ret)
{
    (void)snprintf(ret, ERRINFO_BYTES, "waiting for a coordinator at %s", url);
    return LOG_LEVEL_INFO;
}

bool standing_look(struct standing_look *look, const char *url,
                   const struct channel_security *security, int64_t silent_ns, char *ret,
                   enum log_level *ret_level)
{
    const char *address = strncmp(url, "tcp://", 6) == 0 ? url + 6 : NULL;
    struct errinfo why = {""};
    int64_t now_ns = mono_ns();

    look->since_ns = look->since_ns == 0 ? now_ns - silent_ns : look->since_ns;
    if (now_ns < look->next_ns) {
        return false;
    }
    look->next_ns = now_ns + STANDING_LOOK_NS;
    *ret_level = LOG_LEVEL_WARNING;
    switch (address == NULL ? TLS_LOOK_REFUSED : look_at(address, security, &why)) {
    case TLS_LOOK_THROUGH:
    case TLS_LOOK_REFUSED:
        *ret_level = wait_quietly(url, ret);
        break;
    case TLS_LOOK_SILENT:
        if (now_ns - look->since_ns < STANDING_SILENT_NS) {
            *ret_level = wait_quietly(url, ret);
            break;
        }
        (void)snprintf(ret, ERRINFO_BYTES,
                       "no answer from %s after %lld s (connect; is a firewall between?)", address,
                       (long long)(STANDING_SILENT_NS / NS_PER_S));
        break;
    default:
        (void)snprintf(ret, ERRINFO_BYTES, "%.200s: %.280s", address, why.text);
        break;
    }
    return true;
}
