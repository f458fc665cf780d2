#include "conformance.h"

/* The driver over paho at a stranger: HiveMQ reads and writes MQTT 5 by code of another house. */
CONFORMANCE_MAIN(.backend = "mqtt", .client = "paho", .broker = "hivemq", .implicit_topics = true,
                 .acks_by_itself = true, .forgets_at_crash = true,
                 .login_arguments = "--password tester:not-the-default", .login_username = "tester",
                 .login_password = "not-the-default")
