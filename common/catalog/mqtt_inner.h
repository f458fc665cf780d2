/* mqtt: what the entries of both clients have alike. Designated initializers, as the entries are
 * constant data of two files. */
#ifndef MILLRACE_CATALOG_MQTT_INNER_H
#define MILLRACE_CATALOG_MQTT_INNER_H

#include "catalog_entries.h"

#define MQTT_CLIENT_DEFAULT "own"

#define MQTT_SECOND_NS INT64_C(1000000000)

#define MQTT_OPTION_CLIENT                                                                         \
    {                                                                                              \
        .key = "client", .type = OPTION_CHOICE, .default_value = MQTT_CLIENT_DEFAULT,              \
        .choices = (const char *const[]){"own", "paho", NULL},                                     \
        .help = "What speaks MQTT: Millrace's own client, or paho.mqtt.c. They offer and cost "    \
                "different things; each result names the one that it was made with.",              \
    }

#define MQTT_OPTION_QOS                                                                            \
    {                                                                                              \
        .key = "qos", .type = OPTION_CHOICE, .default_value = "1",                                 \
        .choices = (const char *const[]){"1", "2", NULL},                                          \
        .help = "The quality of service that `publish_ack: all` and `consume_ack: each` stand "    \
                "for.",                                                                            \
    }

#define MQTT_OPTION_KEEP_ALIVE                                                                     \
    {                                                                                              \
        .key = "keep_alive", .type = OPTION_DURATION, .default_value = "60s",                      \
        .min = MQTT_SECOND_NS, .max = 65535 * MQTT_SECOND_NS,                                      \
        .help = "The time without traffic after which a client asks whether the broker is there, " \
                "in whole seconds.",                                                               \
    }

#define MQTT_OPTION_TCP_NODELAY                                                                    \
    {                                                                                              \
        .key = "tcp_nodelay", .type = OPTION_BOOL, .default_value = "true",                        \
        .help = "Send small packets at once; otherwise Nagle's algorithm holds them back, which "  \
                "with delayed acknowledgements adds up to 40 ms.",                                 \
    }

#define MQTT_NOTES_QOS                                                                             \
    "QoS 1 asks the broker to accept a message, not to store or replicate it. That is weaker "     \
    "than acks=all of Kafka or a confirm of a RabbitMQ quorum queue.",                             \
        "A message is delivered with the lower of the two qualities of service, of publishing "    \
        "and of subscribing."

#define MQTT_NOTE_UNHELD                                                                           \
    "At QoS 0 nothing tells a producer to wait. As fast as possible it may send more than is "     \
    "received, and the rest waits in the broker (the result's backlog). The rate of receipt then " \
    "varies much from run to run."

#define MQTT_NOTE_SESSION                                                                          \
    "Sessions are clean: what is published while a consumer's connection is down never reaches "   \
    "it."

#define MQTT_NOTE_KEY                                                                              \
    "A message of MQTT has no key; message.keys only choose the partition, as Kafka's clients "    \
    "would."

#define MQTT_BROKER                                                                                \
    .name = "mqtt", .title = "MQTT", .address_form = "mqtt://HOST:PORT", .default_port = 1883,     \
    .producer_connections = 1, .consumer_connections = 1, .connection_files = 1,                   \
    .topic_note = "A partition is the MQTT topic TOPIC/PARTITION; topics need not be made.",       \
    .subscription_note = "One consumer: a plain subscription; several: a shared one, $share/...; " \
                         "the broker spreads messages over them.",                                 \
    .clean_note = "Nothing can be left behind: no message is retained and all sessions are clean."

#define MQTT_CAPABILITIES                                                                          \
    [CAPABILITY_PUBLISH_ACK_NONE] = {true, "QoS 0"},                                               \
    [CAPABILITY_PUBLISH_ACK_LEADER] = {false, "MQTT knows no replicas: a broker confirms or it "   \
                                              "doesn't"},                                          \
    [CAPABILITY_PUBLISH_ACK_ALL] = {true, "QoS 1 (option `qos: 2`)"},                              \
    [CAPABILITY_CONSUME_ACK_NONE] = {true, "QoS 0 subscription"},                                  \
    [CAPABILITY_CONSUME_ACK_BATCH] = {false,                                                       \
                                      "MQTT has no acknowledgement of several messages at once"},  \
    [CAPABILITY_ORDERED] = {true, "one message in flight"},                                        \
    [CAPABILITY_ORDERED_SHARED] = {false, "the consumers of a shared subscription get no order "   \
                                          "between them"},                                         \
    [CAPABILITY_TTL] = {true, "MQTT 5 message expiry, in whole seconds, rounded up"},              \
    [CAPABILITY_PERSISTENT] = {false, "a publisher can't ask an MQTT broker to store"},            \
    [CAPABILITY_NOT_PERSISTENT] = {true, "the broker decides whether it stores"},                  \
    [CAPABILITY_APART] = {true, "producers and consumers may be on different agents"},             \
    [CAPABILITY_TLS] = {true, "ca, cert, key; addresses of the form mqtts://HOST:PORT"},           \
    [CAPABILITY_AUTH] = {true, "user name and password"}

#endif
