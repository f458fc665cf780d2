#include "catalog_entries.h"

#include <stddef.h>

static const struct catalog_option options[] = {{0}};

static const char *const equivalences[] = {NULL};

const struct catalog_entry catalog_mqtt = {
    .name = "mqtt",
    .title = "MQTT",
    .client_library = "paho.mqtt.c",
    .address_form = "mqtt://HOST:PORT",
    .default_port = 1883,
    .options = options,
    .equivalences = equivalences,
};
