#include "conformance.h"

/* Our own client at a stranger: HiveMQ reads and writes MQTT 5 by code of another house. */
CONFORMANCE_MAIN(.backend = "mqtt", .client = "own", .broker = "hivemq", .implicit_topics = true,
                 .forgets_at_crash = true,
                 .no_unacked =
                     "HiveMQ hands the next messages out when those before are acknowledged",
                 .no_redelivery = "sessions are clean: they end with their connection",
                 .login_arguments = "--password tester:not-the-default", .login_username = "tester",
                 .login_password = "not-the-default")
