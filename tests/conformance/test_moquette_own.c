#include "conformance.h"

/* Our own client at a stranger that speaks MQTT 3.1.1: Moquette. */
CONFORMANCE_MAIN(.backend = "mqtt", .client = "own", .broker = "moquette",
                 .options = {"version", "3.1.1", NULL}, .implicit_topics = true,
                 .forgets_at_crash = true,
                 .no_redelivery = "sessions are clean: they end with their connection",
                 .no_sharing = "Moquette 0.17 takes $share/... for a topic like any other",
                 .drops_unacknowledged =
                     "Moquette drops what it can't hand on at once at QoS 0: of 5,000 messages of "
                     "mosquitto_pub 2,307 to 4,472 reached mosquitto_sub",
                 .long_only =
                     "Moquette 0.17 closes one in fifty connections that subscribe right after "
                     "their CONNACK",
                 .no_ttl = "MQTT 3.1.1 has no message expiry",
                 .login_arguments = "--password tester:not-the-default", .login_username = "tester",
                 .login_password = "not-the-default")
