#include "conformance.h"

/* Our own client at a stranger that speaks MQTT 3.1.1: aedes. */
CONFORMANCE_MAIN(.backend = "mqtt", .client = "own", .broker = "aedes",
                 .options = {"version", "3.1.1", NULL}, .implicit_topics = true,
                 .forgets_at_crash = true,
                 .no_redelivery = "sessions are clean: they end with their connection",
                 .no_ttl = "MQTT 3.1.1 has no message expiry",
                 .no_sharing = "aedes takes $share/... for a topic like any other",
                 .login_arguments = "--password tester:not-the-default", .login_username = "tester",
                 .login_password = "not-the-default")
