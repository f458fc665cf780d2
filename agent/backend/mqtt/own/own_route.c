#include "own_route_inner.h"

#include "catalog_entries.h"
#include "mono.h"
#include "net.h"
#include "tls_context.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PORT_PLAIN 1883
#define PORT_TLS 8883

static int look_up(struct own_place *place, const struct address *address, int64_t deadline_ns,
                   struct errinfo *reterr)
{
    uint16_t port = address->port != 0 ? address->port : place->tls ? PORT_TLS : PORT_PLAIN;
    char port_text[NET_PORT_BYTES];
    int code;

    (void)snprintf(port_text, sizeof port_text, "%u", port);
    code = net_resolve(place->host, port_text, deadline_ns, &place->found);
    if (code == 0) {
        return 0;
    }
    place->found = NULL;
    return errinfo_set(reterr, -EHOSTUNREACH, "%s: the name %s can't be resolved: %s", place->text,
                       place->host, gai_strerror(code));
}

static int place_init(const struct target *target, uint32_t index, int64_t deadline_ns,
                      struct own_place *place, struct errinfo *reterr)
{
    struct address address;
    int r = address_parse(&catalog_mqtt_own, target->addresses[index], &address, reterr);

    if (r < 0) {
        return r;
    }
    place->text = target->addresses[index];
    place->tls = target->tls || address.tls;
    memcpy(place->host, address.host, sizeof place->host);
    return look_up(place, &address, deadline_ns, reterr);
}

static int prepare_tls(struct own_route *route, enum probe_failure *ret_failure,
                       struct errinfo *reterr)
{
    const struct target *target = route->target;
    const struct tls_context_config config = {
        .ca = target->tls_ca,
        .cert = target->tls_cert,
        .key = target->tls_key,
        .resume = catalog_option_number(&catalog_mqtt_own, target, "tls_resume") != 0,
    };
    int r = tls_context_new(&config, &route->tls, reterr);

    if (r < 0) {
        *ret_failure = PROBE_TLS;
        return errinfo_prefix(reterr, r, "TLS");
    }
    return 0;
}

int own_route_init(const struct target *target, int64_t deadline_ns, struct own_route *ret,
                   enum probe_failure *ret_failure, struct errinfo *reterr)
{
    int64_t keep_alive_ns = catalog_option_number(&catalog_mqtt_own, target, "keep_alive");
    uint32_t known = 0;
    bool is_secure = false;
    int r = 0;

    *ret = (struct own_route){
        .target = target,
        .places = calloc(target->addresses_count, sizeof *ret->places),
        .places_count = target->addresses_count,
        .version = strcmp(catalog_option_text(&catalog_mqtt_own, target, "version"), "5") == 0
                       ? MQTT_5
                       : MQTT_3_1_1,
        .keep_alive_s = (uint16_t)((keep_alive_ns + NS_PER_S - 1) / NS_PER_S),
        .nodelay = catalog_option_number(&catalog_mqtt_own, target, "tcp_nodelay") != 0,
    };
    *ret_failure = PROBE_OTHER;
    if (ret->places == NULL) {
        ret->places_count = 0;
        return errinfo_nomem(reterr);
    }
    for (uint32_t i = 0; i < ret->places_count; i++) {
        int64_t now_ns = mono_ns();
        int64_t share_ns = (deadline_ns - now_ns) / (ret->places_count - i);

        r = place_init(target, i, now_ns + share_ns, &ret->places[i], reterr);
        known += r == 0 ? 1 : 0;
        is_secure = is_secure || ret->places[i].tls;
        if (r == -EHOSTUNREACH) {
            *ret_failure = PROBE_NAME;
        }
    }
    if (known > 0) {
        r = is_secure ? prepare_tls(ret, ret_failure, reterr) : 0;
    }
    return r;
}

void own_route_done(struct own_route *route)
{
    for (uint32_t i = 0; i < route->places_count; i++) {
        if (route->places[i].found != NULL) {
            freeaddrinfo(route->places[i].found);
        }
    }
    tls_context_free(route->tls);
    route->tls = NULL;
    free(route->places);
    route->places = NULL;
    route->places_count = 0;
}

uint8_t own_route_qos(const struct endpoint_config *config)
{
    const struct delivery *delivery = config->delivery;
    const char *qos = catalog_option_text(&catalog_mqtt_own, config->target, "qos");
    bool is_acknowledged = config->role == ROLE_PRODUCER
                               ? delivery->publish_ack != PUBLISH_ACK_NONE
                               : delivery->consume_ack != CONSUME_ACK_NONE;

    return !is_acknowledged ? 0 : strcmp(qos, "2") == 0 ? 2 : 1;
}
