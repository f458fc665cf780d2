#include "catalog_entries.h"

#include <stddef.h>

static const struct catalog_option options[] = {{0}};

static const char *const equivalences[] = {NULL};

const struct catalog_entry catalog_rabbitmq = {
    .name = "rabbitmq",
    .title = "RabbitMQ",
    .client_library = "rabbitmq-c",
    .address_form = "amqp://HOST:PORT/VHOST",
    .default_port = 5672,
    .options = options,
    .equivalences = equivalences,
};
