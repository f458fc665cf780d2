/* memory_bench: a topic of the memory broker with one producer endpoint and consumer endpoints, for
 * tests of what the broker does to numbered messages. One thread. */
#ifndef MILLRACE_TEST_MEMORY_BENCH_H
#define MILLRACE_TEST_MEMORY_BENCH_H

#include "check.h"

#include "backend_drivers.h"

#define BENCH_MESSAGES_MAX 4096
#define BENCH_CONSUMERS_MAX 4

struct bench_spec {
    uint32_t partitions;      /* Each 0 means 1. */
    uint32_t subscriptions;   /* Each is read by one consumer endpoint ... */
    uint32_t consumers;       /* ... or by so many, of one client each. */
    struct delivery delivery; /* in_flight 0 means 1000. */
    const char *options[17];  /* key, value, ... NULL. */
};

struct bench {
    struct bench_spec spec;
    struct target target;
    struct topic topic;
    uint32_t topic_index;
    struct endpoint_client producer_client;
    struct endpoint_client clients[BENCH_CONSUMERS_MAX];
    struct endpoint_config producer_config;
    struct endpoint_config configs[BENCH_CONSUMERS_MAX];
    struct endpoint *producer;
    struct endpoint *consumers[BENCH_CONSUMERS_MAX]; /* By subscription x consumers + consumer. */
    uint64_t next_token;

    /* The last poll of a consumer. */
    struct event events[BENCH_MESSAGES_MAX];
    int events_count;
    /* Outcomes that bench_poll_producer() saw, by kind. */
    uint32_t outcomes[8];
};

/* A message is its number, 16 bytes. */
struct bench_message {
    uint64_t number;
    uint64_t check; /* ~number. */
};

void bench_open(struct bench *bench, const struct bench_spec *spec);
void bench_open_consumer(struct bench *bench, uint32_t index);
void bench_close(struct bench *bench);

/* 0 or -EAGAIN. */
int bench_submit(struct bench *bench, uint64_t number, uint32_t partition);
/* Numbers from first on by one call, in turn to all partitions; how many were taken. */
uint32_t bench_submit_batch(struct bench *bench, uint64_t first, uint32_t count);
/* Numbers first .. last to partition 0, all taken; polls the producer. */
void bench_send(struct bench *bench, uint64_t first, uint64_t last);
int bench_poll_producer(struct bench *bench);
int bench_poll(struct bench *bench, uint32_t consumer);
/* The number of the message of event i of the last poll; asserts that it is one, and whole. */
uint64_t bench_number(const struct bench *bench, int i);

#endif
