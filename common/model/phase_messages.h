/* phase_messages: how many messages the schedule of an assignment has. Pure. */
#ifndef MILLRACE_PHASE_MESSAGES_H
#define MILLRACE_PHASE_MESSAGES_H

#include "assignment.h"

/* Messages that the schedule asks of a flow in a phase: with a curve its integral, with Poisson
 * arrivals the expected number; UINT64_MAX with `max` and no number of messages. */
uint64_t phase_messages(const struct assignment *assignment, uint32_t phase, uint32_t flow);

#endif
