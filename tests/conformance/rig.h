/*
 * rig: what a conformance test drives: topics, one producer and one consumer endpoint, and the
 * ledger of all that was sent and came back. It asserts what must always hold: a token gets one
 * outcome, bytes arrive as they left, an event's indexes are right.
 *
 * One rig at a time and process; who fails half-way leaves it to rig_teardown().
 */
#ifndef MILLRACE_CONFORMANCE_RIG_H
#define MILLRACE_CONFORMANCE_RIG_H

#include "check.h"

#include "backend.h"
#include "broker.h"
#include "conformance.h"
#include "mono.h"

#define RIG_TOPICS_MAX 8
#define RIG_CLIENTS_MAX 16
#define RIG_SUBSCRIPTIONS_MAX 4
#define RIG_MESSAGES_MAX 8192
#define RIG_STREAMS_MAX 256
#define RIG_EVENTS 64
/* A consumer that acknowledges nothing gets so many from each broker: HiveMQ, Moquette and
 * RabbitMQ's MQTT plugin hand out ten. */
#define RIG_UNACKED_MAX 8
#define RIG_SLACK_NS (2 * NS_PER_S) /* Of a busy machine, on top of a deadline. */

/* What all tests share. */
struct suite {
    const struct conformance *conformance;
    const struct catalog_entry *entry;
    const struct backend_ops *ops; /* NULL: it was not built. */
    struct broker broker;
    char missing[ERRINFO_BYTES]; /* Why nothing can be tested; "" if it can. */
    bool login;                  /* The broker is the one that wants a login. */
    char tls_folder[256];        /* Certificates of the broker; "" if it is not one with TLS. */
};

struct rig_spec {
    uint32_t topics; /* Each 0 means 1. */
    uint32_t partitions;
    uint32_t subscriptions;
    uint32_t producers; /* One if the driver's submit may block. */
    uint32_t consumers; /* Of each subscription. */
    uint32_t message_bytes_max;
    struct delivery delivery;   /* in_flight 0 means 100, consume_ack_batch 0 means 10 or 1. */
    bool holds_acks;            /* The test acknowledges itself. */
    bool without_consumers;     /* rig_open_consumers() is called later. */
    const char *const *options; /* Added to the target's: key, value, ... NULL. */
};

struct rig {
    struct suite *suite;
    struct rig_spec spec;
    struct target target;
    int64_t patience_ns;
    char run_id[NAME_BYTES];
    char names[RIG_TOPICS_MAX][TOPIC_NAME_BYTES];
    struct topic topics[RIG_TOPICS_MAX];
    uint32_t topic_indexes[RIG_TOPICS_MAX];
    struct endpoint_client producers[RIG_CLIENTS_MAX];
    struct endpoint_client consumers[RIG_CLIENTS_MAX];
    struct endpoint_config producer_config;
    struct endpoint_config consumer_config;
    struct endpoint *producer;
    struct endpoint *consumer;

    /* The ledger. A message is known by its number, which is also its sequence. */
    uint32_t sent;
    uint32_t acked;
    uint32_t refused;
    uint32_t unconfirmed;
    uint8_t outcomes[RIG_MESSAGES_MAX]; /* enum event_kind + 1; 0: none yet. */
    uint8_t received[RIG_SUBSCRIPTIONS_MAX][RIG_MESSAGES_MAX];
    uint8_t receiver[RIG_SUBSCRIPTIONS_MAX][RIG_MESSAGES_MAX];
    int64_t last_seen[RIG_SUBSCRIPTIONS_MAX][RIG_STREAMS_MAX];
    uint32_t arrivals;
    uint32_t out_of_order;
    uint32_t token_message[RIG_CLIENTS_MAX * 4096];
    bool token_busy[RIG_CLIENTS_MAX * 4096];
    uint32_t outstanding[RIG_CLIENTS_MAX];

