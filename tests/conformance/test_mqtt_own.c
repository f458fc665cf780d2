#include "conformance.h"

CONFORMANCE_MAIN(.backend = "mqtt", .client = "own", .broker = "mosquitto", .implicit_topics = true,
                 .forgets_at_crash = true,
                 .no_redelivery = "sessions are clean: they end with their connection",
                 .login_arguments = "--password tester:not-the-default", .login_username = "tester",
                 .login_password = "not-the-default")
