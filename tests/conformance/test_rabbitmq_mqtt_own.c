#include "conformance.h"

/* Our own client at RabbitMQ's plugin, which speaks MQTT 3.1.1 and at most QoS 1. */
CONFORMANCE_MAIN(.backend = "mqtt", .client = "own", .broker = "rabbitmq",
                 .broker_arguments = "--mqtt", .username = "guest", .password = "guest",
                 .options = {"version", "3.1.1", NULL}, .implicit_topics = true,
                 .forgets_at_crash = true,
                 .no_redelivery = "sessions are clean: they end with their connection",
                 .no_ttl = "MQTT 3.1.1 has no message expiry",
                 .no_sharing = "RabbitMQ 3.10 takes $share/... for a topic like any other")
