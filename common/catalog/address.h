/*
 * address: what an address of a target says: host, port and, for RabbitMQ, the virtual host. One
 * parser for `check` and for the driver that connects, so that what is taken is what is dialled.
 *
 * Pure. Refuses with a sentence that holds the right form.
 */
#ifndef MILLRACE_ADDRESS_H
#define MILLRACE_ADDRESS_H

#include "catalog.h"

#define ADDRESS_HOST_BYTES 256
#define ADDRESS_PATH_BYTES 256 /* A virtual host of AMQP is a short string. */

struct address {
    char host[ADDRESS_HOST_BYTES]; /* Without the brackets of an IPv6 address. */
    uint16_t port;                 /* 0: not given. */
    bool tls;                      /* amqps, mqtts. */
    char path[ADDRESS_PATH_BYTES]; /* Decoded virtual host; "" if not given. */
};

/* 0, or -EINVAL with what is wrong and the right form; *ret is untouched then. The entry must not
 * be a local backend's. */
int address_parse(const struct catalog_entry *entry, const char *text, struct address *ret,
                  struct errinfo *reterr);

#endif