    /* Acknowledging. */
    uint32_t unacked[RIG_CLIENTS_MAX];
    uint64_t last_token[RIG_CLIENTS_MAX];
    uint32_t acks_written;
    uint32_t acks_answered;

    /* Connections. */
    uint32_t downs;
    uint32_t errors;
    bool producer_down[RIG_CLIENTS_MAX];
    bool consumer_down[RIG_CLIENTS_MAX];
    int64_t submit_ns_max;
    uint8_t *bytes; /* Of a batch. */
};

/* Skips the test with a reason. Does not return. */
void rig_skip(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Skips the test if the backend was not built, its broker does not run, or a word is not available.
 */
struct suite *rig_suite(void **state);
void rig_require(const struct suite *suite, enum capability capability);
void rig_require_address(const struct suite *suite);

/* With all acknowledgements and the persistence that the backend has. */
struct delivery rig_confirmed(const struct suite *suite);

/* A target as the suite's, with another address (NULL: the same); target_done() it. With TLS it
 * trusts the broker's CA. */
void rig_target(const struct suite *suite, const char *address, const char *const *options,
                struct target *ret);
/* The path of a certificate or key of a broker with TLS; the caller frees. */
char *rig_tls_path(const struct suite *suite, const char *name);
/* The suite's address with another "HOST:PORT". */
void rig_address(const struct suite *suite, const char *host_port, char *ret, size_t bytes);

/* A port on loopback with nothing behind it, or with a listener that never answers. Writes its
 * "HOST:PORT"; the caller closes the descriptor. */
int rig_loopback_port(bool listening, char *host_port, size_t bytes);

/* mono_ns() by which a control call must be done. */
int64_t rig_deadline(const struct rig *rig);

/* Makes the topics and opens consumers, then producers. Skips the test where its consumers would
 * compete and can't. */
struct rig *rig_open(void **state, const struct rig_spec *spec);
void rig_open_consumers(struct rig *rig);
void rig_close(struct rig *rig);
int rig_teardown(void **state);

/* What a message of a batch is. */
struct rig_content {
    uint32_t topic;
    uint32_t partition;
    uint32_t bytes_count; /* At least STAMP_BYTES. */
};

/* Submits the next messages by one call, as many as the window has room for; how many were taken.
 */
uint32_t rig_submit_batch(struct rig *rig, uint32_t producer, const struct rig_content *contents,
                          uint32_t contents_count);
/* Submits the next message; 0 or -EAGAIN. */
int rig_submit(struct rig *rig, uint32_t producer, uint32_t topic, uint32_t partition,
               uint32_t bytes_count);
/* Submits count messages, over all producers, topics and partitions in turn, polling in between. */
void rig_send(struct rig *rig, uint32_t count);

/* Polls once and writes into the ledger; how many events there were. */
int rig_poll_producer(struct rig *rig);
int rig_poll_consumer(struct rig *rig);
int rig_poll_held(struct rig *rig); /* The consumer, which takes no message. */
int rig_poll(struct rig *rig);
/* As the worker acknowledges: 0 when it is written; counted in acks_written. */
int rig_ack(struct rig *rig, uint64_t token, bool multiple);

/* Waits on both descriptors, at most 10 ms. */
void rig_wait(const struct rig *rig);
/* Is the descriptor readable? */
bool rig_is_readable(int fd, int timeout_ms);

/* Polls until every token is settled; fails if that takes too long. */
void rig_settle(struct rig *rig);
/* Polls until every subscription has every acknowledged message, then acknowledges what is left. */
void rig_drain(struct rig *rig);
/* Polls for a while, to see what else comes. */
void rig_linger(struct rig *rig, int64_t ns);

/* Each acknowledged message came exactly once to each subscription, and no other came. */
void rig_assert_exactly_once(const struct rig *rig);

/* How many distinct messages a subscription has. */
uint32_t rig_received(const struct rig *rig, uint32_t subscription);

#endif
