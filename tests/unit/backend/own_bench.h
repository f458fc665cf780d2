/* own_bench: one MQTT client of Millrace's own that is up, over a socket whose other end is the
 * test's: it says and hears packets as a broker would. One thread. */
#ifndef MILLRACE_TEST_OWN_BENCH_H
#define MILLRACE_TEST_OWN_BENCH_H

#include "check.h"

#include "own_endpoint_inner.h"

#define OWN_BENCH_BYTES_MAX 300000u
#define OWN_BENCH_EVENTS_MAX 256u

struct own_bench {
    struct delivery delivery;
    struct target target;
    struct topic topics[2];
    uint32_t topic_indexes[2];
    struct endpoint_client client_config;
    struct endpoint_config config;
    struct endpoint *endpoint;
    struct own_client *client;
    enum mqtt_version version;
    struct own_limits limits; /* Of the next own_bench_link(). */
    int broker_fd;
    struct event events[OWN_BENCH_EVENTS_MAX]; /* Of the last poll. */
    int events_count;
};

/* qos: of the direction; in_flight: of a producer. Topics are orders, of 4 partitions, and returns,
 * of one. The client is up. */
void own_bench_begin(struct own_bench *bench, enum endpoint_role role, uint8_t qos,
                     uint32_t in_flight);
void own_bench_end(struct own_bench *bench);
/* Another connection, after the one before was lost. */
void own_bench_link(struct own_bench *bench);

/* Polls with room for so many events. */
void own_bench_poll(struct own_bench *bench, uint32_t events_max);
void own_bench_poll_held(struct own_bench *bench, uint32_t events_max);

/* Bytes from the broker; all of them, the socket has room. */
void own_bench_say(struct own_bench *bench, const void *bytes, size_t count);
/* A PUBLISH of orders/PARTITION with a payload of count bytes that own_bench_body() gives. */
size_t own_bench_publish(const struct own_bench *bench, uint16_t id, uint8_t qos, uint32_t count,
                         char *to);
const char *own_bench_body(uint32_t count);
/* Such a PUBLISH, of 100 bytes, from the broker. */
void own_bench_send(struct own_bench *bench, uint16_t id, uint8_t qos);
/* PUBACK and the like with a reason; 0 in the short form. */
void own_bench_answer(struct own_bench *bench, enum mqtt_kind kind, uint16_t id, uint8_t reason);
/* What the client has written, at most count bytes; how many. */
size_t own_bench_hear(struct own_bench *bench, void *to, size_t count);
/* It has written just these bytes. */
void own_bench_expect(struct own_bench *bench, const void *bytes, size_t count);

/* Submits a message of count bytes to orders/1, with a token; 1 or 0. */
int own_bench_submit(struct own_bench *bench, uint64_t token, uint32_t count);
/* The next event of the last poll has to be of that kind. */
const struct event *own_bench_event(const struct own_bench *bench, int index, enum event_kind kind);

#endif
