#include "catalog_entries.h"

#include <stddef.h>

#define SECOND_NS INT64_C(1000000000)

static const char *const qos_choices[] = {"1", "2", NULL};

static const struct catalog_option options[] = {
    {.key = "qos",
     .type = OPTION_CHOICE,
     .default_value = "1",
     .choices = qos_choices,
     .help = "The quality of service that `publish_ack: all` and `consume_ack: each` stand for."},
    {.key = "library_queue",
     .type = OPTION_COUNT,
     .default_value = "1000",
     .min = 1,
     .max = 65535,
     .help =
         "Messages of a worker that are with the client library at most, unsent or unconfirmed; "
         "it searches all of them for each new message, so a long queue makes it slow. One "
         "producer's `in_flight` is always allowed; a queue that some of many have filled takes a "
         "quarter more, in even parts."},
    {.key = "keep_alive",
     .type = OPTION_DURATION,
     .default_value = "60s",
     .min = SECOND_NS,
     .max = 65535 * SECOND_NS,
     .help = "The time without traffic after which a client asks whether the broker is there, in "
             "whole seconds."},
    {.key = "tcp_nodelay",
     .type = OPTION_BOOL,
     .default_value = "true",
     .help = "Send small packets at once; paho leaves Nagle's algorithm on, which with delayed "
             "acknowledgements adds up to 40 ms."},
    {0},
};

static const char *const equivalences[] = {
    "QoS 1 asks the broker to take a message over, not to store it or to copy it to others: weaker "
    "than acks=all of Kafka or a confirm of a RabbitMQ quorum queue.",
    "A message is delivered with the lower of the two qualities of service, of publishing and of "
    "subscribing.",
    "The client library acknowledges consumed messages by itself, before the consumer sees them.",
    "Sessions are clean: what is published while a consumer's connection is down never reaches it.",
    "All clients of an agent process share two threads and one lock of the client library; spread "
    "many clients over several processes (millrace-agent --processes).",
    "A message of MQTT has no key; message.keys only choose the partition, as Kafka's clients "
    "would.",
    NULL,
};

const struct catalog_entry catalog_mqtt = {
    .name = "mqtt",
    .title = "MQTT",
    .client_library = "paho.mqtt.c",
    .address_form = "mqtt://HOST:PORT",
    .default_port = 1883,
    .producer_connections = 1,
    .consumer_connections = 1,
    .producer_bytes = 40960,
    .consumer_bytes = 40960,
    .connection_files = 1,
    .topic_note = "A partition is the MQTT topic TOPIC/PARTITION; topics need not be made.",
    .subscription_note = "One consumer: a plain subscription; several: a shared one, $share/...; "
                         "the broker spreads messages over them.",
    .capabilities =
        {
            [CAPABILITY_PUBLISH_ACK_NONE] = {true, "QoS 0"},
            [CAPABILITY_PUBLISH_ACK_LEADER] =
                {false, "MQTT knows no replicas: a broker confirms or it doesn't"},
            [CAPABILITY_PUBLISH_ACK_ALL] = {true, "QoS 1 (option `qos: 2`)"},
            [CAPABILITY_CONSUME_ACK_NONE] = {true, "QoS 0 subscription"},
            [CAPABILITY_CONSUME_ACK_EACH] = {true, "QoS 1 (option `qos: 2`) subscription; by the "
                                                   "client library, no latency of its own"},
            [CAPABILITY_CONSUME_ACK_BATCH] =
                {false, "MQTT has no acknowledgement of several messages at once"},
            [CAPABILITY_CONSUME_PACE] = {false,
                                         "paho takes and acknowledges messages as they come: they "
                                         "would wait in the agent, not in the broker"},
            [CAPABILITY_ORDERED] = {true, "one message in flight"},
            [CAPABILITY_ORDERED_SHARED] =
                {false, "the consumers of a shared subscription get no order between them"},
            [CAPABILITY_TTL] = {true, "MQTT 5 message expiry, in whole seconds, rounded up"},
            [CAPABILITY_PERSISTENT] = {false, "a publisher can't ask an MQTT broker to store"},
            [CAPABILITY_NOT_PERSISTENT] = {true, "the broker decides whether it stores"},
            [CAPABILITY_APART] = {true, "producers and consumers may be on different agents"},
            [CAPABILITY_TLS] = {true, "ca, cert, key; addresses of the form mqtts://HOST:PORT"},
            [CAPABILITY_AUTH] = {true, "user name and password"},
        },
    .options = options,
    .equivalences = equivalences,
    .clean_note = "Nothing can be left behind: no message is retained and all sessions are clean.",
};
