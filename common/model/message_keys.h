/*
 * message_keys: the keys of a flow's messages: what they look like, how often each is drawn, and
 * the partition that each belongs to. Pure.
 */
#ifndef MILLRACE_MESSAGE_KEYS_H
#define MILLRACE_MESSAGE_KEYS_H

#include "bounds.h"

#include <stddef.h>
#include <stdint.h>

enum key_distribution {
    KEYS_UNIFORM,
    KEYS_ZIPF,      /* Key k (from 0) is drawn in proportion to 1 / (k + 1)^exponent. */
    KEYS_SEQUENTIAL /* One after the other, by each producer; they begin at different ones. */
};

struct message_keys {
    uint32_t count; /* 0: messages have no keys. */
    enum key_distribution distribution;
    uint32_t exponent_millis; /* With ZIPF: 990 is 0.99. */
};

/* Of key 0 .. KEYS_MAX - 1: "k0000042". Its MESSAGE_KEY_BYTES have no end. */
void message_key_text(uint32_t key, char *text);

/* How often a key is drawn, relative to the others. */
double message_key_weight(const struct message_keys *keys, uint32_t key);

/* MurmurHash2 (Austin Appleby, public domain) as Apache Kafka's clients have it
 * (org.apache.kafka.common.utils.Utils.murmur2): its seed, little endian. */
uint32_t murmur2(const void *bytes, size_t bytes_count);

/* The partition that Kafka's default partitioner gives a key: the hash without its sign, modulo. */
uint32_t message_key_partition(uint32_t key, uint32_t partitions);

/* Memory that an agent's table of keys takes; 0 without keys. */
uint64_t message_keys_bytes(const struct message_keys *keys);

#endif
