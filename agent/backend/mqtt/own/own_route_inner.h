/*
 * own_route_inner: a target as this driver connects to it: its addresses looked up, and what its
 * options mean.
 *
 * Private to the MQTT driver over its own codec. Control plane. Any thread may read one.
 */
#ifndef MILLRACE_OWN_ROUTE_INNER_H
#define MILLRACE_OWN_ROUTE_INNER_H

#include "address.h"
#include "backend.h"
#include "mqtt_packet_inner.h"

#include <netdb.h>

/* One address of the target. */
struct own_place {
    const char *text; /* As it was given, for sentences; borrowed from the target. */
    char host[ADDRESS_HOST_BYTES];
    bool tls;
    struct addrinfo *found; /* NULL: its name is not known. */
};

struct own_route {
    const struct target *target; /* Borrowed. */
    struct tls_context *tls;     /* NULL: no address is one of TLS. */
    struct own_place *places;
    uint32_t places_count;
    enum mqtt_version version;
    uint16_t keep_alive_s;
    bool nodelay;
};

/* Looks all names up until deadline_ns, and reads the files of certificates; 0 if one of the names
 * is known. Blocks. */
int own_route_init(const struct target *target, int64_t deadline_ns, struct own_route *ret,
                   enum probe_failure *ret_failure, struct errinfo *reterr);
/* Fine after a failure. */
void own_route_done(struct own_route *route);

/* Of publishing and of subscribing: what `publish_ack` or `consume_ack` stands for. */
uint8_t own_route_qos(const struct endpoint_config *config);

#endif
