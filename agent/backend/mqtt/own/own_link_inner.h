/*
 * own_link_inner: one connection to a broker, and the way to it: TCP, TLS, login, subscription. The
 * same way is gone for many clients at once (own_dial_all()), for one that comes back, and for a
 * look at the broker.
 *
 * Private to the MQTT driver over its own codec. Control plane; a dial belongs to one thread, and
 * its functions never wait. Sentences name the address, never credentials.
 */
#ifndef MILLRACE_OWN_LINK_INNER_H
#define MILLRACE_OWN_LINK_INNER_H

#include "kept.h"
#include "own_route_inner.h"
#include "own_stream_inner.h"

/* What is read at a time. */
#define OWN_READ_BYTES ((size_t)64 * 1024)

/* Packets that are larger than this, and did not come whole, are put together where the client
 * keeps what it has read. What it keeps besides is less than two such and one reading. */
#define OWN_LARGE_BYTES ((size_t)32 * 1024)
#define OWN_UNREAD_BYTES_MIN (OWN_READ_BYTES + 2 * OWN_LARGE_BYTES)

/* Around the payload of a PUBLISH: a topic of 65,535 bytes and as much of properties. */
#define OWN_AROUND_PAYLOAD_BYTES ((size_t)128 * 1024)

/* What a broker may send of messages before it has answered SUBSCRIBE (3.8.4). */
#define OWN_BEFORE_SUBACK_BYTES_MAX ((size_t)16 * 1024 * 1024)

/* What a client lets a broker send before it has acknowledged (3.1.2.11.3). */
#define OWN_RECEIVE_MAXIMUM 1024

#define OWN_CLIENT_ID_BYTES 128

/* What the CONNACK says of the broker (3.2.2.3), or what holds where it says nothing. */
struct own_limits {
    uint32_t packet_bytes_max; /* Maximum Packet Size; UINT32_MAX: none. */
    uint16_t receive_maximum;
    uint16_t keep_alive_s; /* The broker's if it has one, else ours. */
    uint8_t qos_max;
};

/* A connection that is logged in. Times are mono_ns(); 0: that was not. */
struct own_link {
    struct own_stream stream;
    struct own_limits limits;
    enum mqtt_version version;
    uint8_t granted_qos; /* The lowest of its filters'. */
    const char *peer;    /* Its address as the target has it; borrowed from that. */
    struct kept unread;  /* Read, and not looked at yet. */
    uint32_t skip_bytes; /* That are still to come of a packet whose rest nobody wants. */
    int64_t begin_ns;
    int64_t tcp_ns;
    int64_t tls_ns;
    int64_t login_ns;
    int64_t up_ns; /* Subscribed, if it is to be. */
};

enum own_step { OWN_TCP, OWN_TLS, OWN_LOGIN, OWN_SUBSCRIBE, OWN_UP };

struct own_dial_request {
    const struct own_route *route;        /* Borrowed until the dial is done. */
    const struct endpoint_config *config; /* Likewise; NULL: a look at the broker, no client. */
    uint32_t client;                      /* Index into config->clients. */
    int64_t deadline_ns;
};

struct own_dial {
    struct own_dial_request request;
    struct own_link link;
    enum own_step step;
    const struct own_place *place; /* That is tried now. */
    uint32_t tries;                /* Addresses that were begun with. */
    uint32_t tries_max;            /* Of all that there are. */
    int64_t try_deadline_ns;       /* Of the one that is tried now. */
    char *packet;                  /* What is being written; NULL: nothing. */
    size_t packet_bytes;
    size_t packet_written;
    size_t passed_bytes;         /* Of what was read: messages that came before the SUBACK. */
    enum probe_failure failure;  /* Of the last address that failed. */
    struct mqtt_connack connack; /* Without its texts; once the login is done. */
};

/* Each: 0 when the link is up, -EAGAIN when its descriptor has to be waited for (see
 * own_dial_events()) until try_deadline_ns, another negative errno when no address is left, with
 * failure and the sentence of the last. begin makes room for what the link reads, and the rest is
 * then undone by done. */
int own_dial_begin(struct own_dial *dial, const struct own_dial_request *request,
                   struct errinfo *reterr);
int own_dial_go_on(struct own_dial *dial, struct errinfo *reterr);

/* What poll() or epoll is asked for; as numbers they are the same. */
uint32_t own_dial_events(const struct own_dial *dial);

/* The link is the caller's from now on. */
struct own_link own_dial_take(struct own_dial *dial);
/* Ends what was not taken. */
void own_dial_done(struct own_dial *dial);

/* The steps after TCP, for own_dial.c: 0 when done, -EAGAIN, another negative errno. */
int own_login_begin(struct own_dial *dial, struct errinfo *reterr);
int own_login_answer(struct own_dial *dial, struct errinfo *reterr);
int own_subscribe_begin(struct own_dial *dial, struct errinfo *reterr);
int own_subscribe_answer(struct own_dial *dial, struct errinfo *reterr);
/* What failed in TLS: says so and returns an errno. */
int own_explain_tls(struct own_dial *dial, int code, struct errinfo *reterr);

/* Waits until the link is up or the deadline has passed. 0 or a negative errno, as above. */
int own_dial_await(struct own_dial *dial, const struct own_dial_request *request,
                   struct errinfo *reterr);

/* Fine on one that was never made. Says nothing to the broker. */
void own_link_drop(struct own_link *link);
/* Says goodbye, unless something of another packet is only written in part. */
void own_link_bid(struct own_link *link);
/* Waits for the broker to close, as it does after a goodbye (3.14.4), until deadline_ns at most;
 * what it still sends is thrown away. An end that comes first could throw away what it has not read
 * yet. Then drops. */
void own_link_end(struct own_link *link, int64_t deadline_ns);

#endif
