#include "conformance.h"

CONFORMANCE_MAIN(.backend = "rabbitmq", .broker = "rabbitmq", .username = "guest",
                 .password = "guest")
