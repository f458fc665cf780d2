/* fleet_libraries: do the agents drive brokers by the same client libraries? Where they don't, what
 * is measured may differ by the agent. */
#ifndef MILLRACE_FLEET_LIBRARIES_H
#define MILLRACE_FLEET_LIBRARIES_H

#include "fleet.h"

/* Whether two agents that have the driver name different libraries: then, what which of them has,
 * in text: "librdkafka 2.0.2 on load1, librdkafka 2.3.0 on load2", the first two. */
bool fleet_libraries_differ(const struct fleet *fleet, const char *driver, char text[REASON_BYTES]);

/* Of an agent, those in which agents differ: "librdkafka 2.0.2, rabbitmq-c 0.11.0"; "": none. */
void fleet_libraries_text(const struct fleet *fleet, uint32_t agent, char text[REASON_BYTES]);

#endif
