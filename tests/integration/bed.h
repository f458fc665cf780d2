/*
 * bed: a producer and a consumer endpoint on one topic of a real broker, with the count of all that
 * happened; for tests of one driver that the conformance suite can't ask. It asserts that each
 * token gets exactly one outcome. One thread.
 */
#ifndef MILLRACE_TEST_BED_H
#define MILLRACE_TEST_BED_H

#include "check.h"

#include "backend.h"
#include "mono.h"

#define BED_TOKENS 1024
#define BED_CLIENTS_MAX 256
#define BED_MESSAGES_MAX (1 << 18)
/* librdkafka's mock cluster leaves out a member that joins while the others synchronize, until its
 * session of 45 s is over. */
#define BED_WAIT_NS (90 * NS_PER_S)

struct bed {
    const struct backend_ops *ops;
    struct target target;
    struct delivery delivery;
    struct topic topic;
    char name[TOPIC_NAME_BYTES];
    struct endpoint_client producers[BED_CLIENTS_MAX];
    struct endpoint_client consumers[BED_CLIENTS_MAX];
    struct endpoint_config producer_config;
    struct endpoint_config consumer_config;
    struct endpoint *producer;
    struct endpoint *consumer;
    bool outstanding[BED_TOKENS];
    uint32_t sent; /* Also the number that the next message starts with. */
    uint32_t acked;
    uint32_t refused;
    uint32_t unconfirmed;
    uint32_t received;
    uint32_t downs;
    uint32_t ups;
    uint32_t says; /* How often the broker said something of itself, and the last of it. */
    char said[REASON_BYTES];
    bool producer_down[BED_CLIENTS_MAX];
    bool consumer_down[BED_CLIENTS_MAX];
    uint32_t number[BED_TOKENS]; /* Of the message that a token stands for. */
    bool is_acked[BED_MESSAGES_MAX];
    uint8_t seen[BED_MESSAGES_MAX]; /* How often a message came. */
    int64_t poll_ns_max;            /* The longest call of poll(). */
    char text[REASON_BYTES];        /* Of the last event that had one. */
};

/* A target of one address; driver: its backend's name, or "NAME/CLIENT". */
void bed_target(struct target *target, const char *driver, const char *address);

/* Fills in what a test then changes: one topic, one partition, one subscription, one client of each
 * role, persistent, confirmed, no_ack, 100 bytes. */
struct bed *bed_new(const char *driver, const char *address);

/* Makes the topic. */
void bed_make(struct bed *bed);

/* Opens the endpoints with that many clients; 0: not this one. */
void bed_open(struct bed *bed, uint32_t producers, uint32_t consumers);

/* Closes the endpoints, removes the topic, frees. */
void bed_free(struct bed *bed);

/* Submits one message of that many bytes (12 at least); 0 or -EAGAIN. */
int bed_submit(struct bed *bed, uint32_t client, uint32_t partition, uint32_t bytes_count);

/* Polls both endpoints once, acknowledging as the delivery says; how many events there were. */
int bed_poll(struct bed *bed);

/* Sends count messages of 100 bytes, polling meanwhile. */
void bed_send(struct bed *bed, uint32_t count);

/* Polls until *counter has reached value. Fails after BED_WAIT_NS. */
void bed_wait(struct bed *bed, const uint32_t *counter, uint32_t value);

/* Polls until nothing is outstanding. */
void bed_settle(struct bed *bed);

/* Polls until every acked message came at least once. Fails after BED_WAIT_NS. */
void bed_drain(struct bed *bed);

/* Brings clients back that are down, until all are up. */
void bed_reopen(struct bed *bed);

#endif
