#include "mqtt_inner.h"

#include <stddef.h>

static const struct catalog_option options[] = {
    MQTT_OPTION_CLIENT,
    {.key = "version",
     .type = OPTION_CHOICE,
     .default_value = "5",
     .choices = (const char *const[]){"5", "3.1.1", NULL},
     .help = "The version of MQTT that clients speak. A broker that does not speak it is not tried "
             "with another one."},
    MQTT_OPTION_QOS,
    MQTT_OPTION_KEEP_ALIVE,
    MQTT_OPTION_TCP_NODELAY,
    {.key = "tls_resume",
     .type = OPTION_BOOL,
     .default_value = "false",
     .help =
         "Offer the broker the TLS session of an earlier connection of the same worker. Handshakes "
         "then cost less on both sides than those of devices that connect for the first time."},
    {0},
};

static const char *const equivalences[] = {
    MQTT_NOTES_QOS, MQTT_NOTE_UNHELD, MQTT_NOTE_SESSION, MQTT_NOTE_KEY, NULL,
};

const struct catalog_entry catalog_mqtt_own = {
    MQTT_BROKER,
    .client = "own",
    .driver = "mqtt/own",
    .client_library = "Millrace's own client",
    .producer_bytes = 4096,
    .consumer_bytes = 4096,
    .capabilities =
        {
            MQTT_CAPABILITIES,
            [CAPABILITY_CONSUME_ACK_EACH] = {true, "QoS 1 (option `qos: 2`) subscription"},
            [CAPABILITY_CONSUME_PACE] = {true, "what is not taken stays unacknowledged, and the "
                                               "broker keeps the rest"},
        },
    .options = options,
    .equivalences = equivalences,
};
