#include "conformance.h"

CONFORMANCE_MAIN(.backend = "mqtt", .broker = "mosquitto", .implicit_topics = true,
                 .acks_by_itself = true, .forgets_at_crash = true, .empty_at_join = true)
