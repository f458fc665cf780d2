#include "conformance.h"

/* The rabbitmq driver at a stranger: what it writes is read by a broker of another house. */
CONFORMANCE_MAIN(.backend = "rabbitmq", .broker = "qpid", .username = "guest", .password = "guest",
                 .forgets_at_crash = true,
                 .no_ttl =
                     "Qpid takes a message's expiration for a time of day, RabbitMQ for a span")
