#include "conformance.h"

/* The version before MQTT 5, which some brokers speak only. */
CONFORMANCE_MAIN(.backend = "mqtt", .client = "own", .broker = "mosquitto",
                 .options = {"version", "3.1.1"}, .implicit_topics = true, .forgets_at_crash = true,
                 .no_redelivery = "sessions are clean: they end with their connection",
                 .no_ttl = "a message of MQTT 3.1.1 does not expire",
                 .login_arguments = "--password tester:not-the-default", .login_username = "tester",
                 .login_password = "not-the-default")
