#include "conformance.h"

CONFORMANCE_MAIN(.backend = "mqtt", .client = "paho", .broker = "mosquitto",
                 .implicit_topics = true, .acks_by_itself = true, .forgets_at_crash = true,
                 .login_arguments = "--password tester:not-the-default", .login_username = "tester",
                 .login_password = "not-the-default")
