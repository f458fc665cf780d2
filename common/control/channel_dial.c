#include "channel_dial_inner.h"

#include "channel_inner.h"
#include "channel_tls_inner.h"
#include "mono.h"

#include <stdlib.h>
#include <string.h>

bool channel_contact_is_stale(const struct channel_contact *contact, int64_t sent_ns,
                              int64_t now_ns)
{
    int64_t patience_ns = (contact->answered ? CHANNEL_DIAL_MS : CHANNEL_MUTE_MS) * NS_PER_MS;

    return contact->heard_ns < sent_ns && now_ns - contact->dialed_ns >= patience_ns;
}

static int start(struct channel_dial *dial, struct errinfo *reterr)
{
    int r = nng_dialer_create(&dial->dialer, dial->socket, dial->url);

    if (r != 0) {
        return channel_error(r, dial->url, reterr);
    }
    /* These two exist for tcp only. */
    (void)nng_dialer_set_bool(dial->dialer, NNG_OPT_TCP_NODELAY, true);
    (void)nng_dialer_set_bool(dial->dialer, NNG_OPT_TCP_KEEPALIVE, true);
    if (dial->tls != NULL) {
        r = nng_dialer_set_ptr(dial->dialer, NNG_OPT_TLS_CONFIG, dial->tls);
    }
    r = r != 0 ? r : nng_dialer_start(dial->dialer, NNG_FLAG_NONBLOCK);
    return r == 0 ? 0 : channel_error(r, dial->url, reterr);
}

int channel_dial_begin(struct channel_dial *dial, nng_socket socket,
                       const struct channel_client_config *config, struct errinfo *reterr)
{
    int r = channel_tls_url(config->url, config->security, &dial->url, reterr);

    dial->socket = socket;
    if (r == 0 && config->security != NULL) {
        r = channel_tls_config(config->security, NNG_TLS_MODE_CLIENT, &dial->tls, reterr);
    }
    return r < 0 ? r : start(dial, reterr);
}

bool channel_dial_may_part(const struct channel_dial *dial)
{
    return strncmp(dial->url, "ipc://", strlen("ipc://")) != 0;
}

void channel_dial_again(struct channel_dial *dial)
{
    (void)nng_dialer_close(dial->dialer); /* With its connections. */
    (void)start(dial, NULL);
}

void channel_dial_done(struct channel_dial *dial)
{
    if (dial->tls != NULL) {
        nng_tls_config_free(dial->tls);
    }
    free(dial->url);
    memset(dial, 0, sizeof *dial);
}
