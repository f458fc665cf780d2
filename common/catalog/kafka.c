#include "catalog_entries.h"

#include <stddef.h>

#define MS_NS INT64_C(1000000)
#define MINUTE_NS INT64_C(60000000000)

static const char *const compressions[] = {"none", "gzip", "snappy", "lz4", "zstd", NULL};
static const char *const assignments[] = {"group", "fixed", NULL};

static const struct catalog_option options[] = {
    {"linger", OPTION_DURATION, "1ms", 0, 15 * MINUTE_NS, NULL,
     "Time a producer waits for more messages before it sends a batch (linger.ms); each message's "
     "latency may hold it."},
    {"batch_bytes", OPTION_BYTES, "1MB", 1, INT64_C(2147483647), NULL,
     "Largest batch of one partition (batch.size)."},
    {"compression", OPTION_CHOICE, "none", 0, 0, compressions,
     "Codec of the producers' batches (compression.type)."},
    {"handles", OPTION_COUNT, "1", 1, 1024, NULL,
     "Real client handles, each with its own connections and threads, over which the producers of "
     "one worker are spread; at most one per producer."},
    {"fetch_wait", OPTION_DURATION, "500ms", 0, 5 * MINUTE_NS, NULL,
     "How long the broker may hold an empty fetch open (fetch.wait.max.ms); data ends the wait."},
    {"assign", OPTION_CHOICE, "group", 0, 0, assignments,
     "Who spreads partitions over consumers: the broker's consumer group, or the plan (fixed). "
     "With fixed there are no rebalances, and offsets are still committed to the group."},
    {"session_timeout", OPTION_DURATION, "45s", 6000 * MS_NS, 30 * MINUTE_NS, NULL,
     "How long a consumer may be away before its partitions go to others (session.timeout.ms)."},
    {"replication_factor", OPTION_COUNT, "0", 0, 32767, NULL,
     "Replicas of each partition of a topic that is made; 0 is the broker's default."},
    {0},
};

static const char *const equivalences[] = {
    "publish_ack: all waits for all in-sync replicas; a broker with default settings has the "
    "message in memory then, not on disk.",
    "Producers batch: `linger` and the time until a connection is free are part of the publish "
    "latency.",
    "The client library reconnects and sends again by itself until the drain time is over; without "
    "`ordered` this can double and reorder messages.",
    "A Kafka 4 broker takes some 5 ms over each commit (group.coordinator.append.linger.ms) and "
    "answers a consumer's one after the other: beyond some 200 a second they are joined.",
    "consume_ack commits a position, not a message; consume_ack: none commits nothing, so a "
    "consumer that takes over a partition reads it from its start.",
    "message.keys are sent with the messages, 8 bytes each. Millrace chooses the partition, as on "
    "the other brokers: the one that Kafka's own clients choose for a key (murmur2).",
    NULL};

const struct catalog_entry catalog_kafka = {
    .name = "kafka",
    .driver = "kafka",
    .title = "Apache Kafka",
    .client_library = "librdkafka",
    .address_form = "HOST:PORT",
    .default_port = 9092,
    .consumer_connections = 2, /* A broker and the group's coordinator. */
    .producer_bytes = 153600,
    .consumer_bytes = 153600,
    .connection_files = 3, /* Each has a pipe that wakes its thread. */
    .group_assigns = true,
    .topic_note = "topic and partition",
    .subscription_note = "a consumer group, reading from the earliest message",
    .capabilities =
        {
            [CAPABILITY_PUBLISH_ACK_NONE] = {true, "acks=0: confirmed when written to the socket"},
            [CAPABILITY_PUBLISH_ACK_LEADER] = {true, "acks=1"},
            [CAPABILITY_PUBLISH_ACK_ALL] = {true, "acks=all"},
            [CAPABILITY_CONSUME_ACK_NONE] = {true, "no commits"},
            [CAPABILITY_CONSUME_ACK_EACH] = {true, "a commit per message; while 4 of a client are "
                                                   "under way, further ones are joined"},
            [CAPABILITY_CONSUME_ACK_BATCH] = {true, "a commit every N messages"},
            [CAPABILITY_CONSUME_PACE] =
                {true, "what the client fetched ahead waits in it, the rest in the broker"},
            [CAPABILITY_ORDERED] = {true, "idempotent producer, order kept on retry; one request "
                                          "in flight where publish_ack is not all"},
            [CAPABILITY_ORDERED_SHARED] = {true, "a partition has one consumer of a group"},
            [CAPABILITY_TTL] = {false, "retention is of a log, not of a message"},
            [CAPABILITY_PERSISTENT] = {true, "always"},
            [CAPABILITY_NOT_PERSISTENT] = {true, "not asked for; a log is always kept"},
            [CAPABILITY_APART] = {true, "any agent can reach the broker"},
            [CAPABILITY_TLS] = {true, "security.protocol=ssl"},
            [CAPABILITY_AUTH] = {true, "SASL PLAIN (default), SCRAM-SHA-256 or SCRAM-SHA-512; "
                                       "SCRAM at Kafka 4 needs librdkafka 2.6.1 or later"},
        },
    .options = options,
    .equivalences = equivalences,
    .clean_note = "topics and consumer groups whose names begin with `millrace-`",
};
