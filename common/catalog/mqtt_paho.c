#include "mqtt_inner.h"

#include <stddef.h>

static const struct catalog_option options[] = {
    MQTT_OPTION_CLIENT,
    MQTT_OPTION_QOS,
    {.key = "library_queue",
     .type = OPTION_COUNT,
     .default_value = "1000",
     .min = 1,
     .max = 65535,
     .help =
         "The most messages of a worker in the client library, unsent or unconfirmed. The library "
         "searches all of them for each new message, so a long queue makes it slow. One "
         "producer's `in_flight` is always allowed; a queue that some of many have filled takes a "
         "quarter more, in even parts. At QoS 0, where all are unsent, the queue is 256 at most, "
         "before that quarter."},
    MQTT_OPTION_KEEP_ALIVE,
    MQTT_OPTION_TCP_NODELAY,
    {0},
};

static const char *const equivalences[] = {
    MQTT_NOTES_QOS,
    MQTT_NOTE_UNHELD,
    "The client library acknowledges consumed messages by itself, before the consumer sees them.",
    MQTT_NOTE_SESSION,
    "All clients of an agent process share two threads and one lock of the client library; spread "
    "many clients over several processes (millrace-agent --processes).",
    MQTT_NOTE_KEY,
    NULL,
};

const struct catalog_entry catalog_mqtt_paho = {
    MQTT_BROKER,
    .client = "paho",
    .driver = "mqtt/paho",
    .client_unnamed = true,
    .client_library = "paho.mqtt.c",
    .producer_bytes = 40960,
    .consumer_bytes = 40960,
    .capabilities =
        {
            MQTT_CAPABILITIES,
            [CAPABILITY_CONSUME_ACK_EACH] = {true, "QoS 1 (option `qos: 2`) subscription; by the "
                                                   "client library, no latency of its own"},
            [CAPABILITY_CONSUME_PACE] = {false,
                                         "paho takes and acknowledges messages as they come: they "
                                         "would wait in the agent, not in the broker"},
        },
    .options = options,
    .equivalences = equivalences,
};
