#include "catalog_entries.h"

#include <stddef.h>

static const struct catalog_option options[] = {{0}};

static const char *const equivalences[] = {NULL};

const struct catalog_entry catalog_kafka = {
    .name = "kafka",
    .title = "Apache Kafka",
    .client_library = "librdkafka",
    .address_form = "HOST:PORT",
    .default_port = 9092,
    .options = options,
    .equivalences = equivalences,
};
